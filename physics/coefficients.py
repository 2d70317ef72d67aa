"""Coefficients that may be one number, one per axis or a matrix."""

from typing import Any

import numpy as np

from sciml.equation import Parameter
from sciml.fields import Field, total


def rank(coefficient: Parameter) -> int:
    """Number of axes of a coefficient; tuples may hold tracers."""
    if isinstance(coefficient, tuple | list):
        return 1 + rank(coefficient[0]) if coefficient else 1
    return np.ndim(coefficient)


def per_axis(coefficient: Parameter, axis: int) -> Parameter:
    """Entry of a coefficient that is one number for all axes or has one per axis."""
    return coefficient[axis] if rank(coefficient) else coefficient


def check_axes(name: str, coefficient: Parameter, dimension: int, *, most: int) -> None:
    """Raise where a coefficient has neither one entry nor one per axis (`most=2`: nor one per pair of axes)."""
    shape: list[int] = []
    inner: Any = coefficient
    for _ in range(rank(coefficient)):
        shape.append(len(inner))
        inner = inner[0]
    if len(shape) > most or any(size != dimension for size in shape):
        matrix = f", or a ({dimension}, {dimension}) matrix" if most == 2 else ""
        raise ValueError(
            f"`{name}` must be one number or one per axis, {dimension} of them{matrix}; got shape {tuple(shape)}."
        )


def advective_derivative(u: Field, velocity: Parameter) -> Field:
    """`velocity . grad(u)`."""
    check_axes("velocity", velocity, u.dimension, most=1)
    return total(per_axis(velocity, axis) * u.d(axis) for axis in range(u.dimension))


def anisotropic_diffusion(u: Field, diffusivity: Parameter) -> Field:
    """`sum_ij D_ij u_{x_i x_j}` for a number, one per axis or a matrix, of which the symmetric part counts."""
    check_axes("diffusivity", diffusivity, u.dimension, most=2)
    axes = range(u.dimension)
    if rank(diffusivity) < 2:
        return total(per_axis(diffusivity, axis) * u.d(axis, 2) for axis in axes)
    mixed = [(diffusivity[i][j] + diffusivity[j][i]) * u.d(i).d(j) for i in axes for j in axes if i < j]
    return total([diffusivity[i][i] * u.d(i, 2) for i in axes] + mixed)
