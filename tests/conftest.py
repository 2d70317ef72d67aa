"""Strict settings for the whole suite: two virtual devices, strict dtype promotion, no silent rank promotion."""

import os
from pathlib import Path

from quick_compilation import flags_for_xla

# Set before JAX starts: sharding is tested on any machine, and every example runs in both precisions.
os.environ["XLA_FLAGS"] = flags_for_xla(devices=2)
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import pytest

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")

# Each compiled program holds several memory maps; Linux ends a process that asks for more than 65,530 of them.
MANY_MEMORY_MAPS = 10_000


@pytest.fixture(scope="module", autouse=True)
def forget_compiled_programs():
    """After a module that leaves very many compiled programs behind, drop them all."""
    yield
    maps = Path("/proc/self/maps")
    if maps.exists() and maps.read_bytes().count(b"\n") > MANY_MEMORY_MAPS:
        jax.clear_caches()


@pytest.fixture
def getkey():
    """Give a fresh random key at each call, the same ones in every run."""
    counter = iter(range(1_000_000))

    def give() -> jax.Array:
        return jax.random.fold_in(jax.random.key(2026), next(counter))

    return give
