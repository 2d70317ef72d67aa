"""A controlled equation that scores time series."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.activations import lipswish
from sciml.models.mlp import MLP
from sciml.models.nde.diffusion_field import BoundedField
from sciml.solvers.stochastic import StratonovichHeun, solve_sde


class CDEDiscriminator(eqx.Module):
    """`H_0 = start(t_0, Y_0)`, `dH = F(s, H) d(t, Y)`, score `m . H_T`: Lipschitz in the path where its weights are bounded.

    F is told the share s of the points that lie behind.

    Matrices are clipped here to `1 / inputs` and kept there by `gan_optimizer`; with `lipswish` between them every network has slopes
    of at most one in the largest-entry norm.

    Attributes:
        start: from the first time and value to the hidden state.
        field: `(hidden, 1 + channels)`.
        readout: an affine map to the score.

    Example:
        >>> discriminator = CDEDiscriminator(1, hidden=8, width=8, depth=1, key=jax.random.key(0))
        >>> discriminator(jnp.linspace(0.0, 1.0, 9), jnp.ones((9, 1))).shape
        ()
    """

    start: MLP
    field: BoundedField
    readout: MLP

    def __init__(self, channels: int, *, hidden: int = 16, width: int = 16, depth: int = 1, key: PRNGKeyArray):
        """Draw the networks.

        Args:
            channels: of the data.
            hidden: components of the state.
            width: units of each hidden layer.
            depth: number of hidden layers.
            key: random key.
        """
        keys = jax.random.split(key, 3)
        start = MLP(1 + channels, hidden, width=width, depth=depth, activation=lipswish, key=keys[0])
        field = BoundedField(hidden, (hidden, 1 + channels), width=width, depth=depth, activation=lipswish, key=keys[1])
        readout = MLP(hidden, 1, width=1, depth=0, key=keys[2])
        self.start, self.field, self.readout = (clipped_matrices(part) for part in (start, field, readout))

    def __call__(self, times: Float[Array, " times"], values: Float[Array, "times channels"]) -> Float[Array, ""]:
        """Score of one time series, joined by straight lines.

        Args:
            times: equally spaced or not.
            values: the series.
        """
        path = jnp.concatenate([times.astype(values.dtype)[:, None], values], axis=1)

        def still(t: Any, h: Array, args: Any) -> Array:
            return jnp.zeros_like(h)

        end = solve_sde(
            still, self.field, self.start(path[0]), t0=0.0, t1=1.0, steps=path.shape[0] - 1, method=StratonovichHeun(),
            increments=jnp.diff(path, axis=0), save_every=path.shape[0] - 1,
        )  # fmt: skip
        return self.readout(end.values[-1])[0]


def clipped_matrices(part: Any) -> Any:
    """A model whose matrices, shape `(out, in)`, have entries within `1 / in`; all else is left.

    Example:
        >>> clipped_matrices(jnp.full((1, 4), 2.0)).tolist()
        [[0.25, 0.25, 0.25, 0.25]]
    """

    def clipped(leaf: Any) -> Any:
        if not (eqx.is_inexact_array(leaf) and leaf.ndim == 2):
            return leaf
        return jnp.clip(leaf, -1 / leaf.shape[1], 1 / leaf.shape[1])

    return jax.tree.map(clipped, part)
