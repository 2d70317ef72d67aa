"""The validation of a model: a set of samples through the loss, or a function of the user's."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from sciml.data.generator import Generator
from sciml.data.source import Source
from sciml.training.feeds import as_source
from sciml.training.step import Step


class Validation:
    """Means over a validation set, or what a function of the model gives.

    Args:
        given: tree of arrays, `Source`, or `function(model) -> dictionary of numbers`.
        step: gives the loss.
        batch_size: samples at a time; the last part may be smaller (one more compilation).
        seeds: number of seeds, or None.
        key: key of the loss.

    Raises:
        ValueError: it is a `Generator`, which has no fixed set.
    """

    def __init__(self, given: Any, step: Step, batch_size: int, seeds: int | None, key: Any) -> None:
        if isinstance(given, Generator):
            raise ValueError(
                "fit: `validation` must be a fixed set; draw one with `generator.draw(key, size)` and pass that."
            )
        self._function: Callable[[Any], Any] | None = None
        self._key, self._batch_size, self._seeds = key, batch_size, seeds
        if callable(given) and not isinstance(given, Source):
            self._function = given
            return
        self._source = as_source(given)

        def evaluate(parameters: Any, frozen: Any, batch: Any, key: Any) -> dict[str, Any]:
            value, metrics = step.value(parameters, frozen, batch, key)
            return {"loss": value, **metrics}

        self._evaluate = jax.jit(evaluate if seeds is None else jax.vmap(evaluate, in_axes=(0, 0, None, None)))

    def __call__(self, model: Any, parameters: Any, frozen: Any) -> dict[str, np.ndarray]:
        """Give the metrics: numbers, with seeds arrays `(seeds,)`."""
        if self._function is not None:
            return self._call_function(self._function, model)
        count = len(self._source)
        totals: dict[str, Any] = {}
        for start in range(0, count, self._batch_size):
            indices = np.arange(start, min(start + self._batch_size, count))
            batch = jax.tree.map(jnp.asarray, self._source.rows(indices))
            for name, value in self._evaluate(parameters, frozen, batch, self._key).items():
                totals[name] = totals.get(name, 0.0) + np.asarray(value, np.float64) * len(indices)
        return {name: np.asarray(total / count) for name, total in totals.items()}

    def _call_function(self, function: Callable[[Any], Any], model: Any) -> dict[str, np.ndarray]:
        given = function(model)
        if not isinstance(given, dict):
            raise TypeError(f"fit: `validation(model)` must give a dictionary of numbers, got {type(given).__name__}.")
        values = {name: np.asarray(value, np.float64) for name, value in given.items()}
        wanted = () if self._seeds is None else (self._seeds,)
        for name, value in values.items():
            if value.shape != wanted:
                raise ValueError(f"fit: validation metric {name!r} must have shape {wanted}, got {value.shape}.")
        return values
