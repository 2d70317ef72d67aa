"""What families of initial states share: positions as fractions of the box, draws that do not depend on grid or precision."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, DTypeLike, Float, Key

from sciml.grid import Axis, Grid


def fractions(axis: Axis) -> np.ndarray:
    """Nodes of an axis, 0 at its lower and 1 at its upper end, float64."""
    return (axis.coordinates() - axis.lower) / axis.length


def uniform(
    shape: tuple[int, ...], bounds: tuple[float, float], *, dtype: DTypeLike, key: Key[Array, ""]
) -> Float[Array, "..."]:
    """Uniform numbers, drawn in single precision so that both precisions give the same function."""
    low, high = bounds
    return low + (high - low) * jax.random.uniform(key, shape, jnp.float32).astype(dtype)


def outer(factors: list[Float[Array, "terms _"]]) -> Float[Array, "..."]:
    """Sum over terms of the products of one function per axis."""
    if len(factors) == 1:
        return jnp.sum(factors[0], axis=0)
    terms = factors[0]
    for factor in factors[1:-1]:
        terms = terms[..., None] * factor.reshape(factor.shape[0], *[1] * (terms.ndim - 1), -1)
    return jnp.tensordot(terms, factors[-1], axes=(0, 0))


def float_dtype(dtype: DTypeLike | None) -> jnp.dtype:
    """The type of samples: as asked for, or JAX's default."""
    return jnp.dtype(jnp.result_type(float) if dtype is None else dtype)


def check_periodic(owner: str, grid: Grid, dimension: int | None = None) -> None:
    """Refuse a grid that is not periodic or of another dimension."""
    if not grid.periodic or dimension not in (None, grid.dimension):
        kind = "a periodic" if dimension is None else f"a periodic {dimension}-dimensional"
        raise ValueError(f"{owner}: `grid` must be {kind} grid, got {grid!r}.")


def check_bounds(owner: str, name: str, bounds: tuple[float, float], *, positive: bool = False) -> tuple[float, float]:
    """Refuse bounds that do not rise."""
    low, high = bounds
    if not low <= high or (positive and not low > 0):
        raise ValueError(
            f"{owner}: `{name}` must be two{' positive' if positive else ''} rising numbers, got {bounds}."
        )
    return float(low), float(high)
