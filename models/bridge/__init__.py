"""Schroedinger bridges: the most likely way from one law to another for particles that diffuse."""

from sciml.models.bridge.light_sb import LightSB, LightSBLoss

__all__ = ["LightSB", "LightSBLoss"]
