"""A model of the next frame applied to its own output."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


def unroll(
    model: Callable[..., Array],
    history: Float[Array, "history_channels *grid"],
    steps: int,
    *,
    key: PRNGKeyArray | None = None,
    checkpoint: bool = False,
) -> Float[Array, "steps channels *grid"]:
    """Predict frames one after the other, each from the last ones.

    The model maps the stacked last frames, oldest first, to the next frame; the prediction is appended and the oldest
    frame dropped. Losses on the result differentiate through the whole trajectory.

    Args:
        model: `model(history, key=key) -> frame`, `(history_channels, *grid)` to `(channels, *grid)`.
        history: the first frames stacked along the channels, oldest first.
        steps: number of frames to predict.
        key: random key, split over the steps; `None` passes `None` on.
        checkpoint: keep only the history of each step for the backward pass and compute the rest again.

    Returns:
        The predicted frames, shape `(steps, channels, *grid)`.

    Raises:
        ValueError: `steps` is less than 1, or the history is not a whole number of the model's frames.

    Example:
        >>> import jax.numpy as jnp
        >>> frames = unroll(lambda h, key=None: 2 * h[-1:], jnp.ones((3, 8)), 4)
        >>> frames.shape, float(frames[-1, 0, 0])
        ((4, 1, 8), 16.0)
    """
    if steps < 1:
        raise ValueError(f"unroll: `steps` must be at least 1, got {steps}.")
    channels = jax.eval_shape(lambda h: model(h, key=key), history).shape[0]
    if channels > history.shape[0] or history.shape[0] % channels:
        raise ValueError(
            f"unroll: `history` has {history.shape[0]} channels, which is no whole number of the "
            f"model's frames of {channels}."
        )

    def step(frames: Array, step_key: PRNGKeyArray | None) -> tuple[Array, Array]:
        frame = model(frames, key=step_key)
        return jnp.concatenate([frames[channels:], frame]), frame

    step = jax.checkpoint(step, prevent_cse=False) if checkpoint else step
    keys = None if key is None else jax.random.split(key, steps)
    return jax.lax.scan(step, history, keys, length=steps)[1]
