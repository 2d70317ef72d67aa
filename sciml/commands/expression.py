"""Formulas from the command line, such as `-sin(pi*x)`: arithmetic and elementary functions, nothing else."""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sciml.commands.errors import UsageError

_FUNCTIONS = ("sin", "cos", "tan", "atan", "exp", "log", "sqrt", "sinh", "cosh", "tanh", "abs", "sign")
_CONSTANTS = {"pi": math.pi, "e": math.e}
_OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


def evaluate(text: str, variables: Mapping[str, Any], xp: Any = np) -> Any:
    """Value of a formula at all nodes; `1j` is the imaginary unit.

    Args:
        text: the formula.
        variables: arrays by name, which broadcast.
        xp: `numpy`, or `jax.numpy` for a value that can be traced.

    Raises:
        UsageError: for anything that is not arithmetic of numbers, variables and elementary functions.
    """
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        raise UsageError(f"cannot read the formula {text!r}; write it like 'sin(2*pi*x) + 0.5'") from None
    try:
        with np.errstate(all="ignore"):
            value = xp.asarray(_value(body, variables, xp))
    except (ArithmeticError, RecursionError) as error:
        raise UsageError(f"the formula {text!r} has no value: {error}") from None
    return xp.broadcast_to(value, np.broadcast_shapes(*(np.shape(array) for array in variables.values())))


def number_of(text: str) -> float:
    """Value of a formula without variables, such as `pi/2`.

    Raises:
        UsageError: as `evaluate`, or if it is complex or not finite.
    """
    value = evaluate(text, {})
    if np.iscomplexobj(value) or not np.isfinite(value):
        raise UsageError(f"{text!r} is no finite real number")
    return float(value)


def _value(node: ast.expr, variables: Mapping[str, Any], xp: Any) -> Any:
    match node:
        case ast.Constant(value=float() | int() | complex() as number) if not isinstance(number, bool):
            return number if isinstance(number, complex) else float(number)
        case ast.Name(id=name) if name in variables or name in _CONSTANTS:
            return variables.get(name, _CONSTANTS.get(name))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(left, variables, xp), _value(right, variables, xp))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(operand, variables, xp))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            return getattr(xp, name)(_value(argument, variables, xp))
    known = ", ".join([*variables, *_CONSTANTS, *_FUNCTIONS])
    raise UsageError(f"the formula holds {ast.unparse(node)!r}, which is not known; known: {known}")
