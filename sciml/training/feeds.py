"""Where batches come from. Batch number `step` depends on the key and `step` alone, whatever the chunks were.

A feed has two sides: `advance`, `limit`, `arrays` and `close` run on the host between chunks; `begin` and `draw` are
traced into the compiled chunk. Keys are one key, or with many seeds an array of keys; batches then have a leading
axis of seeds.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from sciml import fingerprint
from sciml.data.arrays import ArraySource
from sciml.data.dataset import Dataset
from sciml.data.generator import Generator
from sciml.data.source import Source

# A block of rows read ahead stays below this, and below this many batches.
BLOCK_BYTES = 64 * 2**20
BLOCK_STEPS = 64


class Feed:
    """A feed that needs nothing between chunks; the kinds below say what differs."""

    arrays: Any = ()

    def advance(self, step: int) -> None:
        """Make `arrays` ready for `limit(step)` steps from `step` on."""
        return None

    def limit(self, step: int) -> int:
        """Give the number of steps that may be run from `step` before `advance` must be called again."""
        return 2**31

    def begin(self, arrays: Any, step: Any, key: Any) -> Any:
        """Give what is carried from step to step, recomputed from `step`."""
        return ()

    def draw(self, arrays: Any, carry: Any, step: Any, key: Any) -> tuple[Any, Any]:
        """Give batch number `step` and the new carry."""
        raise NotImplementedError

    def fingerprint(self) -> str:
        """Text that changes when the data do."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop reading."""
        return None


