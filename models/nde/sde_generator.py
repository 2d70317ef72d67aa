"""A stochastic equation that turns noise into time series."""

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.activations import lipswish
from sciml.models.mlp import MLP
from sciml.models.nde.diffusion_field import BoundedField
from sciml.solvers.stochastic import ReversibleHeun, solve_sde
from sciml.solvers.stochastic.solve import FixedStepMethod


class SDEGenerator(eqx.Module):
    """`X_0 = start(V)`, `dX = f dt + g o dW`, `Y = readout(X)` with V normal: the generator of an SDE-GAN, or of any law of paths.

    Attributes:
        start: from the initial noise to the hidden state.
        drift: `(hidden,)`.
        diffusion: `(hidden, noise)`.
        readout: an affine map to the data.
        initial_noise: length of V.
        method: a Stratonovich one by default.

    Example:
        >>> generator = SDEGenerator(1, hidden=8, width=8, depth=1, key=jax.random.key(0))
        >>> generator(t0=0.0, t1=1.0, steps=16, key=jax.random.key(1)).shape
        (17, 1)

    Source:
        Kidger et al., "Neural SDEs as infinite-dimensional GANs", ICML 2021 (arXiv 2102.03657).
    """

    start: MLP
    drift: BoundedField
    diffusion: BoundedField
    readout: MLP
    initial_noise: int = eqx.field(static=True)
    method: FixedStepMethod

    def __init__(
        self,
        channels: int,
        *,
        hidden: int = 16,
        width: int = 16,
        depth: int = 1,
        initial_noise: int = 5,
        noise: int = 3,
        method: FixedStepMethod | None = None,
        key: PRNGKeyArray,
    ):
        """Draw the networks.

        Args:
            channels: of the data.
            hidden: components of the state.
            width: units of each hidden layer.
            depth: number of hidden layers.
            initial_noise: normal numbers from which a path starts.
            noise: channels of the Brownian motion.
            method: of the steps, `ReversibleHeun()` by default.
            key: random key.
        """
        keys = jax.random.split(key, 4)
        self.start = MLP(initial_noise, hidden, width=width, depth=depth, activation=lipswish, key=keys[0])
        self.drift = BoundedField(hidden, width=width, depth=depth, activation=lipswish, key=keys[1])
        self.diffusion = BoundedField(
            hidden, (hidden, noise), width=width, depth=depth, activation=lipswish, key=keys[2]
        )
        self.readout = MLP(hidden, channels, width=1, depth=0, key=keys[3])
        self.initial_noise = initial_noise
        self.method = ReversibleHeun() if method is None else method

    def __call__(
        self, *, t0: float, t1: float, steps: int, save_every: int = 1, key: PRNGKeyArray
    ) -> Float[Array, "times channels"]:
        """Draw one time series, its values at `t0` and after every `save_every` steps.

        Args:
            t0: first time.
            t1: last time.
            steps: number of steps.
            save_every: steps between values.
            key: random key.
        """
        start_key, path_key = jax.random.split(key)
        drawn = jax.random.normal(start_key, (self.initial_noise,), self.start.weights[0].dtype)
        path = solve_sde(
            self.drift, self.diffusion, self.start(drawn), t0=t0, t1=t1, steps=steps, method=self.method,
            save_every=save_every, key=path_key,
        )  # fmt: skip
        return jax.vmap(self.readout)(path.values)
