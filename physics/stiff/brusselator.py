"""The Brusselator with diffusion."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from sciml.equation import Parameter
from sciml.physics.stiff.base import StiffSystem


class Brusselator(StiffSystem):
    """Two reacting and diffusing species on the unit interval by second-order differences, `u = 1`, `v = 3` on the walls.

    `u' = 1 + u^2 v - 4 u + D u_xx`, `v' = 3 u - u^2 v + D v_xx`. The state is `(u_1, v_1, u_2, v_2, ...)`, so that the Jacobian has
    half-bandwidth 2.

    Source: Hairer, Wanner, Solving Ordinary Differential Equations II, section IV.10.

    Attributes:
        diffusion: `D`.
        nodes: number of inner nodes.
    """

    diffusion: Parameter = 0.02
    nodes: int = eqx.field(static=True, default=500)

    @property
    def initial(self) -> np.ndarray:
        """`u = 1 + sin(2 pi x)`, `v = 3`."""
        x = np.arange(1, self.nodes + 1) / (self.nodes + 1)
        return np.stack([1 + np.sin(2 * np.pi * x), np.full_like(x, 3.0)], axis=1).ravel()

    @property
    def end(self) -> float:
        """Time of the usual comparison."""
        return 10.0

    def __call__(self, t: Any, y: Float[Array, " n"], args: Any = None) -> Float[Array, " n"]:
        """`dy/dt`."""
        inner = y.reshape(self.nodes, 2)
        wall = jnp.asarray([[1.0, 3.0]], y.dtype)
        padded = jnp.concatenate([wall, inner, wall])
        spread = self.diffusion * (self.nodes + 1) ** 2 * (padded[2:] - 2 * inner + padded[:-2])
        u, v = inner[:, 0], inner[:, 1]
        reaction = u**2 * v
        rates = jnp.stack([1 + reaction - 4 * u, 3 * u - reaction], axis=1)
        return (rates + spread).reshape(-1)
