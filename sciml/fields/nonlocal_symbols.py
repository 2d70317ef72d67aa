"""Symbols of operators that are functions of the Laplacian and not differential operators."""

from typing import Any


def fractional_symbol(laplacian: Any, order: Any, xp: Any) -> Any:
    """`|k|^order` from `-|k|^2`; zero, with zero derivative by `order`, for the mean."""
    zero = laplacian == 0
    # The logarithm is taken of one at the mean, so that no infinity meets the derivative.
    power = xp.exp(0.5 * order * xp.log(xp.where(zero, xp.ones_like(laplacian), -laplacian)))
    return xp.where(zero, xp.zeros_like(power), power)


def helmholtz_symbol(laplacian: Any, shift: Any) -> Any:
    """`1 / (-|k|^2 - shift)`, for a positive shift."""
    return 1 / (laplacian - shift)
