"""Loss of a neural ODE on trajectories."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.nde.neural_ode import NeuralODE


class TrajectoryLoss(eqx.Module):
    """Mean squared distance of trajectories from the model's, plus `weight` times its regulariser: `loss(model, batch, key)`.

    The batch is an array of trajectories `(batch, times, channels)`, which begin with their initial states, or a pair of initial states
    `(batch, channels)` and trajectories.

    Attributes:
        ts: times of all trajectories.
        weight: of the regulariser.
        joint: solve the batch as one system, or each for itself.

    Example:
        >>> import jax
        >>> from sciml.models import DenseField
        >>> model = NeuralODE(DenseField(2, width=8, depth=1, key=jax.random.key(0)), regulariser="error")
        >>> loss = TrajectoryLoss(jnp.linspace(0.0, 1.0, 5), weight=0.1)
        >>> value, metrics = loss(model, jnp.ones((3, 5, 2)), jax.random.key(1))
        >>> sorted(metrics)
        ['mse', 'regulariser', 'steps']
    """

    ts: Float[Array, " times"]
    weight: float = eqx.field(static=True, default=0.0)
    joint: bool = eqx.field(static=True, default=True)

    def __call__(
        self, model: NeuralODE, batch: Any, key: PRNGKeyArray | None = None
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        """Evaluate the loss.

        Args:
            model: the neural ODE.
            batch: trajectories, or initial states and trajectories.
            key: for regularisers that draw numbers.
        """
        y0, ys = (batch[:, 0], batch) if eqx.is_array(batch) else batch
        found = model.solve_batch(y0, ts=self.ts, joint=self.joint, key=key)
        if found.ys.shape != ys.shape:
            raise ValueError(
                f"TrajectoryLoss: the model gives trajectories {found.ys.shape}, the batch has {ys.shape}; check times and channels."
            )
        distance, penalty = jnp.mean((found.ys - ys) ** 2), jnp.mean(found.regulariser)
        steps = jnp.mean(found.steps.astype(distance.dtype))
        return distance + self.weight * penalty, {"mse": distance, "regulariser": penalty, "steps": steps}
