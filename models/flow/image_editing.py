"""Inversion of images and their editing, where the sampling takes over attention values of the inversion (RF-Edit)."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from sciml.models.flow.conditioning import NO_CLASS
from sciml.models.flow.guidance import guided, is_one


@runtime_checkable
class RecordingVelocity(Protocol):
    """A velocity whose attention values can be recorded and replaced; `DiT` is one."""

    @property
    def depth(self) -> int:
        """Number of blocks."""
        ...

    def with_values(
        self, t: Any, x: Array, args: Any = None, *, given: Any = None, inject: Any = None
    ) -> tuple[Array, Array]:
        """Velocity and values `(blocks, tokens, width)`, see `DiT.with_values`."""
        ...


class Inversion(NamedTuple):
    """The noise of an image, and what the steps nearest to it looked at.

    Attributes:
        noise: `(c, n, m)`.
        values: of the attention, `(steps, calls, blocks, tokens, width)`. Step `i` is that between times `i` and `i + 1`, call 0
            that at the beginning of a step and call 1 that at its middle.
    """

    noise: Float[Array, "c n m"]
    values: Float[Array, "steps calls blocks tokens width"]


def invert_image(
    model: RecordingVelocity,
    image: Float[Array, "c n m"],
    times: Float[Array, " times"],
    label: Any = None,
    *,
    share: int = 0,
) -> Inversion:
    """From image to noise by RF-Solver (the midpoint rule), two evaluations per step, without guidance.

    Args:
        model: velocity of one image.
        image: data.
        times: of the sampling, from 0, noise, to 1, data; gone through backwards.
        label: class of the image, or None.
        share: number of steps nearest the noise whose values are recorded.

    Raises:
        TypeError: a model whose values cannot be recorded.
        ValueError: times or a share that do not fit.

    Example:
        >>> from sciml.models import DiT
        >>> model = DiT(1, patch=4, width=8, depth=2, heads=2, key=jax.random.key(0))
        >>> found = invert_image(model, jnp.ones((1, 8, 8)), jnp.linspace(0.0, 1.0, 6), share=2)
        >>> found.noise.shape, found.values.shape
        ((1, 8, 8), (2, 2, 2, 4, 8))
    """
    _check("invert_image", model, times, share)

    def step(x: Array, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        start, end = ends
        half = (end - start) / 2
        first, values = model.with_values(start, x, label)
        middle, more = model.with_values(start + half, x + half * first, label)
        return x + 2 * half * middle, jnp.stack([values, more])

    ends = times[1:].astype(image.dtype), times[:-1].astype(image.dtype)
    far, near = (
        jax.tree.map(lambda part, cut=cut: part[cut][::-1], ends) for cut in (slice(share, None), slice(share))
    )
    # The values of the first part are computed and dropped.
    x, _ = jax.lax.scan(lambda x, ends: (step(x, ends)[0], None), image, far)
    noise, values = jax.lax.scan(step, x, near)
    return Inversion(noise, values[::-1])


def resample_image(
    model: RecordingVelocity,
    inversion: Inversion,
    times: Float[Array, " times"],
    label: Any = None,
    *,
    blocks: Sequence[int] | None = None,
    guidance: Any = 1.0,
) -> Float[Array, "c n m"]:
    """From noise to an image by RF-Solver; the steps nearest the noise take the values of the inversion.

    The sampling step that begins where an inversion step ended takes its values, at its beginning those of the beginning of that step,
    in the middle those of the middle. With guidance both evaluations take them.

    Args:
        model: velocity of one image.
        inversion: of the image, with as many steps of values as are to be shared.
        times: those of the inversion.
        label: class that the image is to have, or None.
        blocks: numbers of the blocks that take the values; the later half by default.
        guidance: scale of classifier-free guidance; 1 is none.

    Raises:
        TypeError: a model whose values cannot be replaced.
        ValueError: times or blocks that do not fit.
    """
    share = inversion.values.shape[0]
    _check("resample_image", model, times, share)
    mask = _mask(model.depth, blocks)

    def velocity(t: Array, x: Array, replacing: dict[str, Array]) -> Array:
        told = model.with_values(t, x, label, **replacing)[0]
        if label is None or is_one(guidance):
            return told
        return guided(told, model.with_values(t, x, jnp.asarray(NO_CLASS), **replacing)[0], guidance)

    def step(x: Array, part: tuple[Array, Array, Any]) -> tuple[Array, None]:
        start, end, values = part
        calls = ({}, {}) if values is None else tuple({"given": call, "inject": mask} for call in values)
        half = (end - start) / 2
        middle = velocity(start + half, x + half * velocity(start, x, calls[0]), calls[1])
        return x + 2 * half * middle, None

    starts, ends = times[:-1].astype(inversion.noise.dtype), times[1:].astype(inversion.noise.dtype)
    x, _ = jax.lax.scan(step, inversion.noise, (starts[:share], ends[:share], inversion.values))
    return jax.lax.scan(step, x, (starts[share:], ends[share:], None))[0]


def edit_image(
    model: RecordingVelocity,
    image: Float[Array, "c n m"],
    times: Float[Array, " times"],
    source: Any,
    target: Any,
    *,
    share: int,
    blocks: Sequence[int] | None = None,
    guidance: Any = 2.0,
) -> Float[Array, "c n m"]:
    """Give an image another class and leave the rest of it: inversion, then sampling that shares attention values (RF-Edit).

    More shared steps keep more of the image and change less of it. `jax.vmap` makes batches.

    Args:
        model: velocity of one image, trained with classes.
        image: data.
        times: from 0, noise, to 1, data.
        source: class of the image, or None.
        target: class that it is to have.
        share: number of steps nearest the noise that share values; 0 edits by inversion alone.
        blocks: numbers of the blocks that share; the later half by default.
        guidance: scale of classifier-free guidance of the sampling; the inversion has none.

    Raises:
        TypeError: a model whose values cannot be recorded.
        ValueError: times, a share or blocks that do not fit.

    Example:
        >>> from sciml.models import DiT
        >>> model = DiT(1, patch=4, width=8, depth=2, heads=2, classes=3, key=jax.random.key(0))
        >>> edit_image(model, jnp.ones((1, 8, 8)), jnp.linspace(0.0, 1.0, 6), 0, 2, share=2).shape
        (1, 8, 8)

    Source: J. Wang et al., Taming Rectified Flow for Inversion and Editing, ICML 2025 (arXiv 2411.04746), and the code of its authors.
    """
    inversion = invert_image(model, image, times, source, share=share)
    return resample_image(model, inversion, times, target, blocks=blocks, guidance=guidance)


def _check(name: str, model: Any, times: Array, share: int) -> None:
    if not isinstance(model, RecordingVelocity):
        raise TypeError(
            f"{name}: `model` must be a velocity with the method `with_values`, such as `DiT`, got {type(model).__name__}."
        )
    if times.ndim != 1 or times.shape[0] < 2:
        raise ValueError(f"{name}: `times` must be at least two numbers, got shape {times.shape}.")
    if not isinstance(times, Tracer) and np.any(np.diff(np.asarray(times)) <= 0):
        raise ValueError(
            f"{name}: `times` must grow, from 0, noise, to 1, data; the inversion turns them round itself."
        )
    if not 0 <= share <= times.shape[0] - 1:
        raise ValueError(f"{name}: `share` must be between 0 and the {times.shape[0] - 1} steps, got {share}.")


def _mask(depth: int, blocks: Sequence[int] | None) -> Array:
    chosen = range(depth // 2, depth) if blocks is None else blocks
    if any(not -depth <= block < depth for block in chosen):
        raise ValueError(f"resample_image: `blocks` must be numbers from 0 to {depth - 1}, got {list(chosen)}.")
    mask = np.zeros(depth, bool)
    mask[list(chosen)] = True
    return jnp.asarray(mask)
