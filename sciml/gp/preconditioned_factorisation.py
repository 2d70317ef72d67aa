"""What iterative solvers give: solves to a tolerance, a stochastic log-determinant with its error."""

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, DTypeLike, Float, PRNGKeyArray

from sciml.gp.covariance_solver import Factorisation
from sciml.gp.lanczos import rademacher
from sciml.gp.low_rank_features import array_points
from sciml.gp.preconditioned_system import PreconditionedSystem, log_density
from sciml.kernels.kernel import Kernel

PREDICTED_AT_ONCE = 32
"""Points whose variances are solved for together."""


class PreconditionedFactorisation(Factorisation):
    """A matrix that is never formed.

    Attributes:
        system: products with the matrix, and a preconditioner.
        kernel: covariance function.
        points: where it is observed.
        probes: random signs, from which the log-determinant and its gradient are estimated.
    """

    system: PreconditionedSystem
    kernel: Kernel
    points: Float[Array, "n *dimension"]
    probes: Float[Array, "n probes"]

    @classmethod
    def of(
        cls,
        system: PreconditionedSystem,
        kernel: Kernel,
        points: Float[Array, "n *dimension"],
        probes: int,
        *,
        key: PRNGKeyArray,
    ) -> "PreconditionedFactorisation":
        """Draw the probes."""
        return cls(system, kernel, points, rademacher((points.shape[0], probes), points.dtype, key=key))

    def log_determinant(self) -> Float[Array, ""]:
        """An estimate; see `log_determinant_error`."""
        nothing = jnp.zeros(self.points.shape[0], self.probes.dtype)
        return -2 * self.log_prob(nothing) - nothing.size * math.log(2 * math.pi)

    def log_determinant_error(self) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """Standard error of the log-determinant from the spread of the probes, and a bound on what it is too large by.

        More `probes` lower the first, more `lanczos_steps` or a better preconditioner the second. Half of these, of opposite sign, are
        the errors of `log_prob`.
        """
        estimates, excess = self.system.log_determinants(self.probes)
        return jnp.std(estimates, ddof=1) / math.sqrt(self.probes.shape[1]), jnp.mean(excess)

    def log_prob(self, residual: Float[Array, " n"]) -> Float[Array, ""]:
        """The normal density with an estimated determinant."""
        self._check(residual)
        return log_density(self.system, residual, self.probes)

    def solve(self, right_side: Float[Array, " n"]) -> Float[Array, " n"]:
        """Preconditioned conjugate gradients; the gradient is implicit."""
        self._check(right_side)
        return self.system.solve(right_side[:, None])[:, 0]

    def sample(self, *, key: PRNGKeyArray) -> Float[Array, " n"]:
        """A root of the matrix, by Lanczos' method, times standard normal numbers."""
        normals = jax.random.normal(key, (self.points.shape[0], 1), self.probes.dtype)
        return self.system.root(normals)[:, 0]

    def predict(self, residual: Float[Array, " n"], points: Any) -> tuple[Float[Array, " k"], Float[Array, " k"]]:
        """Conditional mean and variance; each variance is one more solve."""
        target = array_points(points)
        weights = self.solve(residual)
        count = target.shape[0]
        blocks = in_blocks(target, PREDICTED_AT_ONCE)

        def one(block: Array) -> tuple[Array, Array]:
            cross = self.kernel.gram(self.points, block)
            return weights @ cross, jnp.sum(cross * self.system.solve(cross), axis=0)

        mean, explained = (part.reshape(-1)[:count] for part in lax.map(one, blocks))
        return mean, self.kernel.diagonal(target) - explained

    def _check(self, values: Array) -> None:
        if values.shape != self.points.shape[:1]:
            raise ValueError(f"observations have shape {self.points.shape[:1]}, got {values.shape}.")


def in_blocks(points: Float[Array, "n *dimension"], size: int) -> Float[Array, "blocks size *dimension"]:
    """Points in blocks of one size, the last one filled up with copies of the last point."""
    size = min(size, points.shape[0])
    missing = -points.shape[0] % size
    filled = jnp.concatenate([points, jnp.broadcast_to(points[-1:], (missing, *points.shape[1:]))])
    return filled.reshape(-1, size, *points.shape[1:])


def default_tolerance(dtype: DTypeLike) -> float:
    """Relative residual of solves."""
    return 1e-9 if jnp.finfo(dtype).bits > 32 else 1e-4
