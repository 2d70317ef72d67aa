"""What a smoother is."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array

from sciml.solvers.multigrid.stencil import StencilOperator


@dataclass(frozen=True)
class Smoother:
    """A linear iteration for `A u = f`: static and hashable; what it needs of an operator is set up once per level."""

    @property
    def is_symmetric(self) -> bool:
        """Whether the sweeps after the correction are the transpose of those before it, as plain conjugate gradients need."""
        return True

    @abstractmethod
    def prepare(self, operator: StencilOperator) -> Any:
        """Arrays that the sweeps need (an inverse diagonal, factors of lines)."""

    @abstractmethod
    def smooth(self, operator: StencilOperator, prepared: Any, f: Array, padded: Array | None, *, after: bool) -> Array:
        """Improve an iterate.

        Args:
            operator: of the level.
            prepared: what `prepare` made of it.
            f: right-hand side, `(*shape)`.
            padded: iterate with its halo, or `None` for zero.
            after: whether this is the sweep after the coarse correction, which runs in the opposite order where order matters.

        Returns:
            The new iterate without halo.
        """


def inverse_diagonal(operator: StencilOperator) -> Array:
    """One over the diagonal; zero for what is no unknown."""
    return reciprocal(operator.centre)


def reciprocal(values: Array) -> Array:
    """`1 / values`, zero where they are."""
    empty = values == 0
    return jnp.where(empty, jnp.zeros_like(values), 1 / jnp.where(empty, jnp.ones_like(values), values))
