"""Time derivatives of the solution of an ordinary differential equation, from its right-hand side alone."""

from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jax.experimental.jet import jet
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, PyTree

VectorField = Callable[[Any, PyTree, PyTree], PyTree]
Mode = Literal["jvp", "jet"]


def solution_derivatives(
    vector_field: VectorField, order: int, t: Any, y: PyTree, args: PyTree = None, *, mode: Mode = "jet"
) -> list[PyTree]:
    """`y', y'', ..., y^(order)` of the solution through `(t, y)`.

    Args:
        vector_field: `f(t, y, args)`.
        order: of the last derivative, at least one.
        t: time.
        y: state, a pytree of arrays of one dtype.
        args: for the vector field.
        mode: "jet", Taylor mode, costs about `order**2 / 2` evaluations and knows the usual functions only; "jvp", nested forward mode,
            costs `2**(order - 1)` and takes whatever JAX differentiates.

    Raises:
        ValueError: `order` below one.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.solvers.taylor import solution_derivatives
        >>> [float(d) for d in solution_derivatives(lambda t, y, args: -2.0 * y, 3, 0.0, jnp.asarray(1.0))]
        [-2.0, 4.0, -8.0]
    """
    if order < 1:
        raise ValueError(f"solution_derivatives: `order` must be at least one, got {order}.")
    flat, shaped = ravel_pytree(y)
    time = jnp.asarray(t, flat.dtype)

    def field(time: Array, flat: Array) -> Array:
        return ravel_pytree(vector_field(time, shaped(flat), args))[0]

    derivatives = _by_jet(field, order, time, flat) if mode == "jet" else _by_jvp(field, order, time, flat)
    return [shaped(derivative) for derivative in derivatives]


def _by_jet(field: Callable[[Array, Array], Array], order: int, time: Array, flat: Array) -> list[Array]:
    derivatives = [field(time, flat)]
    for known in range(1, order):
        # Derivatives of t are 1, 0, 0, ...; jet takes and gives derivatives, not Taylor coefficients.
        of_time = [jnp.ones_like(time)] + [jnp.zeros_like(time)] * (known - 1)
        _, higher = jet(field, (time, flat), (of_time, derivatives))
        derivatives = [derivatives[0], *higher]
    return derivatives


def _by_jvp(field: Callable[[Array, Array], Array], order: int, time: Array, flat: Array) -> list[Array]:
    """The total derivative `d/dt + (d/dy) f`, again and again."""

    def lowest(time: Array, flat: Array) -> tuple[Array, ...]:
        return (field(time, flat),)

    found = lowest
    for _ in range(1, order):
        found = _with_next(found)
    return list(found(time, flat))


def _with_next(known: Callable[[Array, Array], tuple[Array, ...]]) -> Callable[[Array, Array], tuple[Array, ...]]:
    def extended(time: Array, flat: Array) -> tuple[Array, ...]:
        values, push = jax.linearize(known, time, flat)
        return (*values, push(jnp.ones_like(time), values[0])[-1])

    return extended
