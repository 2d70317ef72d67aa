"""Learned fields with values in a bounded or a positive range, for stochastic and controlled equations."""

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.nde.vector_fields import DenseField


class BoundedField(eqx.Module):
    """`f(t, y, args) = scale tanh(network)`, of any shape: a drift, a diffusion matrix, the field of a controlled equation.

    The bound keeps solutions from exploding while the network is young.

    Attributes:
        network: of state, time and context.
        shape: of the result.
        scale: bound of its entries.

    Example:
        >>> field = BoundedField(2, (2, 3), width=8, depth=1, key=jax.random.key(0))
        >>> field(0.5, jnp.ones(2), None).shape
        (2, 3)
    """

    network: DenseField
    shape: tuple[int, ...] = eqx.field(static=True)
    scale: float = eqx.field(static=True)

    def __init__(
        self,
        size: int,
        shape: tuple[int, ...] | None = None,
        *,
        width: int,
        depth: int,
        activation: Callable[[Array], Array] = jax.nn.silu,
        scale: float = 1.0,
        context_size: int = 0,
        key: PRNGKeyArray,
    ):
        """Draw the network.

        Args:
            size: components of the state.
            shape: of the result; `(size,)` if left out.
            width: units of each hidden layer.
            depth: number of hidden layers.
            activation: a named elementwise function.
            scale: bound of the entries.
            context_size: length of `args`, 0 where they are not an input.
            key: random key.
        """
        self.shape, self.scale = (size,) if shape is None else shape, scale
        self.network = DenseField(
            size, out_size=math.prod(self.shape), width=width, depth=depth, activation=activation,
            context_size=context_size, key=key,
        )  # fmt: skip

    def __call__(self, t: Any, y: Float[Array, " size"], args: Any = None) -> Float[Array, "..."]:
        """Evaluate at one state."""
        return self.scale * jnp.tanh(self.network(t, y, args)).reshape(self.shape)


class PositiveField(eqx.Module):
    """A diagonal diffusion `g(t, y, args) > floor`, shape `(size,)`: it can be divided by, as divergences need.

    Attributes:
        network: of state and time.
        floor: lower bound.

    Example:
        >>> field = PositiveField(2, width=8, depth=1, key=jax.random.key(0))
        >>> bool(jnp.all(field(0.0, jnp.ones(2), None) > 0))
        True
    """

    network: DenseField
    floor: float = eqx.field(static=True)

    def __init__(self, size: int, *, width: int, depth: int, floor: float = 1e-2, key: PRNGKeyArray):
        """Draw the network.

        Args:
            size: components of the state.
            width: units of each hidden layer.
            depth: number of hidden layers.
            floor: lower bound of the values, positive.
            key: random key.
        """
        if not floor > 0:
            raise ValueError(f"PositiveField: `floor` must be positive, got {floor}.")
        self.network, self.floor = DenseField(size, width=width, depth=depth, key=key), floor

    def __call__(self, t: Any, y: Float[Array, " size"], args: Any = None) -> Float[Array, " size"]:
        """Evaluate at one state; `args` are not used."""
        return self.floor + jax.nn.softplus(self.network(t, y))
