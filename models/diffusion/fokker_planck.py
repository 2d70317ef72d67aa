"""Does a learned density obey the equation of the process that made it?"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.diffusion.denoising_loss import DenoisingLoss
from sciml.models.diffusion.forward_process import ForwardProcess


def fokker_planck_residual(
    log_density: Callable[[Any, Array], Array], process: ForwardProcess
) -> Callable[[Any, Array], Array]:
    """What `exp(phi)` lacks to be the law of the process: zero where its logarithm obeys the Fokker-Planck equation.

    `phi_t + div f + f . grad phi - sum_i ((g_i^2)'' + 2 (g_i^2)' phi_i + g_i^2 (phi_ii + phi_i^2)) / 2`, of which additive noise leaves
    `phi_t - rate (d + x . grad phi) - g^2 / 2 (laplacian phi + |grad phi|^2)`.

    All derivatives in x come from one pass of second-order forward differentiation along the coordinates.

    Args:
        log_density: `phi(t, x)` of one point, twice differentiable; a constant may be missing.
        process: the forward process.

    Returns:
        The residual, a function of `(t, x)`.

    Source: Deveney et al. 2023 (arXiv 2311.15996), equation for the logarithm.

    Example:
        >>> from sciml.models.diffusion import OrnsteinUhlenbeck
        >>> residual = fokker_planck_residual(lambda t, x: -jnp.sum(x**2), OrnsteinUhlenbeck())  # the stationary law
        >>> float(residual(0.3, jnp.ones(2)))
        0.0
    """

    def residual(t: Any, x: Array) -> Array:
        t = jnp.asarray(t, x.dtype)

        def along(direction: Array) -> tuple[Array, Array]:
            def slope(x: Array) -> Array:
                return jax.jvp(lambda x: log_density(t, x), (x,), (direction,))[1]

            return jax.jvp(slope, (x,), (direction,))

        gradient, curvature = jax.vmap(along)(jnp.eye(x.shape[0], dtype=x.dtype))
        in_time = jax.jvp(lambda t: log_density(t, x), (t,), (jnp.ones_like(t),))[1]
        (drift, slope), (squared, rise, bend) = _coefficients(process, t, x)
        flow = slope + drift * gradient
        spread = (bend + 2 * rise * gradient + squared * (curvature + gradient**2)) / 2
        return in_time + jnp.sum(flow - spread)

    return residual


def _coefficients(
    process: ForwardProcess, t: Array, x: Array
) -> tuple[tuple[Array, Array], tuple[Array, Array, Array]]:
    """Drift with its derivative, squared diffusion with two, coordinate by coordinate."""
    ones = jnp.ones_like(x)

    def squared(x: Array) -> tuple[Array, Array]:
        return jax.jvp(lambda x: process.diffusion(t, x) ** 2, (x,), (ones,))

    (value, rise), (_, bend) = jax.jvp(squared, (x,), (ones,))
    return jax.jvp(lambda x: process.drift(t, x), (x,), (ones,)), (value, rise, bend)


class FokkerPlanckLoss(eqx.Module):
    """`loss(model, batch, key)`: a `DenoisingLoss` plus `weight` times the mean squared residual at random points.

    The residual brings the samples of the reverse-time equation and those of the probability flow together, sometimes at a cost to the
    former.

    Attributes:
        denoising: the loss of the score.
        weight: of the residual.
        points: number of random points per step.
        reach: they are uniform over `[-reach, reach]` in every coordinate and over the times of the denoising loss.

    Source: Deveney et al. 2023 (arXiv 2311.15996).
    """

    denoising: DenoisingLoss
    weight: float = eqx.field(static=True, default=0.1)
    points: int = eqx.field(static=True, default=1024)
    reach: float = eqx.field(static=True, default=3.5)

    def __call__(
        self, model: Any, batch: Float[Array, "batch d"], key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        """Evaluate the loss.

        Args:
            model: `model(t, x)` is the logarithm of the density, `model.score` its gradient.
            batch: data.
            key: for times, noise and points.
        """
        first, second, third = jax.random.split(key, 3)
        loss, metrics = self.denoising(model, batch, first)
        process, earliest = self.denoising.process, self.denoising.earliest
        x = jax.random.uniform(second, (self.points, batch.shape[1]), batch.dtype, -self.reach, self.reach)
        t = jax.random.uniform(third, (self.points,), batch.dtype, earliest, process.horizon)
        residual = jnp.mean(jax.vmap(fokker_planck_residual(model, process))(t, x) ** 2)
        return loss + self.weight * residual, {**metrics, "residual": residual}
