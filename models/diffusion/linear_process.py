"""Noise that is added: linear equations, normal laws."""

from abc import abstractmethod
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.models.diffusion.forward_process import ForwardProcess


class LinearProcess(ForwardProcess):
    """`dX = -rate(t) X dt + g(t) dW`: `X_t = a(t) X_0 + s(t) noise` in law.

    A process gives `a` and `s`; rate and diffusion follow: `rate = -a'/a`, `g^2 = (s^2)' + 2 rate s^2`.

    Source: Song et al. 2021 (arXiv 2011.13456), section 3.4.
    """

    @abstractmethod
    def data_scale(self, t: Float[Array, ""]) -> Float[Array, ""]:
        """`a(t)`."""

    @abstractmethod
    def noise_variance(self, t: Float[Array, ""]) -> Float[Array, ""]:
        """`s(t)^2`."""

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

    def drift(self, t: Any, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """`-rate(t) x`."""
        return (-self.rate(t)).astype(x.dtype) * x

    def diffusion(self, t: Any, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """`g(t)`, of the shape of `x`."""
        return jnp.broadcast_to(jnp.sqrt(self.squared_diffusion(t)).astype(x.dtype), x.shape)

    def noised(self, t: Any, data: Float[Array, "*shape"], noise: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """`a(t) data + s(t) noise`."""
        t = jnp.asarray(t, data.dtype)
        return self.data_scale(t) * data + jnp.sqrt(self.noise_variance(t)) * noise

    def predicted_noise(
        self, t: Any, x: Float[Array, "*shape"], score: Float[Array, "*shape"]
    ) -> Float[Array, "*shape"]:
        """`-s(t) score`."""
        return -jnp.sqrt(self.noise_variance(jnp.asarray(t, x.dtype))) * score
