"""The drift that a variational posterior gives to the noise."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.mlp import MLP
from sciml.solvers.fractional import MarkovFBM


class ControlNetwork(eqx.Module):
    """`u(t, x, bank, context)`, a dense network whose last layer starts at zero: training begins with the posterior at the prior.

    Inputs are sines and cosines of time, the state, the bank divided by its stationary deviations, and the context: an array, or
    a function of time that gives one (`context(t)`), or None.

    Attributes:
        network: the dense network.
        scales: factors of the bank's members.
        frequencies: angular frequencies of the functions of time.

    Example:
        >>> import jax
        >>> noise = MarkovFBM(0.3)
        >>> control = ControlNetwork(1, noise, width=16, depth=1, key=jax.random.key(0))
        >>> control(jnp.array(0.5), jnp.ones(1), jnp.ones((1, 5)), None).tolist()
        [0.0]

    Source:
        Daems et al., ICLR 2024 (arXiv 2310.12975).
    """

    network: MLP
    scales: tuple[float, ...] = eqx.field(static=True)
    frequencies: tuple[float, ...] = eqx.field(static=True)

    def __init__(
        self,
        size: int,
        noise: MarkovFBM,
        *,
        channels: int | None = None,
        context_size: int = 0,
        width: int = 64,
        depth: int = 2,
        frequencies: tuple[float, ...] = (1.0,),
        activation: Callable[[Array], Array] = jnp.tanh,
        key: PRNGKeyArray,
    ):
        """Draw the network.

        Args:
            size: components d of the state.
            noise: the fractional noise, for the size of its bank.
            channels: channels of the noise; as many as components if left out.
            context_size: length of the context.
            width: units of a hidden layer.
            depth: hidden layers.
            frequencies: angular frequencies of the functions of time; more of them where the control changes fast.
            activation: a named elementwise function.
            key: random key.
        """
        channels = size if channels is None else channels
        rates = np.asarray(noise.gamma)
        self.scales = tuple(np.sqrt(2 * np.where(rates > 0, rates, 0.5)).tolist())
        self.frequencies = tuple(float(one) for one in frequencies)
        inputs = 2 * len(frequencies) + size + channels * len(noise.gamma) + context_size
        network = MLP(inputs, channels, width=width, depth=depth, activation=activation, key=key)
        self.network = eqx.tree_at(lambda one: one.weights[-1], network, jnp.zeros_like(network.weights[-1]))

    def __call__(
        self, t: Any, x: Float[Array, " d"], bank: Float[Array, "channels K"], context: Any = None
    ) -> Float[Array, " channels"]:
        """Evaluate at one state.

        Args:
            t: time.
            x: state.
            bank: Ornstein-Uhlenbeck processes of each channel.
            context: array `(context_size,)`, a function of time that gives it, or None.
        """
        angles = jnp.asarray(t, x.dtype) * jnp.asarray(self.frequencies, x.dtype)
        parts = [jnp.sin(angles), jnp.cos(angles), x]
        parts.append((bank * jnp.asarray(self.scales, bank.dtype)[None, :]).reshape(-1))
        if context is not None:
            given: Any = context
            features: Any = given(t) if callable(given) else given
            parts.append(features)
        return self.network(jnp.concatenate(parts))
