"""Continuous normalising flows: densities carried by a neural ODE."""

import math
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.nde.neural_ode import NeuralODE


class FieldWithDensity(eqx.Module):
    """The field of `(y, l)` where l' is minus the divergence of f, exact or along one direction (Hutchinson)."""

    field: Any
    direction: Float[Array, " d"] | None

    def __call__(self, t: Any, state: tuple[Array, Array], args: Any) -> Any:
        """Rates of state and logarithm of the density."""
        rate, pull = jax.vjp(lambda y: self.field(t, y, args), state[0])
        if self.direction is None:
            (rows,) = jax.vmap(pull)(jnp.eye(rate.shape[0], dtype=rate.dtype))
            return rate, -jnp.trace(rows)
        return rate, -jnp.vdot(pull(self.direction)[0], self.direction)


class ContinuousFlow(eqx.Module):
    """Standard normal at `t0`, data at `t1` of a neural ODE: `d log p / dt = -tr(df/dy)` along its solutions.

    Attributes:
        ode: a `NeuralODE` without augmentation; its regulariser is not used.

    Example:
        >>> from sciml.models import DenseField
        >>> flow = ContinuousFlow(NeuralODE(DenseField(2, width=8, depth=1, key=jax.random.key(0))))
        >>> flow.log_density(jnp.ones(2)).shape
        ()

    Source:
        Chen et al. 2018 (arXiv 1806.07366); Grathwohl et al. 2019 (1810.01367).
    """

    ode: NeuralODE

    def __call__(self, x: Float[Array, " d"], *, key: PRNGKeyArray | None = None) -> Float[Array, ""]:
        """The logarithm of the density, see `log_density`."""
        return self.log_density(x, key=key)

    def log_density(self, x: Float[Array, " d"], *, key: PRNGKeyArray | None = None) -> Float[Array, ""]:
        """Logarithm of the density at one point.

        Args:
            x: the point.
            key: estimate the divergence along one random direction, without bias; without a key it is exact, at d pull-backs per
                evaluation.
        """
        direction = None if key is None else jax.random.rademacher(key, x.shape, x.dtype)
        options, zero = self.ode.options, jnp.zeros((), x.dtype)
        start, end = jnp.asarray(self.ode.t0, x.dtype), jnp.asarray(self.ode.t1, x.dtype)
        solution: Any = diffrax.diffeqsolve(
            diffrax.ODETerm(FieldWithDensity(self.ode.vector_field, direction)), options.solver, end, start, None,
            (x, zero), stepsize_controller=options.controller(end, start), **options.common(),
        )  # fmt: skip
        base, lost = solution.ys[0][-1], solution.ys[1][-1]
        normal = -0.5 * jnp.sum(base**2) - 0.5 * base.size * math.log(2 * math.pi)
        # Solved backwards, l holds what the density loses on the way from the data.
        return normal - lost

    def sample(self, size: int, *, key: PRNGKeyArray) -> Float[Array, " size"]:
        """Draw one point.

        Args:
            size: components d.
            key: random key.
        """
        return self.ode(jax.random.normal(key, (size,)))


def flow_loss(
    model: ContinuousFlow, batch: Float[Array, "batch d"], key: PRNGKeyArray | None = None
) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
    """Mean negative log density of a batch, divergences estimated where a key is given."""
    if key is None:
        value = -jnp.mean(jax.vmap(model.log_density)(batch))
    else:
        keys = jax.random.split(key, batch.shape[0])
        value = -jnp.mean(jax.vmap(lambda x, k: model.log_density(x, key=k))(batch, keys))
    return value, {"negative_log_density": value}
