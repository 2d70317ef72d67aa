"""Vector fields `f(t, y, args)` to be learned: dense networks, second-order equations, known physics with a correction."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.mlp import MLP

VectorField = Callable[[Any, Array, Any], Array]


class DenseField(eqx.Module):
    """`f(t, y, args)`: a dense network of the state, of time, and of `args` where these are numbers.

    Attributes:
        network: the dense network.
        time: whether time is an input.
        context_size: length of `args`, 0 where they are not an input.

    Example:
        >>> import jax
        >>> field = DenseField(2, width=16, depth=1, key=jax.random.key(0))
        >>> field(0.5, jnp.ones(2), None).shape
        (2,)
    """

    network: MLP
    time: bool = eqx.field(static=True)
    context_size: int = eqx.field(static=True)

    def __init__(
        self,
        size: int,
        *,
        out_size: int | None = None,
        width: int,
        depth: int,
        activation: Callable[[Array], Array] = jnp.tanh,
        time: bool = True,
        context_size: int = 0,
        zero: bool = False,
        key: PRNGKeyArray,
    ):
        """Draw the network.

        Args:
            size: components of the state.
            out_size: components of the result, as many by default.
            width: units of each hidden layer.
            depth: number of hidden layers.
            activation: a named elementwise function; smooth ones suit solvers of high order.
            time: give time to the network; without it the equation is autonomous.
            context_size: length of `args`, given to the network too; 0 leaves `args` out.
            zero: start with the last layer at zero, so that the field is zero.
            key: random key.
        """
        inputs = size + int(time) + context_size
        network = MLP(
            inputs, size if out_size is None else out_size, width=width, depth=depth, activation=activation, key=key
        )
        self.network = with_zero_end(network) if zero else network
        self.time, self.context_size = time, context_size

    def __call__(self, t: Any, y: Float[Array, " size"], args: Any = None) -> Float[Array, " out_size"]:
        """Evaluate at one state.

        Args:
            t: time.
            y: state.
            args: `(context_size,)` where that is not 0, else not used.

        Raises:
            ValueError: a state of another size, or a batch of states.
        """
        size = self.network.in_size - int(self.time) - self.context_size
        if y.shape != (size,):
            raise ValueError(
                f"DenseField: the state must have shape ({size},), got {y.shape}; batches go through jax.vmap."
            )
        parts = [jnp.asarray(t, y.dtype)[None]] if self.time else []
        if self.context_size:
            parts.append(jnp.asarray(args, y.dtype))
        return self.network(jnp.concatenate([*parts, y]) if parts else y)


class SecondOrderField(eqx.Module):
    """`x'' = a(t, (x, v), args)` as a field of the state `(x, v)` in one vector: positions first, then velocities.

    Attributes:
        acceleration: takes time, the whole state `(2 d,)` and `args`; gives `(d,)`. For instance `DenseField(2 * d, out_size=d, ...)`.

    Example:
        >>> SecondOrderField(lambda t, y, args: -y[:1])(0.0, jnp.asarray([1.0, 2.0]), None).tolist()
        [2.0, -1.0]
    """

    acceleration: VectorField

    def __call__(self, t: Any, y: Float[Array, " state"], args: Any = None) -> Float[Array, " state"]:
        """Velocity and acceleration.

        Raises:
            ValueError: the state has an odd number of components, or the acceleration another number than half of them.
        """
        half, odd = divmod(y.shape[0], 2)
        push = self.acceleration(t, y, args)
        if odd or push.shape != (half,):
            raise ValueError(
                f"SecondOrderField: the state must hold positions and as many velocities, and the acceleration must have half its "
                f"shape; got {y.shape} and {push.shape}."
            )
        return jnp.concatenate([y[half:], push])


class HybridField(eqx.Module):
    """Known physics plus a network: `y' = physics(t, y, args) + correction(t, y, args)`.

    The last layer of a `DenseField` is set to zero here, so that training begins at the physics.

    Attributes:
        physics: a field; its arrays are trained too where it is an `eqx.Module`.
        correction: a field of the same shape.

    Example:
        >>> import jax
        >>> network = DenseField(2, width=8, depth=1, key=jax.random.key(0))
        >>> field = HybridField(lambda t, y, args: -y, network)
        >>> field(0.0, jnp.ones(2), None).tolist()
        [-1.0, -1.0]
    """

    physics: VectorField
    correction: VectorField

    def __init__(self, physics: VectorField, correction: VectorField):
        self.physics = physics
        if isinstance(correction, DenseField):
            correction = eqx.tree_at(lambda field: field.network, correction, with_zero_end(correction.network))
        self.correction = correction

    def __call__(self, t: Any, y: Float[Array, "*state"], args: Any = None) -> Float[Array, "*state"]:
        """Physics and correction at one state."""
        return self.physics(t, y, args) + self.correction(t, y, args)


def with_zero_end(network: MLP) -> MLP:
    """The same network with its last weights and bias at zero."""
    ends = (network.weights[-1], network.biases[-1])
    return eqx.tree_at(
        lambda one: (one.weights[-1], one.biases[-1]), network, (jnp.zeros_like(ends[0]), jnp.zeros_like(ends[1]))
    )
