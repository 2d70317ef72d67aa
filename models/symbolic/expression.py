"""Expressions as trees, and vector fields made of them."""

from typing import Any, TypeAlias

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

Expression: TypeAlias = tuple
"""`("x", i)` a component, `("c", i)` a constant, else the name of an operation and its operands."""

BINARY = ("add", "sub", "mul")
UNARY = ("sin", "cos", "exp", "square")
_SIGNS = {"add": "+", "sub": "-", "mul": "*"}


def evaluate(expression: Expression, y: Any, constants: Any, numbers: Any) -> Any:
    """Value of an expression; components of the state lie along the last axis of `y`, `numbers` is NumPy or JAX' one."""
    name, *operands = expression
    if name == "x":
        return y[..., operands[0]]
    if name == "c":
        return constants[operands[0]]
    values = [evaluate(one, y, constants, numbers) for one in operands]
    if name == "add":
        return values[0] + values[1]
    if name == "sub":
        return values[0] - values[1]
    if name == "mul":
        return values[0] * values[1]
    if name == "square":
        return values[0] * values[0]
    return getattr(numbers, name)(values[0])


def complexity(expression: Expression) -> int:
    """Number of nodes."""
    if expression[0] in ("x", "c"):
        return 1
    return 1 + sum(complexity(one) for one in expression[1:])


def constants_of(expression: Expression) -> int:
    """Number of constants."""
    if expression[0] in ("x", "c"):
        return int(expression[0] == "c")
    return sum(constants_of(one) for one in expression[1:])


def renumbered(expression: Expression, first: int = 0) -> Expression:
    """The same with its constants numbered from `first`, left to right."""
    counter = iter(range(first, first + constants_of(expression)))

    def walk(one: Expression) -> Expression:
        if one[0] == "c":
            return ("c", next(counter))
        return one if one[0] == "x" else (one[0], *(walk(part) for part in one[1:]))

    return walk(expression)


def expression_text(expression: Expression, constants: Any, *, digits: int = 4) -> str:
    """An expression as one reads it.

    Example:
        >>> expression_text(("add", ("mul", ("c", 0), ("x", 1)), ("sin", ("x", 0))), [2.0])
        '2 * x1 + sin(x0)'
    """
    name, *operands = expression
    if name == "x":
        return f"x{operands[0]}"
    if name == "c":
        return f"{float(constants[operands[0]]):.{digits}g}"
    parts = [expression_text(one, constants, digits=digits) for one in operands]
    if name not in BINARY:
        return f"{name}({parts[0]})"
    weaker = ("add", "sub") if name == "mul" else ()
    parts = [f"({text})" if one[0] in weaker else text for one, text in zip(operands, parts)]
    if name == "sub" and operands[1][0] in ("add", "sub"):
        parts[1] = f"({parts[1]})"
    return f"{parts[0]} {_SIGNS[name]} {parts[1]}"


class ExpressionField(eqx.Module):
    """A vector field of one expression per component, for `NeuralODE` and diffrax; its constants are trained.

    Attributes:
        constants: of all expressions.
        expressions: one per component.

    Example:
        >>> field = ExpressionField(jnp.asarray([-2.0]), (("x", 1), ("mul", ("c", 0), ("sin", ("x", 0)))))
        >>> field.equations()
        ("x0' = x1", "x1' = -2 * sin(x0)")
        >>> field(0.0, jnp.asarray([jnp.pi / 2, 3.0]), None).tolist()
        [3.0, -2.0]
    """

    constants: Float[Array, " constants"]
    expressions: tuple[Expression, ...] = eqx.field(static=True)

    def __call__(self, t: Any, y: Float[Array, " size"], args: Any = None) -> Float[Array, " size"]:
        """Evaluate at one state."""
        numbers = self.constants.astype(y.dtype)
        values = [evaluate(one, y, numbers, jnp) for one in self.expressions]
        return jnp.stack([jnp.asarray(value, y.dtype) for value in values])

    def equations(self, *, digits: int = 4) -> tuple[str, ...]:
        """One line per component."""
        numbers = np.asarray(self.constants)
        texts = [expression_text(one, numbers, digits=digits) for one in self.expressions]
        return tuple(f"x{j}' = {text}" for j, text in enumerate(texts))
