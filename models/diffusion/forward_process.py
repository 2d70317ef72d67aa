"""What noises data."""

from abc import abstractmethod
from typing import Any

import equinox as eqx
from jaxtyping import Array, Float


class ForwardProcess(eqx.Module):
    """`dX = f(t, X) dt + g(t, X) dW`, in every coordinate alike and by itself, whose law given `X_0` is known.

    Attributes:
        horizon: time at which the noise is taken for all there is.

    Source: Song et al., Score-Based Generative Modeling through Stochastic Differential Equations, ICLR 2021 (arXiv 2011.13456).
    """

    horizon: eqx.AbstractVar[float]

    @abstractmethod
    def drift(self, t: Any, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """`f`."""

    @abstractmethod
    def diffusion(self, t: Any, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """`g`, of the shape of `x`."""

    @abstractmethod
    def noised(self, t: Any, data: Float[Array, "*shape"], noise: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """`X_t` for given data and standard normal noise."""

    @abstractmethod
    def predicted_noise(
        self, t: Any, x: Float[Array, "*shape"], score: Float[Array, "*shape"]
    ) -> Float[Array, "*shape"]:
        """The mean of the noise given `X_t = x` that a score says: what denoising compares with the noise that was drawn."""
