"""Sharded batches: placed evenly, equal to unsharded results, refused by name when they do not divide."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.parallel import batch_mesh, replicate, shard_batch

pytestmark = pytest.mark.skipif(len(jax.devices()) < 2, reason="needs two devices")


def test_sharded_equals_unsharded():
    x = jnp.arange(48.0).reshape(6, 8)
    sharded = shard_batch((x, {"y": 2 * x}), batch_mesh(jax.devices()[:2]))
    assert len(sharded[0].sharding.device_set) == 2
    total = jax.jit(lambda a, b: jnp.mean(jax.vmap(jnp.dot)(a, b)))
    assert float(total(sharded[0], sharded[1]["y"])) == pytest.approx(float(total(x, 2 * x)))


def test_replicate_keeps_what_is_not_an_array():
    tree = replicate({"weight": np.ones(3), "activation": jnp.tanh, "none": None})
    assert tree["weight"].sharding.is_fully_replicated and tree["activation"] is jnp.tanh and tree["none"] is None


def test_uneven_batches_are_named():
    with pytest.raises(ValueError, match=r"tree\['y'\].*\(5,\).*2 devices"):
        shard_batch({"y": jnp.ones(5)}, batch_mesh(jax.devices()[:2]))
