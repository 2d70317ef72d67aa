"""Gauss-Seidel by colours: unknowns that are not coupled are relaxed at once."""

import itertools
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from sciml.solvers.multigrid.smoothers.base import Smoother, inverse_diagonal
from sciml.solvers.multigrid.stencil import StencilOperator, interior


@dataclass(frozen=True)
class ColouredGaussSeidel(Smoother):
    """Relax the unknowns colour by colour: two colours (red and black) where no diagonal neighbours couple, else `2^dimension`.

    Each colour costs one application of the stencil. A stationary cycle converges best with the same order before and after the
    correction (0.11 per V(1,1) cycle for the Laplacian in two dimensions, against 0.26); conjugate gradients need the symmetric one.

    Attributes:
        sweeps: over all colours.
        relaxation: 1 for Gauss-Seidel; about 1.15 converges a little faster in two dimensions.
        symmetric: run backwards after the correction.
    """

    sweeps: int = 1
    relaxation: float = 1.0
    symmetric: bool = False

    @property
    def is_symmetric(self) -> bool:
        """Only if it runs backwards after the correction."""
        return self.symmetric

    def prepare(self, operator: StencilOperator) -> Array:
        """The inverse diagonal."""
        return inverse_diagonal(operator)

    def smooth(
        self, operator: StencilOperator, prepared: Array, f: Array, padded: Array | None, *, after: bool
    ) -> Array:
        """All sweeps."""
        values = jnp.zeros_like(f) if padded is None else interior(padded)
        colours = _colours(operator)
        if after and self.symmetric:
            colours = colours[::-1]
        for colour in colours * self.sweeps:
            padded = operator.with_halo(values)
            update = self.relaxation * prepared * (f - operator.apply(padded))
            values = interior(padded) + jnp.where(colour, update, jnp.zeros_like(update))
        return values


def _colours(operator: StencilOperator) -> list[Any]:
    parities = [jax.lax.broadcasted_iota(jnp.int32, operator.shape, a) % 2 for a in range(operator.dimension)]
    if all(sum(map(abs, offset)) == 1 for offset in operator.offsets):
        black = sum(parities[1:], start=parities[0]) % 2
        return [black == 0, black == 1]
    masks = []
    for pattern in itertools.product((0, 1), repeat=operator.dimension):
        same = [parity == bit for parity, bit in zip(parities, pattern)]
        mask = same[0]
        for other in same[1:]:
            mask = mask & other
        masks.append(mask)
    return masks
