"""Samples that are made on the device while training, for instance by a solver."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
from jaxtyping import PRNGKeyArray

from sciml import fingerprint


@dataclass(frozen=True)
class Generator:
    """Draws batches by running `sample` on the device inside the training step.

    Batch number `step` depends on the key of `sciml.fit` and `step` alone, so nothing is stored and a resumed run
    sees the same samples. When making samples is dear, `refresh=k` keeps a pool of `pool` batches in device memory,
    renews the oldest batch every `k` steps and draws from the pool in a new random order each time it is used up; the
    pool is made again at resume, not saved.

    Attributes:
        sample: `sample(key) -> example`, a tree of arrays of one sample, traceable by JAX; vmapped over keys.
        refresh: steps between renewals; 1 makes each batch anew.
        pool: batches in the pool (only with `refresh > 1`).

    Raises:
        ValueError: `refresh` or `pool` is below 1, or `pool > 1` without `refresh > 1`.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from sciml.data import Generator
        >>> def sample(key):
        ...     x = jax.random.uniform(key, (1,))
        ...     return {"inputs": x, "outputs": jnp.sin(x)}
        >>> Generator(sample).draw(jax.random.key(0), 16)["outputs"].shape
        (16, 1)
    """

    sample: Callable[[PRNGKeyArray], Any]
    refresh: int = 1
    pool: int = 1

    def __post_init__(self) -> None:
        if self.refresh < 1 or self.pool < 1:
            raise ValueError(f"Generator: `refresh` and `pool` must be at least 1, got {self.refresh} and {self.pool}.")
        if self.pool > 1 and self.refresh == 1:
            raise ValueError("Generator: a pool is only kept with `refresh` of 2 or more; with 1 each batch is new.")

    def draw(self, key: PRNGKeyArray, size: int) -> Any:
        """Make `size` samples: the tree of `sample` with a leading axis; for instance a fixed validation set."""
        return jax.vmap(self.sample)(jax.random.split(key, size))

    def fingerprint(self) -> str:
        """Sum of the program that makes a sample, and of how it is used."""
        program = fingerprint.of_function(self.sample, jax.random.key(0))
        return fingerprint.of_text(program, str(self.refresh), str(self.pool))
