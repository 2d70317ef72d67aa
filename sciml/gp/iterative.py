"""Gaussian processes whose covariance matrix is never stored: conjugate gradients on rows made in blocks."""

from collections.abc import Callable
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, ArrayLike, Bool, Float, Int, PRNGKeyArray

from sciml.gp.covariance_solver import CovarianceSolver
from sciml.gp.dense import default_jitter
from sciml.gp.low_rank_features import array_points
from sciml.gp.pivoted_cholesky import cholesky_pivots
from sciml.gp.preconditioned_factorisation import PreconditionedFactorisation, default_tolerance, in_blocks
from sciml.gp.preconditioned_system import Columns, Iterations, PreconditionedSystem
from sciml.gp.preconditioner import LowRankPreconditioner
from sciml.kernels.kernel import Kernel


class Iterative(CovarianceSolver):
    """Any kernel, any points, without the matrix: memory `n (block + rank + probes lanczos_steps)`, time `n^2` for each of
    some tens of steps.

    Preconditioned conjugate gradients solve; the preconditioner is a partial Cholesky factorisation with pivots. The log-determinant
    is an estimate from random probes, as is the gradient, by the same probes; `factorisation.log_determinant_error()` tells its
    errors. The gradient makes the rows again: its memory is that of the value.

    Sources: J. Gardner et al., NeurIPS 2018; J. Wenger et al., ICML 2022 (the preconditioner reduces the variance).

    Attributes:
        key: random key of the probes.
        probes: their number; an optimum found with few of them is that of a noisy likelihood.
        rank: of the preconditioner; more for small noise and smooth kernels.
        block: rows made at once.
        lanczos_steps: steps for each probe.
        tolerance: relative residual of solves; by default 1e-9 in float64, 1e-4 in float32, which needs a noise
            variance of 1e-3 times that of the kernel.
        max_steps: largest number of steps of conjugate gradients.
        jitter: added to the noise, relative to the kernel's mean variance; by default 1e-6 in float32 and 1e-10 in float64.
        throw: whether a solve that fails raises.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from sciml.gp import Iterative
        >>> from sciml.kernels import RBF
        >>> x = jax.random.uniform(jax.random.key(0), (100, 2))
        >>> factorisation = Iterative(jax.random.key(1), rank=20).factorise(RBF(0.5), x, 0.01)
        >>> factorisation.solve(jnp.sin(6 * x[:, 0])).shape
        (100,)
    """

    key: PRNGKeyArray
    probes: int = eqx.field(static=True, default=16)
    rank: int = eqx.field(static=True, default=100)
    block: int = eqx.field(static=True, default=512)
    lanczos_steps: int = eqx.field(static=True, default=40)
    tolerance: float | None = eqx.field(static=True, default=None)
    max_steps: int = eqx.field(static=True, default=1000)
    jitter: float | None = eqx.field(static=True, default=None)
    throw: bool = eqx.field(static=True, default=True)

    def factorise(self, kernel: Kernel, points: Any, noise_variance: ArrayLike) -> PreconditionedFactorisation:
        """Find the preconditioner's pivots; nothing else is computed beforehand."""
        x = array_points(points)
        kernel = kernel.cast(x.dtype)
        small = default_jitter(x.dtype)
        jitter = (small if self.jitter is None else self.jitter) * jnp.mean(kernel.diagonal(x))
        noise = jnp.broadcast_to(jnp.asarray(noise_variance).astype(x.dtype), x.shape[:1]) + jitter
        tolerance = default_tolerance(x.dtype) if self.tolerance is None else self.tolerance
        pivots, counting = cholesky_pivots(
            lax.stop_gradient(kernel), lax.stop_gradient(x), min(self.rank, x.shape[0]), 10 * small
        )
        system = BlockedSystem(
            kernel=kernel,
            points=x,
            noise=noise,
            pivots=pivots,
            counting=counting,
            block=self.block,
            iterations=Iterations(tolerance, self.max_steps, self.lanczos_steps, self.throw),
        )
        return PreconditionedFactorisation.of(system, kernel, x, self.probes, key=self.key)


class BlockedSystem(PreconditionedSystem):
    """A kernel's matrix plus a diagonal, by blocks of rows.

    Attributes:
        kernel: covariance function.
        points: the points.
        noise: the diagonal.
        pivots: points of the preconditioner.
        counting: which of them count.
        block: rows made at once.
    """

    # Rows cost more than memory: all probes share them.
    probes_at_once: ClassVar[int] = 1024
    kernel: Kernel
    points: Float[Array, "n *dimension"]
    noise: Float[Array, " n"]
    pivots: Int[Array, " rank"]
    counting: Bool[Array, " rank"]
    block: int = eqx.field(static=True)
    iterations: Iterations = eqx.field(static=True)

    @property
    def size(self) -> int:
        """Number of points."""
        return self.points.shape[0]

    def lowest_eigenvalue(self) -> Float[Array, ""]:
        """One: the preconditioner leaves a positive part of the matrix out, and adds nothing."""
        return jnp.ones((), self.noise.dtype)

    def operator(self) -> Callable[[Columns], Columns]:
        """Products of rows, block by block; the gradient makes the rows again instead of keeping them."""
        blocks = in_blocks(self.points, self.block)

        def apply(columns: Array) -> Array:
            @jax.checkpoint
            def rows(block: Array) -> Array:
                return self.kernel.gram(block, self.points) @ columns

            image = lax.map(rows, blocks).reshape(-1, columns.shape[1])
            return image[: self.size] + self.noise[:, None] * columns

        return apply

    def preconditioner(self) -> LowRankPreconditioner:
        """What the pivots explain, plus the noise."""
        chosen = self.points[self.pivots]
        both = self.counting[:, None] & self.counting[None, :]
        inner = jnp.where(both, self.kernel.gram(chosen), 0)
        scale = jnp.where(self.counting, default_jitter(inner.dtype) * jnp.max(jnp.diag(inner)), 1)
        root = jnp.linalg.cholesky(inner + jnp.diag(scale), symmetrize_input=False)
        cross = jnp.where(self.counting[:, None], self.kernel.gram(chosen, self.points), 0)
        return LowRankPreconditioner.of(solve_triangular(root, cross, lower=True).T, self.noise)
