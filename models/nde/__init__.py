"""Neural differential equations."""

from sciml.models.nde.control_network import ControlNetwork
from sciml.models.nde.fractional_sde import EvidenceBound, FractionalSDE
from sciml.models.nde.initial_state import FixedStart, GaussianStart

__all__ = ["ControlNetwork", "EvidenceBound", "FixedStart", "FractionalSDE", "GaussianStart"]
