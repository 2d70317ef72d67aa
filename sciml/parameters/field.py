"""Fields of a module that say where their values may lie, so that fits know it without being told."""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike

from sciml.parameters.constraint import Constraint, Fixed, Positive, Real

CONSTRAINT = "constraint"
"""Key of the constraint in a field's metadata."""


def parameter(constraint: Constraint | Fixed, **options: Any) -> Any:
    """A field of an `eqx.Module` that holds a floating array with a constraint; options as for `equinox.field`.

    Example:
        >>> import equinox as eqx
        >>> from jax import Array
        >>> from sciml.parameters import Interval, ParameterSpace, parameter
        >>> class Decay(eqx.Module):
        ...     fraction: Array = parameter(Interval(0.0, 1.0))
        >>> ParameterSpace(Decay(0.25)).names
        ('fraction',)
    """
    return eqx.field(converter=floating_array, metadata={CONSTRAINT: constraint}, **options)


def positive(**options: Any) -> Any:
    """A field for a positive parameter."""
    return parameter(Positive(), **options)


def real(**options: Any) -> Any:
    """A field for a parameter that may be any number."""
    return parameter(Real(), **options)


def fixed(**options: Any) -> Any:
    """A field whose arrays no fit touches: data, coordinates, tables."""
    return eqx.field(metadata={CONSTRAINT: Fixed()}, **options)


def floating_array(value: ArrayLike | Sequence[Any]) -> Array:
    """The value as an array of floating numbers; whole numbers take JAX's default precision."""
    array = jnp.asarray(value)
    return array if jnp.issubdtype(array.dtype, jnp.inexact) else array.astype(jnp.result_type(float))
