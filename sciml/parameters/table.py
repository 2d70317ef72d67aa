"""A table of the parameters of a model for people."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jax.core import Tracer

from sciml.parameters.leaves import is_number, named_leaves

if TYPE_CHECKING:
    from sciml.parameters.space import Parameter


def parameter_table(model: Any, parameters: "Sequence[Parameter]") -> str:
    """One line per number of the model: name, shape, value, constraint and prior."""
    free = {parameter.leaf: parameter for parameter in parameters}
    rows = [("parameter", "shape", "value", "constraint", "prior")]
    for position, (name, leaf, _) in enumerate(named_leaves(model)):
        found = free.get(position)
        if found is not None:
            prior = "" if found.prior is None else _short(found.prior)
            rows.append((name, str(found.shape), _value(leaf), _short(found.constraint), prior))
        elif is_number(leaf):
            rows.append((name, str(np.shape(leaf)), _value(leaf), "fixed", ""))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def _value(leaf: Any) -> str:
    if isinstance(leaf, Tracer):
        return "traced"
    array = np.asarray(leaf)
    if array.ndim == 0:
        return f"{float(array):.4g}"
    return f"{array.min():.3g} to {array.max():.3g}" if array.size else "empty"


def _short(module: Any) -> str:
    """`Normal(0, 1)` from `Normal(mean=0.0, deviation=1.0)`."""
    fields = [getattr(module, name) for name in module.__dataclass_fields__]
    numbers = [f"{value:.4g}" if isinstance(value, float | int) else _value(value) for value in fields]
    return f"{type(module).__name__}({', '.join(numbers)})"
