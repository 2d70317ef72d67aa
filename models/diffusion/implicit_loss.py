"""Score matching without noise to compare with."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.diffusion._draws import times_and_noise
from sciml.models.diffusion.forward_process import ForwardProcess


class ImplicitScoreLoss(eqx.Module):
    """`loss(model, batch, key)`: mean of `|g score|^2 / 2 + div(g^2 score)` at random times.

    It is half the squared error of `g score` less a constant: for additive noise Hyvaerinen's loss, for geometric Brownian motion his
    loss for positive data. The divergence takes one forward derivative per coordinate; `DenoisingLoss` has no such cost and the same
    minimum.

    Attributes:
        process: the forward process.
        earliest: as for `DenoisingLoss`.
        concentration: as for `DenoisingLoss`.

    Example:
        >>> from sciml.models.diffusion import OrnsteinUhlenbeck, ScorePotential
        >>> model = ScorePotential(2, width=8, depth=1, key=jax.random.key(0))
        >>> value, metrics = ImplicitScoreLoss(OrnsteinUhlenbeck())(model, jnp.ones((5, 2)), jax.random.key(1))
        >>> sorted(metrics)
        ['implicit']

    Source: A. Hyvaerinen, J. Mach. Learn. Res. 6 (2005) 695; Comput. Stat. Data Anal. 51 (2007) 2499.
    """

    process: ForwardProcess
    earliest: float = eqx.field(static=True, default=1e-3)
    concentration: float = eqx.field(static=True, default=1.0)

    def __call__(
        self, model: Any, batch: Float[Array, "batch d"], key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        """Evaluate the loss.

        Args:
            model: has a method `score(t, x)` for one sample.
            batch: data.
            key: for times and noise.
        """
        times, noise = times_and_noise(batch, self.earliest, self.process.horizon, self.concentration, key)

        def one(t: Array, data: Array, noise: Array) -> Array:
            x = self.process.noised(t, data, noise)
            score = model.score(t, x)

            def along(direction: Array) -> Array:
                def flux(x: Array) -> Array:
                    return self.process.diffusion(t, x) ** 2 * model.score(t, x)

                return jnp.sum(jax.jvp(flux, (x,), (direction,))[1] * direction)

            divergence = jnp.sum(jax.vmap(along)(jnp.eye(x.shape[0], dtype=x.dtype)))
            return jnp.sum((self.process.diffusion(t, x) * score) ** 2) / 2 + divergence

        loss = jnp.mean(jax.vmap(one)(times, batch, noise))
        return loss, {"implicit": loss}
