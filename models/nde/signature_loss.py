"""Loss that compares the laws of generated and given time series by their signatures."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.metrics import signature_mmd


class SignatureLoss(eqx.Module):
    """Squared discrepancy of expected signatures, no discriminator needed: `loss(model, batch, key)` on `(batch, times, channels)`.

    The model is called as `model(t0=, t1=, steps=, save_every=, key=)` and gives one series `(times, channels)`: an `SDEGenerator`, or
    a function of your own around a `NeuralSDE`. Time is joined as a channel, from 0 to 1. Bring the data to a size of about one.

    Attributes:
        t0: first time.
        t1: last time.
        steps_between: steps of the generator from one time of the data to the next.
        depth: levels of the signature.
        samples: generated series; as many as given ones if None.

    Example:
        >>> from sciml.models import SDEGenerator
        >>> generator = SDEGenerator(1, hidden=8, width=8, key=jax.random.key(0))
        >>> value, metrics = SignatureLoss(t0=0.0, t1=1.0)(generator, jnp.ones((4, 9, 1)), jax.random.key(1))
        >>> sorted(metrics)
        ['signature_mmd']
    """

    t0: float = eqx.field(static=True)
    t1: float = eqx.field(static=True)
    steps_between: int = eqx.field(static=True, default=1)
    depth: int = eqx.field(static=True, default=3)
    samples: int | None = eqx.field(static=True, default=None)

    def __call__(
        self, model: Callable[..., Any], batch: Float[Array, "batch times channels"], key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Any]]:
        """Evaluate the loss."""
        count, points = batch.shape[:2]

        def draw(one: PRNGKeyArray) -> Array:
            return model(
                t0=self.t0, t1=self.t1, steps=self.steps_between * (points - 1), save_every=self.steps_between, key=one
            )

        drawn = jax.vmap(draw)(jax.random.split(key, count if self.samples is None else self.samples))
        clock = jnp.linspace(0.0, 1.0, points, dtype=batch.dtype)
        distance = signature_mmd(drawn, batch, depth=self.depth, times=clock)
        return distance, {"signature_mmd": distance}
