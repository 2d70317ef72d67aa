"""Gaussian probability paths between noise and data."""

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


class GaussianPath(eqx.Module):
    """`x_t = a(t) data + m(t) noise`, noise standard normal: all noise at `t = 0`, data at `t = 1`.

    Given the data, `x_t` is normal with mean `a data` and standard deviation `m`, and moves with the velocity
    `a' data + m' noise = (m'/m) x_t + (a' - a m'/m) data`. The velocity of the marginal law is the mean of that over the data that lead
    to `x_t`, and determines the score and the mean of the data (the denoiser), and the other way round.

    Source: Y. Lipman et al., Flow Matching for Generative Modeling, ICLR 2023 (arXiv 2210.02747); N. Shaul et al., ICML 2023
    (arXiv 2306.06626).
    """

    @abstractmethod
    def data_scale(self, t: Float[Array, ""]) -> Float[Array, ""]:
        """`a(t)`."""

    @abstractmethod
    def noise_scale(self, t: Float[Array, ""]) -> Float[Array, ""]:
        """`m(t)`."""

    def scales(self, t: Any) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """`a(t), m(t)`."""
        t = jnp.asarray(t)
        return self.data_scale(t), self.noise_scale(t)

    def rates(self, t: Any) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """`a'(t), m'(t)`, by forward differentiation."""
        t = jnp.asarray(t)
        return jax.jvp(self.scales, (t,), (jnp.ones_like(t),))[1]

    def position(self, t: Any, data: Float[Array, "*shape"], noise: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """`x_t` of a pair."""
        a, m = self.scales(t)
        return a * data + m * noise

    def velocity(self, t: Any, data: Float[Array, "*shape"], noise: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """`dx_t/dt` of a pair: what a velocity network learns."""
        a, m = self.rates(t)
        return a * data + m * noise

    def denoised(self, t: Any, x: Float[Array, "*shape"], velocity: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """Mean of the data given `x_t = x`, from the marginal velocity there; undefined at `t = 1`, where it is `x`."""
        (a, m), (da, dm) = self.scales(t), self.rates(t)
        return (m * velocity - dm * x) / (m * da - a * dm)

    def score(self, t: Any, x: Float[Array, "*shape"], velocity: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """Gradient of the logarithm of the marginal density, from the marginal velocity; undefined at `t = 1`."""
        a, m = self.scales(t)
        return (a * self.denoised(t, x, velocity) - x) / m**2

    def conditional_energy(self, nodes: int = 64) -> Float[Array, ""]:
        """`int a'^2 + m'^2 dt`, the kinetic energy per dimension of the conditional velocity, by Gauss' rule.

        The energy of the marginal velocity is at most this. Infinite for paths whose noise ends with a vertical tangent; the rule
        leaves out the end and gives a finite number there.
        """
        nodes_at, weights = (jnp.asarray(part) for part in _gauss(nodes))
        da, dm = jax.vmap(self.rates)(nodes_at)
        return jnp.sum(weights * (da**2 + dm**2))


def _gauss(nodes: int) -> tuple[Any, Any]:
    from numpy.polynomial.legendre import leggauss

    at, weights = leggauss(nodes)
    return (at + 1) / 2, weights / 2
