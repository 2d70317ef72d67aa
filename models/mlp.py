"""A dense network on one point."""

import math
from collections.abc import Callable, Iterable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.fields.dense import dense_derivatives
from sciml.fields.derivatives import MultiIndex


class MLP(eqx.Module):
    """Dense network `(in_size,) -> (out_size,)`: the usual function of coordinates in physics-informed learning.

    Attributes:
        weights: one matrix per layer, shape `(out, in)`.
        biases: one vector per layer.
        activation: function between the layers; none after the last.

    Example:
        >>> import jax
        >>> model = MLP(2, 1, width=32, depth=3, key=jax.random.key(0))
        >>> model(jax.numpy.array([0.1, 0.2])).shape, len(model.layers)
        ((1,), 4)
    """

    weights: tuple[Float[Array, "o i"], ...]
    biases: tuple[Float[Array, " o"], ...]
    activation: Callable[[Array], Array] = eqx.field(static=True)

    def __init__(
        self,
        in_size: int,
        out_size: int,
        *,
        width: int,
        depth: int,
        activation: Callable[[Array], Array] = jnp.tanh,
        key: PRNGKeyArray,
    ):
        """Draw the weights uniformly by Glorot's rule; biases start at zero.

        Args:
            in_size: number of inputs.
            out_size: number of outputs.
            width: units of each hidden layer.
            depth: number of hidden layers; 0 gives one affine map.
            activation: a named elementwise function.
            key: random key.

        Raises:
            ValueError: a size is not positive or `depth` is negative.
        """
        if min(in_size, out_size, width) < 1 or depth < 0:
            raise ValueError(
                f"MLP: sizes must be positive and `depth` at least 0, got in_size={in_size}, out_size={out_size}, "
                f"width={width}, depth={depth}."
            )
        sizes = (in_size, *(width,) * depth, out_size)
        keys = jax.random.split(key, depth + 1)
        self.weights = tuple(_glorot(k, i, o) for k, i, o in zip(keys, sizes[:-1], sizes[1:]))
        self.biases = tuple(jnp.zeros(o) for o in sizes[1:])
        self.activation = activation

    @property
    def in_size(self) -> int:
        """Number of inputs."""
        return self.weights[0].shape[1]

    @property
    def layers(self) -> tuple[tuple[Float[Array, "o i"], Float[Array, " o"]], ...]:
        """Weight and bias of each layer, first to last."""
        return tuple(zip(self.weights, self.biases))

    def __call__(self, x: Float[Array, " in_size"], *, key: PRNGKeyArray | None = None) -> Float[Array, " out_size"]:
        """Evaluate at one point.

        Args:
            x: inputs, shape `(in_size,)`.
            key: not used.

        Returns:
            Outputs, shape `(out_size,)`.

        Raises:
            ValueError: the shape of `x` does not fit.
        """
        if x.shape != (self.in_size,):
            raise ValueError(
                f"MLP: `x` must have shape ({self.in_size},), got {tuple(x.shape)}; batches go through jax.vmap."
            )
        for weight, bias in self.layers[:-1]:
            x = self.activation(weight @ x + bias)
        return self.weights[-1] @ x + self.biases[-1]

    def derivatives(
        self, points: Float[Array, "p i"], needed: Iterable[MultiIndex]
    ) -> dict[MultiIndex, Float[Array, "o p"]]:
        """Partial derivatives at many points in one pass; `sciml.residual` asks for them here."""
        return dense_derivatives(self.weights, self.biases, self.activation, points, needed)


def _glorot(key: PRNGKeyArray, inputs: int, outputs: int) -> Float[Array, "o i"]:
    bound = math.sqrt(6 / (inputs + outputs))
    return jax.random.uniform(key, (outputs, inputs), minval=-bound, maxval=bound)
