"""Descent by multiplication."""

from typing import Any

import jax
import jax.numpy as jnp
import optax


def exponentiated_gradient(learning_rate: float) -> optax.GradientTransformation:
    """Every parameter is multiplied by `exp(-learning_rate sign(w) gradient)`: none changes its sign, zeros stay.

    Weights keep their kind, exciting or inhibiting, as synapses do by Dale's law, and become log-normal rather than normal. Start from
    weights of the size and signs that they shall have; chain `optax.clip_by_global_norm` before it where gradients are large.

    Args:
        learning_rate: relative change per unit of gradient.

    Example:
        >>> optimizer = exponentiated_gradient(0.1)
        >>> weights = jnp.asarray([1.0, -2.0, 0.0])
        >>> updates, _ = optimizer.update(jnp.asarray([3.0, 3.0, 3.0]), optimizer.init(weights), weights)
        >>> [round(float(w), 4) for w in optax.apply_updates(weights, updates)]
        [0.7408, -2.6997, 0.0]

    Source: J. Kivinen & M. K. Warmuth, Information and Computation 132 (1997) 1; J. Cornford et al., Brain-like learning with
    exponentiated gradients, 2024.
    """

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        if params is None:
            raise ValueError("exponentiated_gradient: `update` needs the parameters as its third argument.")
        step = jax.tree.map(lambda g, w: w * jnp.expm1(-learning_rate * jnp.sign(w) * g), updates, params)
        return step, state

    return optax.GradientTransformation(lambda params: optax.EmptyState(), update)
