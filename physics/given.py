"""Sources and coefficients of an equation: a number, values on the grid, or a function of the coordinates."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from sciml.equation import Parameter
from sciml.fields import Field

if TYPE_CHECKING:
    Given: TypeAlias = Any
else:
    Given = Parameter | Callable
"""A number; values at the nodes, `(*grid.shape)` or `(components, *grid.shape)`; or `function(x, y, ...)` of the coordinates."""


def given_field(u: Field, value: Given) -> Any:
    """What is given as something to add to a field or to multiply it with.

    Args:
        u: any field of the discretisation that is to hold it.
        value: see `Given`. A function is evaluated at the points of the discretisation, on all of them at once.

    Returns:
        The number, or a field.
    """
    if callable(value):
        first, *others = (u.coordinate(axis) for axis in range(u.dimension))
        function: Any = value
        return first.map(function, *others, dealiasing="none")
    return value if np.ndim(value) == 0 else u.like(value)
