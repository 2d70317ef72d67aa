"""Schroedinger bridges: the most likely way from one law to another for particles that diffuse."""

from sciml.models.bridge.light_sb import LightSB, LightSBLoss
from sciml.models.bridge.sinkhorn import DiscreteBridge, discrete_bridge

__all__ = ["DiscreteBridge", "LightSB", "LightSBLoss", "discrete_bridge"]
