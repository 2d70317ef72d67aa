"""Fields of a module that say where their values may lie, so that fits know it without being told."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, ArrayLike

from sciml.parameters.constraint import Constraint, Fixed, Positive, Real

CONSTRAINT = "constraint"
"""Key of the constraint in a field's metadata."""

if TYPE_CHECKING:

    class Parameter:
        """Type of a field that takes numbers, lists or arrays and holds a floating array."""

        def __get__(self, instance: object, owner: Any = None) -> Array: ...
        def __set__(self, instance: object, value: ArrayLike | Sequence[Any]) -> None: ...
else:
    Parameter = Array


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


def check_parameters(module: eqx.Module) -> None:
    """Refuse known values that the fields' constraints exclude; for `__check_init__` of a module with parameters.

    Values that are being traced are not known. The border of a set is let through: zero noise, a vanished variance.

    Raises:
        ValueError: names the parameter.
    """
    for field in dataclasses.fields(module):
        constraint, value = field.metadata.get(CONSTRAINT), getattr(module, field.name, None)
        # Any object may stand in a field while a tree is being mapped over.
        if not isinstance(constraint, Constraint) or not isinstance(value, jax.Array) or isinstance(value, Tracer):
            continue
        if not constraint.admits(np.asarray(value)):
            raise ValueError(f"{type(module).__name__}: `{field.name}` must be {constraint.condition}, got {value}.")


def floating_array(value: ArrayLike | Sequence[Any]) -> Array:
    """The value as an array of floating numbers; whole numbers take JAX's default precision."""
    array = jnp.asarray(value)
    return array if jnp.issubdtype(array.dtype, jnp.inexact) else array.astype(jnp.result_type(float))
