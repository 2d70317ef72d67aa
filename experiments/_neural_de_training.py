"""Training of the experiment `neural-de`: all seeds in one program, each with its own data, network and batches."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

import sciml


class Seeded(eqx.Module):
    """A model that knows which seed it is, so that its loss takes that seed's data.

    Attributes:
        model: what is trained.
        seed: its number; not trained.
    """

    model: Any
    seed: jax.Array


def train(
    make: Callable[[jax.Array], Any],
    loss: Callable[[Any, Any, jax.Array], Any],
    data: Any,
    *,
    steps: int,
    batch_size: int,
    learning_rate: float,
    key: jax.Array,
    begin: Any = None,
) -> tuple[Any, np.ndarray]:
    """Adam, the rate falling to zero along a cosine.

    Args:
        make: a model of a key; not used where `begin` is given.
        loss: `loss(model, batch, key)`, as for `sciml.fit`.
        data: arrays with a leading axis of seeds, then one of samples.
        steps: of the optimiser.
        batch_size: samples per step.
        learning_rate: at the start.
        key: random key.
        begin: models to go on from, with a leading axis of seeds.

    Returns:
        The models with a leading axis of seeds, and the losses `(steps, seeds)`.
    """
    seeds = jax.tree.leaves(data)[0].shape[0]
    make_key, fit_key = jax.random.split(key)
    models = eqx.filter_vmap(make)(jax.random.split(make_key, seeds)) if begin is None else begin

    def own(seeded: Seeded, batch: Any, key: jax.Array) -> Any:
        return loss(seeded.model, jax.tree.map(lambda leaf: leaf[:, seeded.seed], batch), key)

    optimizer = optax.chain(
        optax.clip_by_global_norm(1.0), optax.adam(optax.cosine_decay_schedule(learning_rate, steps))
    )
    result = sciml.fit(
        Seeded(models, jnp.arange(seeds)), own, jax.tree.map(lambda leaf: jnp.asarray(leaf).swapaxes(0, 1), data),
        optimizer=optimizer, steps=steps, batch_size=batch_size, seeds=seeds, progress=False, key=fit_key,
    )  # fmt: skip
    return result.model.model, result.history["loss"]


def parameters(models: Any, seeds: int) -> int:
    """Trained numbers of one model."""
    return sum(leaf.size for leaf in jax.tree.leaves(eqx.filter(models, eqx.is_inexact_array))) // seeds
