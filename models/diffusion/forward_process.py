"""What noises data: a linear stochastic equation with known marginals."""

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


class ForwardProcess(eqx.Module):
    """`dX = -rate(t) X dt + g(t) dW`, in every coordinate alike: `X_t = a(t) X_0 + s(t) noise` in law.

    A process gives `a` and `s`; rate and diffusion follow: `rate = -a'/a`, `g^2 = (s^2)' + 2 rate s^2`.

    Attributes:
        horizon: time at which the noise is taken for all there is.

    Source: Song et al., Score-Based Generative Modeling through Stochastic Differential Equations, ICLR 2021 (arXiv 2011.13456).
    """

    horizon: eqx.AbstractVar[float]

    @abstractmethod
    def data_scale(self, t: Float[Array, ""]) -> Float[Array, ""]:
        """`a(t)`."""

    @abstractmethod
    def noise_variance(self, t: Float[Array, ""]) -> Float[Array, ""]:
        """`s(t)^2`."""

    def noised(self, t: Any, data: Float[Array, "*shape"], noise: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """`X_t` for given data and standard normal noise."""
        t = jnp.asarray(t, data.dtype)
        return self.data_scale(t) * data + jnp.sqrt(self.noise_variance(t)) * noise

    def rate(self, t: Any) -> Float[Array, ""]:
        """`-a'/a`, by forward differentiation."""
        t = jnp.asarray(t)
        scale, slope = jax.jvp(self.data_scale, (t,), (jnp.ones_like(t),))
        return -slope / scale

    def squared_diffusion(self, t: Any) -> Float[Array, ""]:
        """`g(t)^2`."""
        t = jnp.asarray(t)
        variance, slope = jax.jvp(self.noise_variance, (t,), (jnp.ones_like(t),))
        return slope + 2 * self.rate(t) * variance
