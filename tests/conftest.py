"""Strict settings for the whole suite: two virtual devices, strict dtype promotion, no silent rank promotion."""

import os
from importlib.metadata import version
from pathlib import Path

# Most of the suite's time is compilation, which these halve; pages, notebooks and `make demo` meet XLA's defaults too.
QUICK_COMPILATION = "--xla_cpu_use_fusion_emitters=false --xla_backend_optimization_level=1"


def flags_for_xla() -> str:
    """Two devices, so that sharding is tested on any machine; quick compilation where XLA knows how, unless flags are given."""
    given = os.environ.get("XLA_FLAGS", "")
    # XLA ends the process at a flag that it does not know.
    known = version("jaxlib").startswith("0.10.")
    return " ".join([given or (QUICK_COMPILATION if known else ""), "--xla_force_host_platform_device_count=2"])


# Set before JAX starts.
os.environ["XLA_FLAGS"] = flags_for_xla()
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
