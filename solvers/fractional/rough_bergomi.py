"""The rough Bergomi model of an asset: log-variance is fractional noise of kind II, correlated with the price."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.solvers.fractional import ornstein_uhlenbeck_bank as bank
from sciml.solvers.fractional.markov_fbm import MarkovFBM
from sciml.solvers.fractional.rate_grid import gamma_grid  # noqa: F401  (the examples use it)


class RoughBergomi(eqx.Module):
    """`dS = S sqrt(V) (rho dW + sqrt(1 - rho**2) dW')`, `V = forward exp(eta B - eta**2/2 Var B)`, B of kind II driven by W.

    The Riemann-Liouville path B is replaced by its Markov approximation, stepped exactly; the compensator is the variance of the
    approximation, so that `E V = forward` at every time and `S` is a martingale on the grid. All leaves are differentiable.

    Attributes:
        noise: the approximation; kind "II", unit variance at time 1, constant Hurst index.
        forward: forward variance, a scalar.
        roughness: eta, volatility of the log-variance at time 1.
        correlation: rho in (-1, 1).

    Raises:
        ValueError: the noise is not of kind "II", or its Hurst index varies.

    Example:
        >>> model = RoughBergomi(MarkovFBM(0.1, gamma_grid(10, 100.0), kind="II"), 0.04, 1.5, -0.7)
        >>> variance, price = model.sample(50, shape=(8,), key=jax.random.key(0))
        >>> variance.shape, price.shape
        ((51, 8), (51, 8))

    Source:
        Bayer, Friz and Gatheral, "Pricing under rough volatility", Quantitative Finance 16, 2016.
    """

    noise: MarkovFBM
    forward: Float[Array, ""]
    roughness: Float[Array, ""]
    correlation: Float[Array, ""]

    def __init__(
        self,
        noise: MarkovFBM,
        forward: Float[Array, ""] | float,
        roughness: Float[Array, ""] | float,
        correlation: Float[Array, ""] | float,
    ):
        if noise.kind != "II" or noise.varies:
            raise ValueError("RoughBergomi: `noise` must be of kind 'II' with a Hurst index that does not vary.")
        dtype = jax.eval_shape(noise.weights).dtype
        self.noise = noise
        self.forward, self.roughness, self.correlation = (
            jnp.asarray(value, dtype) for value in (forward, roughness, correlation)
        )

    def sample(
        self, steps: int, *, horizon: float = 1.0, shape: tuple[int, ...] = (), key: PRNGKeyArray
    ) -> tuple[Float[Array, "times *shape"], Float[Array, "times *shape"]]:
        """Draw variance and price (1 at time 0) on a uniform grid.

        The variance is exact for the approximated noise; the price takes the variance at the start of each step.

        Args:
            steps: number of steps.
            horizon: last time.
            shape: shape of the batch.
            key: random key.

        Returns:
            Variance and price, the first axis along time.
        """
        dt, dtype = horizon / steps, self.forward.dtype
        bank_key, other_key = jax.random.split(key)
        innovations = self.noise.innovations(steps, dt, shape, dtype=dtype, key=bank_key)
        start = jnp.zeros((*shape, len(self.noise.gamma)), dtype)
        times = dt * np.arange(steps + 1)
        path = self.noise.mix(bank.run_bank(start, innovations, self.noise.gamma, dt), times)
        spread = self.noise.variance(jnp.asarray(times, dtype)).reshape((-1,) + (1,) * len(shape))
        variance = self.forward * jnp.exp(self.roughness * path - 0.5 * self.roughness**2 * spread)
        other = jax.random.normal(other_key, (steps, *shape), dtype) * jnp.sqrt(jnp.asarray(dt, dtype))
        driver = self.correlation * innovations[..., 0] + jnp.sqrt(1 - self.correlation**2) * other
        growth = jnp.sqrt(variance[:-1]) * driver - 0.5 * variance[:-1] * dt
        price = jnp.exp(jnp.concatenate([jnp.zeros((1, *shape), dtype), jnp.cumsum(growth, axis=0)]))
        return variance, price
