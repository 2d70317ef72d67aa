"""What a stiff system is."""

from abc import abstractmethod
from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float


class StiffSystem(eqx.Module):
    """An ordinary differential equation with parameters as leaves; it is its own vector field for diffrax and SciPy.

    Example:
        >>> import diffrax, jax.numpy as jnp
        >>> from sciml.physics.stiff import Robertson
        >>> from sciml.solvers import Rodas4
        >>> system = Robertson()
        >>> solution = diffrax.diffeqsolve(
        ...     diffrax.ODETerm(system), Rodas4(), 0.0, 40.0, 1e-4, jnp.asarray(system.initial, jnp.float32),
        ...     stepsize_controller=diffrax.PIDController(rtol=1e-4, atol=1e-8))
        >>> [round(float(value), 3) for value in solution.ys[0]]
        [0.716, 0.0, 0.284]
    """

    @property
    @abstractmethod
    def initial(self) -> np.ndarray:
        """The usual initial state, double precision."""

    @property
    @abstractmethod
    def end(self) -> float:
        """The usual end, from t = 0."""

    @abstractmethod
    def __call__(self, t: Any, y: Float[Array, " n"], args: Any = None) -> Float[Array, " n"]:
        """`dy/dt`."""
