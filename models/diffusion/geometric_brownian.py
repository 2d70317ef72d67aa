"""Noise that multiplies: geometric Brownian motion, for data that are positive."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.models.diffusion.brownian_motion import BrownianMotion
from sciml.models.diffusion.forward_process import ForwardProcess


class GeometricBrownian(ForwardProcess):
    """`dX = growth X dt + volatility X dW`, X > 0: `log X` is a Brownian motion with the drift `growth - volatility^2 / 2`.

    With `h = x score(t, x)`, the score of Hyvaerinen, `1 + h` is the score of `log X`. At the horizon the logarithm has the variance
    `volatility^2 horizon` more than that of the data, and in float32 this may be 150 before the values overflow.

    Attributes:
        volatility: `sigma`.
        growth: `mu`; by default `volatility^2 / 2`, for which the logarithm has no drift.
        horizon: see above.

    Example:
        >>> process = GeometricBrownian(volatility=1.0)
        >>> process.growth, float(process.noised(4.0, jnp.asarray(3.0), jnp.asarray(0.0)))
        (0.5, 3.0)

    Source: Shetty, Prasath & Seelamantula, Dale meets Langevin, 2025 (arXiv 2510.02730).
    """

    volatility: float = eqx.field(static=True)
    growth: float = eqx.field(static=True)
    horizon: float = eqx.field(static=True)

    def __init__(self, *, volatility: float = 1.0, growth: float | None = None, horizon: float = 25.0):
        """Set the constants.

        Args:
            volatility: positive.
            growth: see the class.
            horizon: positive.

        Raises:
            ValueError: `volatility` or `horizon` not positive.
        """
        if volatility <= 0 or horizon <= 0:
            raise ValueError(
                f"GeometricBrownian: `volatility` and `horizon` must be positive, got {volatility} and {horizon}."
            )
        self.volatility, self.horizon = volatility, horizon
        self.growth = volatility**2 / 2 if growth is None else growth

    @property
    def logarithm(self) -> BrownianMotion:
        """The process of `log X` without its drift."""
        return BrownianMotion(volatility=self.volatility, horizon=self.horizon)

    @property
    def logarithmic_drift(self) -> float:
        """Drift of `log X`."""
        return self.growth - self.volatility**2 / 2

    def drift(self, t: Any, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """`growth x`."""
        return self.growth * x

    def diffusion(self, t: Any, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """`volatility x`."""
        return self.volatility * x

    def noised(self, t: Any, data: Float[Array, "*shape"], noise: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """`data exp((growth - volatility^2 / 2) t + volatility sqrt(t) noise)`; the data must be positive."""
        t = jnp.asarray(t, data.dtype)
        return data * jnp.exp(self.logarithmic_drift * t + self.volatility * jnp.sqrt(t) * noise)

    def predicted_noise(
        self, t: Any, x: Float[Array, "*shape"], score: Float[Array, "*shape"]
    ) -> Float[Array, "*shape"]:
        """`-volatility sqrt(t) (1 + x score)`."""
        return -self.volatility * jnp.sqrt(jnp.asarray(t, x.dtype)) * (1 + x * score)
