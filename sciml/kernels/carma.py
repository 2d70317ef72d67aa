"""Continuous-time autoregressive moving-average processes."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, ArrayLike, Float

from sciml.kernels.kernel import Kernel
from sciml.kernels.line import lag
from sciml.kernels.matern_state_space import RepeatedRate
from sciml.kernels.state_space import Block, BlockDiagonal, Rotation, StateSpace
from sciml.parameters.field import Parameter, positive, real


class CARMA(Kernel):
    """CARMA(p, q): an autoregressive equation of order `p` driven by white noise and `q` of its derivatives.

    The roots of the autoregressive polynomial must differ from each other; near a double root digits are lost. For the
    double root of a critically damped oscillator there is `SHO`.

    Attributes:
        rates: minus the real roots, shape `(r,)`.
        decays: minus the real part of the complex pairs of roots, shape `(c,)`; `p = r + 2 c`.
        frequencies: imaginary part of the pairs, shape `(c,)`.
        moving_average: coefficients of the moving average, from the constant up, shape `(q + 1,)`, `q < p`. They bear the size of
            the noise.

    Source: B. C. Kelly et al., "Flexible and scalable methods for quantifying stochastic variability in the era of massive
    time-domain astronomical data sets", ApJ 788 (2014) 33, equations 1-5.

    Example:
        >>> from sciml.kernels import CARMA
        >>> kernel = CARMA.from_coefficients([2.0, 1.2], [0.6, 0.1])  # x'' + 1.2 x' + 2 x = 0.6 noise + 0.1 noise'
        >>> kernel.frequencies.shape, round(float(kernel(0.0, 0.0)), 6)
        ((1,), 0.079167)
    """

    rates: Float[Parameter, " r"] = positive()
    decays: Float[Parameter, " c"] = positive()
    frequencies: Float[Parameter, " c"] = positive()
    moving_average: Float[Parameter, " q1"] = real()

    def __check_init__(self) -> None:
        parts = [self.rates, self.decays, self.frequencies, self.moving_average]
        # Any object may stand in a field while a tree is being mapped over.
        if not all(getattr(part, "ndim", None) == 1 for part in parts):
            return
        rates, decays, frequencies, coefficients = (part.shape[0] for part in parts)
        if decays != frequencies or not 0 < coefficients <= rates + 2 * decays:
            raise ValueError(
                "CARMA: needs as many `decays` as `frequencies`, and 1 to p moving-average coefficients (p = rates + 2 decays), "
                f"got {rates} rates, {decays} decays, {frequencies} frequencies and {coefficients} coefficients."
            )

    @classmethod
    def from_coefficients(
        cls, autoregressive: ArrayLike | Sequence[float], moving_average: ArrayLike | Sequence[float]
    ) -> "CARMA":
        """From the coefficients of both polynomials, known numbers, outside `jit`.

        Args:
            autoregressive: `a_0 ... a_(p-1)` of `x^(p) + a_(p-1) x^(p-1) + ... + a_0 x`.
            moving_average: `b_0 ... b_q`.

        Raises:
            ValueError: a root does not decay, or is double.
        """
        coefficients = np.asarray(autoregressive, float)
        roots = np.roots([1.0, *coefficients[::-1]])
        apart = np.abs(roots[:, None] - roots) + np.diag(np.full(len(roots), np.inf))
        if (roots.real >= 0).any():
            raise ValueError(f"CARMA: the process is not stationary, its autoregressive polynomial has roots {roots}.")
        if apart.min() < 1e-6 * np.abs(roots).max():
            raise ValueError(
                f"CARMA: the roots must differ, got {roots}; for a double root see SHO and the Matern kernels."
            )
        alone, pairs = roots[roots.imag == 0].real, roots[roots.imag > 0]
        given = -alone, -pairs.real, pairs.imag, np.asarray(moving_average, float)
        rates, decays, frequencies, coefficients = (jnp.asarray(part) for part in given)
        return cls(rates, decays, frequencies, coefficients)

    @property
    def smoothness(self) -> float:
        """The process of order p has `p - q - 1` derivatives."""
        return 2.0 * (self.rates.shape[0] + 2 * self.decays.shape[0] - self.moving_average.shape[0])

    def evaluate(self, x: Float[Array, "*point"], y: Float[Array, "*point"]) -> Float[Array, ""]:
        """Covariance of the values at two times."""
        return self.state_space().covariance(lag(x, y, "CARMA"))

    def state_space(self) -> StateSpace:
        """One number for each real root, two for each pair, all driven by one noise."""
        real_blocks = [Block(RepeatedRate(rate, 1), 1) for rate in self.rates]
        pair_blocks = [Block(Rotation(c, d), 2) for c, d in zip(self.decays, self.frequencies)]
        pattern = np.array([1.0] * len(real_blocks) + [1.0, 0.0] * len(pair_blocks), self.rates.dtype)
        return StateSpace(BlockDiagonal((*real_blocks, *pair_blocks)), self._stationary(), pattern)

    def _stationary(self) -> Array:
        """Covariance of the modes `c_k z_k`, `dz_k = r_k z_k dt + dW`, `c_k = b(r_k) / a'(r_k)`, in real and imaginary parts.

        A pair enters with twice the real part, so that the observation is the sum.
        """
        count = self.rates.shape[0]
        pairs = lax.complex(-self.decays, -self.frequencies)  # the sense in which `Rotation` turns
        roots = jnp.concatenate([lax.complex(-self.rates, jnp.zeros_like(self.rates)), pairs])
        every = jnp.concatenate([roots, pairs.conj()])
        weights = jnp.polyval(self.moving_average[::-1].astype(roots.dtype), roots) / _derivative_at(roots, every)
        weights = weights * jnp.where(jnp.arange(roots.shape[0]) < count, 1.0, 2.0).astype(weights.dtype)
        plain = -weights[:, None] * weights[None] / (roots[:, None] + roots[None])
        conjugate = -weights[:, None] * weights[None].conj() / (roots[:, None] + roots[None].conj())
        even, odd = (plain + conjugate) / 2, (plain - conjugate) / 2
        # Rows and columns: Re z_k Re z_l, Re z_k Im z_l, Im z_k Re z_l, Im z_k Im z_l.
        parts = jnp.stack([jnp.stack([even.real, odd.imag], -1), jnp.stack([even.imag, -odd.real], -1)], 1)
        size = roots.shape[0]
        keep = np.arange(2 * size)[[i % 2 == 0 or i // 2 >= count for i in range(2 * size)]]
        return parts.reshape(2 * size, 2 * size)[keep][:, keep]


def _derivative_at(roots: Array, every: Array) -> Any:
    """Of the polynomial with the roots `every`, at the first of them."""
    apart = roots[:, None] - every[None]
    return jnp.prod(jnp.where(jnp.eye(*apart.shape, dtype=bool), jnp.ones_like(apart), apart), axis=1)
