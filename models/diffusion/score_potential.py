"""A score that is a gradient."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.mlp import MLP


class ScorePotential(eqx.Module):
    """A network for the logarithm of the density, `phi(t, x)`; its gradient is the score, conservative by construction.

    Attributes:
        network: dense network of time and position.

    Example:
        >>> model = ScorePotential(2, width=8, depth=2, key=jax.random.key(0))
        >>> model(0.5, jnp.ones(2)).shape, model.score(0.5, jnp.ones(2)).shape
        ((), (2,))
    """

    network: MLP

    def __init__(
        self,
        dimension: int,
        *,
        width: int,
        depth: int,
        activation: Callable[[Array], Array] = jnp.tanh,
        key: PRNGKeyArray,
    ):
        """Draw the network.

        Args:
            dimension: of the data.
            width: units of each hidden layer.
            depth: number of hidden layers.
            activation: smooth: the Fokker-Planck residual takes two derivatives of it, its gradient three.
            key: random key.
        """
        self.network = MLP(dimension + 1, 1, width=width, depth=depth, activation=activation, key=key)

    def __call__(self, t: Any, x: Float[Array, " d"], *, key: PRNGKeyArray | None = None) -> Float[Array, ""]:
        """The logarithm of the density, up to a constant."""
        return self.network(jnp.concatenate([jnp.asarray(t, x.dtype)[None], x]))[0]

    def score(self, t: Any, x: Float[Array, " d"]) -> Float[Array, " d"]:
        """Its gradient in x."""
        return jax.grad(self, argnums=1)(t, x)
