"""Grids of time for sampling."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float


def shifted_times(steps: int, *, shift: float | None = None, tokens: int | None = None) -> Float[Array, " times"]:
    """`steps + 1` times from 0, noise, to 1, data, with more of them near the noise.

    In the papers' time `u`, 1 at the noise, a uniform grid is moved by `u -> e^mu u / (1 + (e^mu - 1) u)`.

    Args:
        steps: number of steps.
        shift: `mu`; 0 is uniform.
        tokens: number of tokens of an image in place of `shift`: 0.5 at 256 and 1.15 at 4096, on a straight line.

    Raises:
        ValueError: no steps, or both `shift` and `tokens`.

    Example:
        >>> [round(float(t), 3) for t in shifted_times(4, shift=1.0)]
        [0.0, 0.109, 0.269, 0.525, 1.0]

    Source: P. Esser et al., 2024 (arXiv 2403.03206), section 5.3; the line in `tokens` is that of the FLUX sampler.
    """
    if steps < 1 or (shift is not None and tokens is not None):
        raise ValueError(
            f"shifted_times: needs at least one step and one of `shift`, `tokens`; got {steps}, {shift}, {tokens}."
        )
    if tokens is not None:
        shift = 0.5 + (tokens - 256) * (1.15 - 0.5) / (4096 - 256)
    t = jnp.linspace(0.0, 1.0, steps + 1)
    factor = math.exp(shift or 0.0)
    # 1 - s(1 - t), written so that both ends are exact.
    return t / (t + factor * (1 - t))
