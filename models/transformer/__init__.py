"""Transformers on images."""

from sciml.models.transformer.dit import DiT

__all__ = ["DiT"]
