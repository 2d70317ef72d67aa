"""The trigonometric path."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.models.flow.gaussian_path import GaussianPath


class Trigonometric(GaussianPath):
    """`x_t = sin(pi t / 2) data + cos(pi t / 2) noise`: keeps the variance of normalised data; conditional energy `pi^2 / 4`.

    Source: Albergo & Vanden-Eijnden 2023 (arXiv 2209.15571).
    """

    def data_scale(self, t: Float[Array, ""]) -> Float[Array, ""]:
        """`sin(pi t / 2)`."""
        return jnp.sin(jnp.pi / 2 * t)

    def noise_scale(self, t: Float[Array, ""]) -> Float[Array, ""]:
        """`cos(pi t / 2)`."""
        return jnp.cos(jnp.pi / 2 * t)
