"""Matrices of a few rows as lists of their entries, each a number or an array of them.

Written out, products of small matrices stay scalar inside a compiled loop, and zeros that are known cost nothing.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

Vector = list[Any]
Symmetric = dict[tuple[int, int], Any]
"""Entries on and above the diagonal."""
Blocks = Sequence[Sequence[Sequence[Any]]]
"""A block-diagonal matrix: blocks of rows of entries."""


class Observation(NamedTuple):
    """The vector `h`: entries, and which of them are known to be 0 or 1 (None: not known)."""

    entries: Vector
    known: tuple[float | None, ...]

    def dot(self, vector: Vector) -> Any:
        """`h . x`."""
        return add(*(self.times(i, x) for i, x in enumerate(vector)))

    def times(self, i: int, x: Any) -> Any:
        """`h_i x`, None where it is zero."""
        match self.known[i]:
            case 0.0:
                return None
            case 1.0:
                return x
            case _:
                return self.entries[i] * x

    def seen(self) -> list[int]:
        """Places that may differ from zero."""
        return [i for i, value in enumerate(self.known) if value != 0.0]


def known_entries(observation: Any) -> tuple[float | None, ...]:
    """Which entries of an observation are 0 or 1, as far as can be told while tracing."""
    if isinstance(observation, np.ndarray):
        return tuple(float(x) if x in (0.0, 1.0) else None for x in observation)
    return (None,) * observation.shape[0]


def add(*terms: Any) -> Any:
    """Sum of the terms that are there."""
    present = [term for term in terms if term is not None]
    total = present[0]
    for term in present[1:]:
        total = total + term
    return total


def pairs(size: int) -> list[tuple[int, int]]:
    """Places on and above the diagonal."""
    return [(i, j) for i in range(size) for j in range(i, size)]


def entry(matrix: Symmetric, i: int, j: int) -> Any:
    """An entry of a symmetric matrix."""
    return matrix[min(i, j), max(i, j)]


def apply_symmetric(matrix: Symmetric, vector: Vector) -> Vector:
    """`M x`."""
    size = len(vector)
    return [add(*(entry(matrix, i, j) * vector[j] for j in range(size))) for i in range(size)]


def rows_of(blocks: Blocks, transposed: bool = False) -> list[list[tuple[int, Any]]]:
    """For each row of a block-diagonal matrix its places and entries."""
    rows, start = [], 0
    for block in blocks:
        size = len(block)
        for i in range(size):
            rows.append([(start + j, block[j][i] if transposed else block[i][j]) for j in range(size)])
        start += size
    return rows


def apply_blocks(rows: list[list[tuple[int, Any]]], vector: Vector) -> Vector:
    """`A x` for the rows of `A`."""
    return [add(*(value * vector[j] for j, value in row)) for row in rows]


def times_symmetric(rows: list[list[tuple[int, Any]]], matrix: Symmetric) -> list[Vector]:
    """`A M`, all entries."""
    size = len(rows)
    return [[add(*(value * entry(matrix, k, j) for k, value in row)) for j in range(size)] for row in rows]


def congruence(rows: list[list[tuple[int, Any]]], matrix: Symmetric) -> Symmetric:
    """`A M A^T`."""
    left = times_symmetric(rows, matrix)
    return {(i, j): add(*(left[i][k] * value for k, value in rows[j])) for i, j in pairs(len(rows))}
