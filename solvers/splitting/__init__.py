"""Splitting methods: exact linear flow and nonlinear flow in turns."""

from sciml.solvers.splitting.base import SplittingMethod
from sciml.solvers.splitting.lie import Lie
from sciml.solvers.splitting.strang import Strang
from sciml.solvers.splitting.yoshida4 import Yoshida4

__all__ = ["Lie", "SplittingMethod", "Strang", "Yoshida4"]
