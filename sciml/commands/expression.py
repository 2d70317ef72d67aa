"""Formulas from the command line, such as `-sin(pi*x)`: arithmetic and elementary functions, nothing else."""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sciml.commands.errors import UsageError

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(np, name)
    for name in ("sin", "cos", "tan", "atan", "exp", "log", "sqrt", "sinh", "cosh", "tanh", "abs", "sign")
}
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


def evaluate(text: str, variables: Mapping[str, np.ndarray]) -> np.ndarray:
    """Value of a formula at all nodes; `1j` is the imaginary unit.

    Raises:
        UsageError: for anything that is not arithmetic of numbers, variables and elementary functions.
    """
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        raise UsageError(f"cannot read the formula {text!r}; write it like 'sin(2*pi*x) + 0.5'") from None
    try:
        with np.errstate(all="ignore"):
            value = np.asarray(_value(body, variables))
    except (ArithmeticError, RecursionError) as error:
        raise UsageError(f"the formula {text!r} has no value: {error}") from None
    return np.broadcast_to(value, next(iter(variables.values())).shape)


def _value(node: ast.expr, variables: Mapping[str, np.ndarray]) -> Any:
    match node:
        case ast.Constant(value=float() | int() | complex() as number) if not isinstance(number, bool):
            return number if isinstance(number, complex) else float(number)
        case ast.Name(id=name) if name in variables or name in _CONSTANTS:
            return variables.get(name, _CONSTANTS.get(name))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(left, variables), _value(right, variables))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(operand, variables))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](_value(argument, variables))
    known = ", ".join([*variables, *_CONSTANTS, *_FUNCTIONS])
    raise UsageError(f"the formula holds {ast.unparse(node)!r}, which is not known; known: {known}")
