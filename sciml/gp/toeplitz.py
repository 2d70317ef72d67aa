"""Gaussian processes at equally spaced points: FFT products and a circulant preconditioner."""

from collections.abc import Callable
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray
from scipy.fft import next_fast_len

from sciml.gp.covariance_solver import CovarianceSolver
from sciml.gp.dense import default_jitter
from sciml.gp.low_rank_features import array_points
from sciml.gp.preconditioned_factorisation import PreconditionedFactorisation, default_tolerance
from sciml.gp.preconditioned_system import Columns, Iterations, PreconditionedSystem
from sciml.gp.preconditioner import CirculantPreconditioner
from sciml.kernels.kernel import Kernel


class Toeplitz(CovarianceSolver):
    """Stationary kernels at equally spaced points of a line: time `n log n`, memory `n`.

    Solves are exact to the tolerance; the log-determinant is an estimate from random probes, as is the gradient, by the same
    probes. `factorisation.log_determinant_error()` tells its errors. A kernel with a state space (Matern, and their sums)
    has an exact solver of cost `n`: prefer it.

    Attributes:
        key: random key of the probes.
        probes: their number; an optimum found with few of them is that of a noisy likelihood.
        lanczos_steps: steps for each probe.
        tolerance: relative residual of solves; by default 1e-9 in float64, 1e-4 in float32, which needs a noise
            variance of 1e-3 times that of the kernel.
        max_steps: largest number of steps of conjugate gradients.
        jitter: added to the noise, relative to the kernel's variance; by default 1e-6 in float32 and 1e-10 in float64.
        throw: whether a solve that fails raises.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from sciml.gp import Toeplitz
        >>> from sciml.kernels import RBF
        >>> x = jnp.linspace(0.0, 1.0, 100)
        >>> factorisation = Toeplitz(key=jax.random.key(0)).factorise(RBF(0.3), x, 0.01)
        >>> factorisation.solve(jnp.sin(6 * x)).shape
        (100,)
    """

    key: PRNGKeyArray
    probes: int = eqx.field(static=True, default=32)
    lanczos_steps: int = eqx.field(static=True, default=12)
    tolerance: float | None = eqx.field(static=True, default=None)
    max_steps: int = eqx.field(static=True, default=1000)
    jitter: float | None = eqx.field(static=True, default=None)
    throw: bool = eqx.field(static=True, default=True)

    def factorise(self, kernel: Kernel, points: Any, noise_variance: ArrayLike) -> PreconditionedFactorisation:
        """Evaluate the kernel at all lags.

        Raises:
            TypeError: the kernel has no profile, which stationary kernels of a number have.
            ValueError: the points are not equally spaced, or the noise is not one number.
        """
        x = array_points(points)
        spacing = _spacing(x)
        kernel = kernel.cast(x.dtype)
        profile = kernel.profile()
        if profile is None:
            raise TypeError(
                f"Toeplitz: {type(kernel).__name__} has no `profile()`, the covariance as a function of the lag; take "
                "`StateSpaceSolver` for oscillators and random walks, else `Dense`."
            )
        if np.ndim(noise_variance) != 0:
            raise ValueError(
                f"Toeplitz: the noise variance must be one number, got shape {np.shape(noise_variance)}; "
                "`Iterative` takes one per point."
            )
        column = profile(spacing * jnp.arange(x.shape[0], dtype=x.dtype))
        jitter = default_jitter(x.dtype) if self.jitter is None else self.jitter
        noise = jnp.asarray(noise_variance).astype(x.dtype) + jitter * column[0]
        tolerance = default_tolerance(x.dtype) if self.tolerance is None else self.tolerance
        iterations = Iterations(tolerance, self.max_steps, self.lanczos_steps, self.throw)
        system = ToeplitzSystem(column=column, noise=noise, iterations=iterations)
        return PreconditionedFactorisation.of(system, kernel, x, self.probes, key=self.key)


class ToeplitzSystem(PreconditionedSystem):
    """A symmetric Toeplitz matrix plus a multiple of the identity.

    Attributes:
        column: first column of the Toeplitz matrix.
        noise: the multiple.
    """

    probes_at_once: ClassVar[int] = 8
    column: Float[Array, " n"]
    noise: Float[Array, ""]
    iterations: Iterations = eqx.field(static=True)

    @property
    def size(self) -> int:
        """Number of points."""
        return self.column.shape[0]

    def lowest_eigenvalue(self) -> Float[Array, ""]:
        """The noise over the largest eigenvalue of the preconditioner."""
        return self.noise / jnp.max(self.preconditioner().eigenvalues)

    def operator(self) -> Callable[[Columns], Columns]:
        """Products by FFT, in a circulant matrix of about twice the size."""
        length = int(next_fast_len(2 * self.size - 1, True))  # pyright: ignore[reportArgumentType]
        gap = jnp.zeros((length - 2 * self.size + 1,), self.column.dtype)
        embedded = jnp.concatenate([self.column, gap, self.column[:0:-1]])
        transformed = jnp.fft.rfft(embedded)
        spectrum = transformed.real.astype(transformed.dtype)[:, None]

        def apply(columns: Array) -> Array:
            image = jnp.fft.irfft(spectrum * jnp.fft.rfft(columns, n=length, axis=0), n=length, axis=0)
            return image[: self.size] + self.noise * columns

        return apply

    def preconditioner(self) -> CirculantPreconditioner:
        """Strang's circulant matrix, which copies the central diagonals; eigenvalues are clipped at zero before the noise is added."""
        place = np.arange(self.size)
        nearest = np.minimum(place, self.size - place)
        spectrum = jnp.fft.rfft(self.column[nearest]).real
        return CirculantPreconditioner(jnp.maximum(spectrum, 0) + self.noise, self.size)


def _spacing(points: Array) -> Array:
    if points.ndim != 1 or points.shape[0] < 2:
        raise ValueError(f"Toeplitz: points must have shape (n,) with n >= 2, got {points.shape}.")
    spacing = (points[-1] - points[0]) / (points.shape[0] - 1)
    deviation = jnp.max(jnp.abs(jnp.diff(points) - spacing))
    # Coordinates are rounded, each by half a unit of the largest of them.
    allowed = 1e-6 * jnp.abs(spacing) + 4 * jnp.finfo(points.dtype).eps * jnp.max(jnp.abs(points))
    message = "Toeplitz: the points must be equally spaced, as those of jnp.linspace; take `StateSpaceSolver`, `Dense` or `Iterative`."
    uneven = deviation > allowed
    if isinstance(uneven, Tracer):
        return eqx.error_if(spacing, uneven, message)
    if uneven:
        raise ValueError(message)
    return spacing
