"""Stiff systems on which solvers are compared: vector fields `(t, y, args)` with their usual initial states and spans."""

from sciml.physics.stiff.base import StiffSystem
from sciml.physics.stiff.brusselator import Brusselator
from sciml.physics.stiff.hires import HIRES
from sciml.physics.stiff.oregonator import Oregonator
from sciml.physics.stiff.pollution import Pollution
from sciml.physics.stiff.robertson import Robertson
from sciml.physics.stiff.van_der_pol import VanDerPol

__all__ = ["HIRES", "Brusselator", "Oregonator", "Pollution", "Robertson", "StiffSystem", "VanDerPol"]
