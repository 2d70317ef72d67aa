"""The compiled chunk: many steps in one loop whose trip count is traced, so one program serves every chunk length."""

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from sciml.training.feeds import Feed
from sciml.training.step import Step, TrainState, all_finite

# Steps whose metrics fit into the buffer: the longest chunk.
CAPACITY = 1024


class Program:
    """Runs `trips` steps from `first` on, as one call. The state given is donated: its arrays are gone afterwards.

    Args:
        step: one optimiser step.
        feed: where batches come from.
        batch_key: key of the order of the data; with many seeds an array of keys.
        loss_key: key that the loss gets, folded with the step; with many seeds an array of keys.
        seeds: number of seeds, or None.
        replicated: sharding of the state over a mesh, or None.
    """

    def __init__(
        self, step: Step, feed: Feed, batch_key: Any, loss_key: Any, seeds: int | None, replicated: Any
    ) -> None:
        self._feed = feed
        self._step = step if seeds is None else jax.vmap(step, in_axes=(0, 0, 0, 0, None))
        self._fold = jax.random.fold_in if seeds is None else jax.vmap(jax.random.fold_in, in_axes=(0, None))
        self._keys = (batch_key, loss_key)
        self._guarded = step.guard
        options = {} if replicated is None else {"out_shardings": replicated}
        self._jitted = jax.jit(self._chunk, donate_argnums=0, **options)
        self._replicated = replicated
        self._placed: Any = None
        self._placed_from: Any = None
        self._compiled: Any = None

    def compile(self, state: TrainState, frozen: Any) -> float:
        """Compile for these shapes; give the seconds it took."""
        start = time.perf_counter()
        self._compiled = self._jitted.lower(state, frozen, *self._inputs(0, 1)).compile()
        return time.perf_counter() - start

    def __call__(
        self, state: TrainState, frozen: Any, first: int, trips: int
    ) -> tuple[TrainState, dict[str, np.ndarray], bool]:
        """Run the chunk.

        Returns:
            The new state, each metric of each step as `(trips,)` (with seeds `(trips, seeds)`), and whether all
            parameters are finite at the end.
        """
        state, buffer, finite = self._compiled(state, frozen, *self._inputs(first, trips))
        metrics, good = jax.device_get((buffer, finite))
        return state, {name: np.asarray(values)[:trips] for name, values in metrics.items()}, bool(good)

    def place(self, tree: Any) -> Any:
        """Copy arrays to every device of the mesh, if there is one."""
        return tree if self._replicated is None else jax.device_put(tree, self._replicated)

    def batch(self, step: int) -> tuple[Any, Any]:
        """Give batch number `step` and the key of the loss there, for the diagnosis."""
        return jax.jit(self._draw)(self._feed.arrays, self._keys, jnp.asarray(step, jnp.int32))

    def batch_shapes(self) -> tuple[Any, Any]:
        """Give shapes and dtypes of what `batch` gives, without making it."""
        return jax.eval_shape(self._draw, self._feed.arrays, self._keys, jax.ShapeDtypeStruct((), jnp.int32))

    def _draw(self, arrays: Any, keys: Any, number: Any) -> tuple[Any, Any]:
        carry = self._feed.begin(arrays, number, keys[0])
        return self._feed.draw(arrays, carry, number, keys[0])[0], self._fold(keys[1], number)

    def _inputs(self, first: int, trips: int) -> tuple[Any, ...]:
        if self._placed is None or self._placed_from is not self._feed.arrays:
            self._placed_from = self._feed.arrays
            self._placed = self.place(self._feed.arrays)
        counters = (jnp.asarray(first, jnp.int32), jnp.asarray(trips, jnp.int32))
        return self._placed, *self.place((self._keys, *counters))

    def _chunk(self, state: Any, frozen: Any, arrays: Any, keys: Any, first: Any, trips: Any) -> Any:
        batch_key, loss_key = keys

        def one(state: Any, carry: Any, number: Any) -> Any:
            batch, carry = self._feed.draw(arrays, carry, number, batch_key)
            state, metrics = self._step(state, frozen, batch, self._fold(loss_key, number), number)
            return state, carry, metrics

        def body(index: Any, loop: Any) -> Any:
            state, carry, buffer = loop
            state, carry, metrics = one(state, carry, first + index)
            return state, carry, {name: values.at[index].set(metrics[name]) for name, values in buffer.items()}

        carry = self._feed.begin(arrays, first, batch_key)
        shapes = jax.eval_shape(one, state, carry, first)[2]
        buffer = {name: jnp.zeros((CAPACITY, *shape.shape), shape.dtype) for name, shape in shapes.items()}
        state, _, buffer = jax.lax.fori_loop(jnp.asarray(0, jnp.int32), trips, body, (state, carry, buffer))
        # With many seeds each step looks by itself.
        finite = jnp.asarray(True) if self._guarded else all_finite((state.parameters, state.average))
        return state, buffer, finite
