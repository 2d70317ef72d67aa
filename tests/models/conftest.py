"""Models with random weights that cost no compilation."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest


@pytest.fixture
def filled():
    """Give `filled(make, dtype=float64, seed=0)`: the model that `make(key)` would build, its arrays drawn by NumPy."""

    def give(make, dtype=jnp.float64, seed=0):
        generator = np.random.default_rng(seed)
        shapes = eqx.filter_eval_shape(make, jax.random.key(0))

        def draw(leaf):
            if not isinstance(leaf, jax.ShapeDtypeStruct):
                return leaf
            # Of the size of a usual start, so that activations are neither linear nor saturated.
            scale = 1 / np.sqrt(max(leaf.size / leaf.shape[0], 1)) if len(leaf.shape) > 1 else 0.3
            return jnp.asarray(scale * generator.standard_normal(leaf.shape), dtype)

        return jax.tree.map(draw, shapes)

    return give


@pytest.fixture
def draw():
    """Give `draw(*shape, dtype=float64)`: normal numbers, others at each call."""
    generator = np.random.default_rng(7)
    return lambda *shape, dtype=jnp.float64: jnp.asarray(generator.standard_normal(shape), dtype)
