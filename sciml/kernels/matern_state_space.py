"""The Matern processes of half-integer smoothness as linear stochastic equations."""

import math
from fractions import Fraction

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from sciml.kernels.state_space import StateSpace

PROFILES = {
    1: (Fraction(1),),
    3: (Fraction(1), Fraction(1)),
    5: (Fraction(1), Fraction(1), Fraction(1, 3)),
    7: (Fraction(1), Fraction(1), Fraction(2, 5), Fraction(1, 15)),
}
"""By twice the smoothness, the polynomial in `a = sqrt(2 nu) r / l` that stands before `exp(-a)`."""


def matern_state_space(twice_nu: int, lengthscale: Float[Array, ""]) -> StateSpace:
    """The process of unit variance; its state holds derivatives in units of `lengthscale / sqrt(2 nu)`.

    Args:
        twice_nu: 1, 3, 5 or 7.
        lengthscale: `l`.
    """
    if twice_nu not in PROFILES:
        raise ValueError(f"matern_state_space: `twice_nu` must be 1, 3, 5 or 7, got {twice_nu}.")
    size = (twice_nu + 1) // 2
    dtype = lengthscale.dtype
    rate = math.sqrt(twice_nu) / lengthscale
    return StateSpace(
        RepeatedRate(rate, size), jnp.asarray(_stationary(twice_nu), dtype), np.eye(size)[0].astype(dtype)
    )


class RepeatedRate(eqx.Module):
    """Transition of a chain of derivatives whose equation has one root, `size` times.

    Attributes:
        rate: minus the root.
        size: its multiplicity.
    """

    rate: Float[Array, ""]
    size: int = eqx.field(static=True)

    def __call__(self, step: Float[Array, ""]) -> Float[Array, "m m"]:
        """`exp(-a) sum_k (N a)^k / k!` with `a = rate * step` and a nilpotent `N`."""
        a = self.rate * step
        powers = _nilpotent_powers(self.size)
        total = jnp.zeros((self.size, self.size), a.dtype)
        for power in reversed(powers):
            total = total * a + jnp.asarray(power, a.dtype)
        return jnp.exp(-a) * total


def _nilpotent_powers(size: int) -> list[np.ndarray]:
    """`N^k / k!` where `N` is the companion matrix of `(s + 1)^size`, plus 1."""
    nilpotent = np.eye(size, k=1) + np.eye(size)
    nilpotent[-1] -= [math.comb(size, k) for k in range(size)]
    powers = [np.eye(size)]
    for k in range(1, size):
        powers.append(powers[-1] @ nilpotent / k)
    return powers


def _stationary(twice_nu: int) -> np.ndarray:
    """Covariances `(-1)^j k^(i+j)(0)` of the derivatives."""
    profile, size = PROFILES[twice_nu], (twice_nu + 1) // 2

    def derivative(order: int) -> Fraction:
        terms = (
            c * Fraction((-1) ** (order - k), math.factorial(order - k)) for k, c in enumerate(profile) if k <= order
        )
        return math.factorial(order) * sum(terms, Fraction(0))

    return np.array(
        [[float((-1) ** j * derivative(i + j)) if (i + j) % 2 == 0 else 0.0 for j in range(size)] for i in range(size)]
    )
