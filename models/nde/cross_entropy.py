"""Loss of a classifier of time series."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


def classification_loss(
    model: Any, batch: Any, key: PRNGKeyArray | None = None
) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
    """Mean cross-entropy of the labels, the model's results being logits; metrics are it and the accuracy.

    Args:
        model: called on the inputs of one sample, as `NeuralCDE` on times and values.
        batch: `(*inputs, labels)`, arrays with samples along the first axis; labels are whole numbers.
        key: not used.

    Example:
        >>> from sciml.models import NeuralCDE
        >>> model = NeuralCDE(1, 2, hidden=4, width=8, depth=1, interpolation="linear", window=2, key=jax.random.key(0))
        >>> batch = (jnp.tile(jnp.linspace(0.0, 1.0, 5), (3, 1)), jnp.ones((3, 5, 1)), jnp.asarray([0, 1, 1]))
        >>> sorted(classification_loss(model, batch)[1])
        ['accuracy', 'cross_entropy']
    """
    *inputs, labels = batch
    logits = jax.vmap(lambda *one: model(*one))(*inputs)
    if logits.ndim != 2 or labels.shape != logits.shape[:1]:
        raise ValueError(
            f"classification_loss: the model must give one vector of logits per label; got {logits.shape} for {labels.shape}."
        )
    scores = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)
    accuracy = jnp.mean((jnp.argmax(logits, axis=1) == labels).astype(logits.dtype))
    return -jnp.mean(scores), {"cross_entropy": -jnp.mean(scores), "accuracy": accuracy}
