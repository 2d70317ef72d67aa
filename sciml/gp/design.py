"""What was observed: values at points, or functionals. One set of functions for both."""

from collections.abc import Callable
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, DTypeLike, Float

from sciml.gp.functional import Functional, Functionals, operated
from sciml.kernels.derivatives import Pairs
from sciml.kernels.kernel import Kernel

Design: TypeAlias = Array | Functional | Functionals
"""Points `(n,)` or `(n, dimension)`, or functionals."""

Mean: TypeAlias = Callable[[Array], Array] | ArrayLike
"""A number, or a function of the point, `() -> ()` or `(dimension,) -> ()`."""


def as_design(points: object) -> Design:
    """Arrays as they are, whole numbers as floating ones, a single functional as a list of one.

    Raises:
        TypeError: it is a lattice, or no points at all.
    """
    if isinstance(points, Functionals):
        return points
    if isinstance(points, Functional):
        return Functionals(points)
    if isinstance(points, tuple | list):
        raise TypeError(
            "points are one array, (n,) or (n, dimension); a tuple of coordinates is a lattice, which `Kronecker` takes."
        )
    array = jnp.asarray(points)
    if array.ndim not in (1, 2):
        raise ValueError(f"points have shape (n,) or (n, dimension), got {array.shape}.")
    return array if jnp.issubdtype(array.dtype, jnp.floating) else array.astype(jnp.result_type(float))


def design_dtype(design: Design) -> DTypeLike:
    """Dtype of the points."""
    return _parts(design)[0].points.dtype if not isinstance(design, jax.Array) else design.dtype


def count(design: Design) -> int:
    """Number of observations."""
    return design.shape[0] if isinstance(design, jax.Array) else design.size


def covariance(kernel: Kernel, first: Design, second: Design | None = None) -> Float[Array, "n m"]:
    """Covariance between two sets of observations, or of one with itself."""
    if isinstance(first, jax.Array) and (second is None or isinstance(second, jax.Array)):
        return kernel.gram(first, second)
    kernel = kernel.cast(design_dtype(first))
    if second is None:
        return (first if isinstance(first, Functionals) else Functionals(*_parts(first))).covariance(kernel)
    rows = [
        [operated(kernel, Pairs.of(a.points, b.points), a.linearised()[0], b.linearised()[0]) for b in _parts(second)]
        for a in _parts(first)
    ]
    return jnp.block(rows)


def variance(kernel: Kernel, design: Design) -> Float[Array, " n"]:
    """Prior variances of observations."""
    if isinstance(design, jax.Array):
        return kernel.diagonal(design)
    kernel = kernel.cast(design_dtype(design))
    return jnp.concatenate([_part_variance(kernel, part) for part in _parts(design)])


def block_means(design: Design, values: Float[Array, " n"]) -> Float[Array, " n"]:
    """The mean over all observations of one kind, in place of each: kinds have different units."""
    sizes = [design.shape[0]] if isinstance(design, jax.Array) else [part.size for part in _parts(design)]
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    blocks = [values[end - size : end] for end, size in zip(ends, sizes)]
    return jnp.concatenate([jnp.full_like(block, jnp.mean(block)) for block in blocks])


def prior_mean(mean: Mean, design: Design) -> Float[Array, " n"]:
    """Prior mean of observations; that of an affine functional includes its constant part."""
    if isinstance(design, jax.Array):
        if callable(mean):
            return jax.vmap(mean)(design)
        return jnp.full(design.shape[0], jnp.asarray(mean).astype(design.dtype))
    return jnp.concatenate([part.of(_function(mean, part)) for part in _parts(design)])


def _function(mean: Mean, part: Functional) -> Callable[[Array], Array]:
    if not callable(mean):
        level = jnp.asarray(mean).astype(part.points.dtype)
        return lambda point: level + 0 * point[0]
    scalar = part.points.shape[1] == 1
    return lambda point: mean(point[0] if scalar else point)


def _part_variance(kernel: Kernel, part: Functional) -> Array:
    """One matrix of a single pair for each point, since only the diagonal is asked for."""
    coefficients, _ = part.linearised()

    def at(point: Array, here: dict) -> Array:
        single = Pairs.of(point[None], point[None])
        return operated(kernel, single, here, here)[0, 0]

    return jax.lax.map(lambda args: at(args[0], {a: c[None] for a, c in args[1].items()}), (part.points, coefficients))


def _parts(design: Design) -> tuple[Functional, ...]:
    if isinstance(design, Functionals):
        return design.parts
    return (design,) if isinstance(design, Functional) else (Functional.value(design),)
