"""Exponential integrators: the linear part is solved exactly, whatever its stiffness."""

from sciml.solvers.exponential.base import ExponentialMethod
from sciml.solvers.exponential.etdrk1 import ETDRK1
from sciml.solvers.exponential.etdrk2 import ETDRK2
from sciml.solvers.exponential.etdrk3 import ETDRK3
from sciml.solvers.exponential.etdrk4 import ETDRK4
from sciml.solvers.exponential.ifrk4 import IFRK4

__all__ = ["ETDRK1", "ETDRK2", "ETDRK3", "ETDRK4", "IFRK4", "ExponentialMethod"]
