"""Training a generator against a discriminator: the pair, its loss and its optimiser for `sciml.fit`."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.nde.cde_discriminator import CDEDiscriminator, clipped_matrices
from sciml.models.nde.sde_generator import SDEGenerator


class SDEGAN(eqx.Module):
    """A generator and its discriminator, trained together by `GANLoss` and `gan_optimizer`.

    Attributes:
        generator: draws time series.
        discriminator: scores them.
    """

    generator: SDEGenerator
    discriminator: CDEDiscriminator


class GANLoss(eqx.Module):
    """Wasserstein loss `E D(data) - E D(generated)` on time series `(batch, times, channels)`: `loss(model, batch, key)`.

    The generator goes down this loss and the discriminator up: the gradient of the discriminator is given with its sign turned, so that
    one step of one optimiser trains both.

    Attributes:
        t0: first time.
        t1: last time.
        steps_between: steps of the generator from one time of the data to the next.

    Example:
        >>> keys = jax.random.split(jax.random.key(0))
        >>> sizes = {"hidden": 8, "width": 8, "depth": 1}
        >>> model = SDEGAN(SDEGenerator(1, **sizes, key=keys[0]), CDEDiscriminator(1, **sizes, key=keys[1]))
        >>> value, metrics = GANLoss(t0=0.0, t1=1.0)(model, jnp.ones((4, 9, 1)), jax.random.key(1))
        >>> sorted(metrics)
        ['wasserstein']

    Source:
        Kidger et al., ICML 2021 (arXiv 2102.03657); clipping: Kidger et al., NeurIPS 2021 (arXiv 2105.13493).
    """

    t0: float = eqx.field(static=True)
    t1: float = eqx.field(static=True)
    steps_between: int = eqx.field(static=True, default=1)

    def __call__(
        self, model: SDEGAN, batch: Float[Array, "batch times channels"], key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Any]]:
        """Evaluate the loss."""
        count, points = batch.shape[:2]
        arrays, rest = eqx.partition(model.discriminator, eqx.is_inexact_array)
        score = eqx.combine(jax.tree.map(_turned, arrays), rest)

        def draw(one: PRNGKeyArray) -> Array:
            return model.generator(
                t0=self.t0, t1=self.t1, steps=self.steps_between * (points - 1), save_every=self.steps_between, key=one
            )

        times = jnp.linspace(self.t0, self.t1, points, dtype=batch.dtype)
        drawn = jax.vmap(draw)(jax.random.split(key, count))
        real, false = (jnp.mean(jax.vmap(lambda one: score(times, one))(part)) for part in (batch, drawn))
        return real - false, {"wasserstein": real - false}


def gan_optimizer(generator_rate: float = 2e-5, discriminator_rate: float = 1e-4) -> optax.GradientTransformation:
    """RMSprop with a rate for each side of an `SDEGAN`, and the discriminator's matrices clipped after each step.

    Args:
        generator_rate: learning rate of the generator.
        discriminator_rate: of the discriminator.

    Example:
        >>> keys = jax.random.split(jax.random.key(0))
        >>> model = SDEGAN(SDEGenerator(1, key=keys[0]), CDEDiscriminator(1, key=keys[1]))
        >>> state = gan_optimizer(1e-3, 1e-3).init(eqx.filter(model, eqx.is_inexact_array))
    """

    def sides(parameters: SDEGAN) -> Any:
        return SDEGAN(*(
            jax.tree.map(lambda _, side=side: side, getattr(parameters, side)) for side in ("generator", "discriminator")
        ))  # fmt: skip

    rates: dict[Any, optax.GradientTransformation] = {
        "generator": optax.rmsprop(generator_rate),
        "discriminator": optax.rmsprop(discriminator_rate),
    }
    return optax.chain(optax.multi_transform(rates, sides), _clipping())


def _clipping() -> optax.GradientTransformation:
    def init(params: Any) -> Any:
        return optax.EmptyState()

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        if params is None:
            raise ValueError("gan_optimizer: `update` needs the parameters, to clip them.")
        old = params.discriminator
        new = clipped_matrices(jax.tree.map(jnp.add, old, updates.discriminator))
        return SDEGAN(updates.generator, jax.tree.map(jnp.subtract, new, old)), state

    return optax.GradientTransformation(init, update)


@jax.custom_vjp
def _turned(value: Array) -> Array:
    """The value, with a derivative of the other sign."""
    return value


_turned.defvjp(lambda value: (value, None), lambda _, cotangent: (-cotangent,))
