"""Which array stopped being finite first, within one step."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from sciml.training.step import Step, TrainState, global_norm


def first_bad_leaf(step: Step, state: TrainState, frozen: Any, batch: Any, key: Any) -> tuple[str, str]:
    """Run one step in pieces and look at each array in the order in which it is made.

    Returns:
        The path of the first array with a value that is not finite, such as `gradients.layers[0].weight`, and a
        sentence.
    """
    for name, tree in (("batch", batch), ("frozen arrays", frozen), ("parameters", state.parameters)):
        found = _look(name, tree)
        if found is not None:
            return found
    value, metrics, gradients = jax.jit(step.gradients)(state.parameters, frozen, batch, key)
    found = _look("loss", value) or _look("gradients", gradients)
    if found is not None:
        return _with_metrics(found, metrics)
    if not np.isfinite(np.asarray(global_norm(gradients))):
        return "gradient_norm", "gradient_norm is not finite although every gradient is: their squares overflow"
    new = jax.jit(step.update)(state, value, gradients, frozen, batch, key)
    found = _look("updated parameters", new.parameters) or _look("averaged parameters", new.average)
    if found is not None:
        return found
    return (
        "loss",
        "no single array was found when the step was repeated in pieces: the value lies at the edge of its range",
    )


def _look(name: str, tree: Any) -> tuple[str, str] | None:
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        if not jnp.issubdtype(leaf.dtype, jnp.inexact):
            continue
        bad = ~np.asarray(jnp.isfinite(leaf))
        if bad.any():
            where = f"{name}{jax.tree_util.keystr(path)}"
            first = tuple(int(i) for i in np.argwhere(bad)[0])
            place = f", first at index {first}" if first else ""
            return where, f"{where} has {int(bad.sum())} of {bad.size} values not finite{place}"
    return None


def _with_metrics(found: tuple[str, str], metrics: dict[str, Any]) -> tuple[str, str]:
    bad = [name for name, value in metrics.items() if not np.isfinite(np.asarray(value))]
    return (found[0], f"{found[1]} (metrics not finite: {', '.join(bad)})") if bad else found