class ResidentFeed(Feed):
    """Samples in device memory, visited once per epoch in a random order; a last incomplete batch of an epoch is
    dropped."""

    def __init__(self, arrays: Any, count: int, batch_size: int, seeds: int | None) -> None:
        self.arrays = jax.tree.map(jnp.asarray, arrays)
        self._count, self._batch_size, self._seeds = count, batch_size, seeds
        self._per_epoch = count // batch_size

    def begin(self, arrays: Any, step: Any, key: Any) -> Any:
        """Give the order of this epoch."""
        return self._order(step, key)

    def draw(self, arrays: Any, carry: Any, step: Any, key: Any) -> tuple[Any, Any]:
        """Take the next rows of the order; make a new one at each epoch."""
        position = step % self._per_epoch
        order = jax.lax.cond(position == 0, lambda: self._order(step, key), lambda: carry)
        chosen = jax.lax.dynamic_slice_in_dim(order, position * self._batch_size, self._batch_size, axis=-1)
        return jax.tree.map(lambda leaf: leaf.at[chosen].get(mode="promise_in_bounds"), arrays), order

    def fingerprint(self) -> str:
        """Sum of all bytes."""
        return fingerprint.of_arrays(self.arrays)

    def _order(self, step: Any, key: Any) -> Any:
        return per_seed(lambda one: epoch_order(one, step // self._per_epoch, self._count), self._seeds)(key)


class GeneratorFeed(Feed):
    """A new batch at each step, made inside the step."""

    def __init__(self, generator: Generator, batch_size: int, seeds: int | None) -> None:
        self._generator, self._batch_size, self._seeds = generator, batch_size, seeds

    def draw(self, arrays: Any, carry: Any, step: Any, key: Any) -> tuple[Any, Any]:
        """Make the samples of this step."""
        make = per_seed(lambda one: self._generator.draw(jax.random.fold_in(one, step), self._batch_size), self._seeds)
        return make(key), carry

    def fingerprint(self) -> str:
        """Sum of the program that makes a sample."""
        return self._generator.fingerprint()


class PoolFeed(Feed):
    """A pool of batches in device memory, the oldest one renewed every `refresh` steps.

    Renewal is a program of its own, called between chunks: inside the chunk the first filling and the renewals would
    be two copies of the same code, which need not agree in the last bit. Block number `g` is made from `g` alone;
    after `r` renewals the pool holds blocks `r` to `r + pool - 1`, block `g` at place `g % pool`.
    """

    def __init__(self, generator: Generator, batch_size: int, seeds: int | None, key: Any) -> None:
        self._generator, self._batch_size = generator, batch_size
        self._inner = ResidentFeed((), generator.pool * batch_size, batch_size, seeds)
        self._key = key
        self._newest = -1
        self._renew = jax.jit(self._renew_block, donate_argnums=0)
        shapes = jax.eval_shape(lambda: generator.draw(key, batch_size))
        self.arrays = jax.tree.map(
            lambda leaf: jnp.zeros((generator.pool * batch_size, *leaf.shape[1:]), leaf.dtype), shapes
        )

    def advance(self, step: int) -> None:
        """Renew what is older than this step allows."""
        newest = step // self._generator.refresh + self._generator.pool - 1
        oldest = newest - self._generator.pool + 1
        for block in range(max(self._newest + 1, oldest), newest + 1):
            self.arrays = self._renew(self.arrays, jnp.asarray(block, jnp.int32))
        self._newest = newest

    def limit(self, step: int) -> int:
        """Steps to the next renewal."""
        return self._generator.refresh - step % self._generator.refresh

    def begin(self, arrays: Any, step: Any, key: Any) -> Any:
        """Give the order in which the pool is used."""
        return self._inner.begin(arrays, step, key)

    def draw(self, arrays: Any, carry: Any, step: Any, key: Any) -> tuple[Any, Any]:
        """Take the next rows of the pool."""
        return self._inner.draw(arrays, carry, step, key)

    def fingerprint(self) -> str:
        """Sum of the program that makes a sample."""
        return self._generator.fingerprint()

    def _renew_block(self, pool: Any, block: Any) -> Any:
        made = self._generator.draw(jax.random.fold_in(self._key, block), self._batch_size)
        start = (block % self._generator.pool) * self._batch_size
        return jax.tree.map(lambda old, new: jax.lax.dynamic_update_slice_in_dim(old, new, start, axis=0), pool, made)


class BlockFeed(Feed):
    """Rows of a source on disk: blocks of batches read by one thread, one block ahead."""

    def __init__(self, source: Source, batch_size: int, seeds: int | None, key: Any, steps: int) -> None:
        self._source, self._batch_size, self._seeds, self._steps = source, batch_size, seeds, steps
        self._per_epoch = len(source) // batch_size
        self._keys = [key] if seeds is None else list(key)
        self._orders: dict[int, np.ndarray] = {}
        self._order_program = jax.jit(lambda one, epoch: epoch_order(one, epoch, len(source)))
        row = source.rows(np.zeros(1, np.int64))
        size = sum(leaf.nbytes for leaf in jax.tree.leaves(row)) * batch_size * (seeds or 1)
        self._block = max(1, min(BLOCK_STEPS, BLOCK_BYTES // max(size, 1), steps))
        self.arrays = (jax.ShapeDtypeStruct((), jnp.int32), jax.tree.map(self._shape, row))
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sciml-reader")
        self._ahead: dict[int, Future[Any]] = {}
        self._current = -1

    def advance(self, step: int) -> None:
        """Put the block of this step on the device and start reading the next one."""
        number = step // self._block
        if number == self._current:
            return
        rows = (self._ahead.pop(number, None) or self._start(number)).result()
        first = jnp.asarray(number * self._block, jnp.int32)
        self.arrays = (first, jax.tree.map(jnp.asarray, rows))
        self._current = number
        self._ahead = {}
        if (number + 1) * self._block < self._steps:
            self._ahead[number + 1] = self._start(number + 1)

    def limit(self, step: int) -> int:
        """Steps to the end of the block."""
        return self._block - step % self._block

    def draw(self, arrays: Any, carry: Any, step: Any, key: Any) -> tuple[Any, Any]:
        """Take one batch out of the block."""
        first, rows = arrays
        return jax.tree.map(lambda leaf: jax.lax.dynamic_index_in_dim(leaf, step - first, keepdims=False), rows), carry

    def fingerprint(self) -> str:
        """Ask the source."""
        return self._source.fingerprint()

    def close(self) -> None:
        """Stop the reader."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _shape(self, row: Any) -> jax.ShapeDtypeStruct:
        batch = (self._batch_size,) if self._seeds is None else (self._seeds, self._batch_size)
        shape = (self._block, *batch, *row.shape[1:])
        return jax.ShapeDtypeStruct(shape, jax.dtypes.canonicalize_dtype(row.dtype))

    def _start(self, number: int) -> "Future[Any]":
        # The orders are drawn here, by the main thread: the reader only reads.
        steps = range(number * self._block, (number + 1) * self._block)
        indices = np.stack([self._indices(step) for step in steps])
        return self._pool.submit(self._read, indices)

    def _indices(self, step: int) -> np.ndarray:
        epoch, position = divmod(step, self._per_epoch)
        if epoch not in self._orders:
            number = np.int32(epoch)
            orders = [np.asarray(self._order_program(key, number)) for key in self._keys]
            self._orders = {old: self._orders[old] for old in self._orders if old == epoch - 1}
            self._orders[epoch] = np.stack(orders)
        rows = self._orders[epoch][:, position * self._batch_size : (position + 1) * self._batch_size]
        return rows[0] if self._seeds is None else rows

    def _read(self, indices: np.ndarray) -> Any:
        rows = self._source.rows(indices.reshape(-1).astype(np.int64))
        return jax.tree.map(lambda leaf: leaf.reshape(*indices.shape, *leaf.shape[1:]), rows)


def epoch_order(key: Any, epoch: Any, count: int) -> Any:
    """Give the order of the samples in an epoch: int32 `(count,)`."""
    return jax.random.permutation(jax.random.fold_in(key, epoch), count).astype(jnp.int32)


def per_seed(function: Callable[[Any], Any], seeds: int | None) -> Callable[[Any], Any]:
    """Vmap a function of the key when there are many seeds."""
    return function if seeds is None else jax.vmap(function)


def as_source(data: Any) -> Source:
    """Give a `Source` for a `Source`, a `Dataset` or a tree of arrays."""
    if isinstance(data, Dataset):
        return data.source()
    return data if isinstance(data, Source) else ArraySource(data)


def make_feed(data: Any, batch_size: int, seeds: int | None, key: Any, pool_key: Any, steps: int) -> Feed:
    """Choose the feed for what the user gave: a `Generator`, a `Source` or a tree of arrays.

    Raises:
        ValueError: there are fewer samples than a batch takes, or the arrays do not share their leading axis.
    """
    if isinstance(data, Generator):
        if data.refresh == 1:
            return GeneratorFeed(data, batch_size, seeds)
        return PoolFeed(data, batch_size, seeds, pool_key)
    source = as_source(data)
    if len(source) < batch_size:
        raise ValueError(f"fit: `batch_size` is {batch_size}, but the data hold only {len(source)} samples.")
    arrays = source.arrays()
    if arrays is None:
        return BlockFeed(source, batch_size, seeds, key, steps)
    return ResidentFeed(arrays, len(source), batch_size, seeds)
