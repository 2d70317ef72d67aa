"""Steps that can be undone by algebra."""

import abc
import math
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, PyTree


class ReversibleMethod(eqx.Module):
    """A one-step method whose step has a closed inverse; `terms` is any term of diffrax."""

    @abc.abstractmethod
    def start(self, terms: Any, t0: Array, y0: PyTree, args: PyTree) -> PyTree:
        """State of the method at the first time."""

    @abc.abstractmethod
    def forward(self, terms: Any, t0: Array, t1: Array, state: PyTree, args: PyTree) -> PyTree:
        """The state at `t1` from that at `t0`."""

    @abc.abstractmethod
    def backward(self, terms: Any, t0: Array, t1: Array, state: PyTree, args: PyTree) -> PyTree:
        """The state at `t0` from that at `t1`."""

    @abc.abstractmethod
    def value(self, state: PyTree) -> PyTree:
        """The solution in a state."""

    @abc.abstractmethod
    def growth(self) -> float:
        """Factor by which a step backwards multiplies round-off, at least one."""

    def segment(self, steps: int, dtype: Any) -> int:
        """Steps that may be walked back before round-off grows by 1e6 in double and 1e3 in single precision."""
        if self.growth() <= 1:
            return steps
        allowed = 1e6 if float(jnp.finfo(dtype).eps) < 1e-12 else 1e3
        return max(1, min(steps, math.floor(math.log(allowed) / math.log(self.growth()))))
