"""Conditional flow matching."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.flow.cond_ot import CondOT
from sciml.models.flow.coupling import Coupling
from sciml.models.flow.gaussian_path import GaussianPath
from sciml.models.flow.guidance import drop_labels


class FlowMatchingLoss(eqx.Module):
    """`loss(model, batch, key)`: mean squared distance of `v(t, x_t, args)` from the velocity of pairs, at random times.

    The batch is an array of data `(batch, ...)`, for which noise is drawn, or a `Coupling`; with `conditional=True` a pair of one of
    these and the `args` of each sample. With `CondOT()` it is the loss of rectified flow.

    Attributes:
        path: between noise and data.
        latest: times are uniform from 0 to this; less than 1 for paths whose velocity is infinite at the end.
        conditional: see above.
        label_dropout: share of the `args`, which are then labels, that are replaced by -1, "no class": what classifier-free guidance
            needs.

    Example:
        >>> from sciml.models import DenseField
        >>> model = DenseField(2, width=8, depth=1, key=jax.random.key(0))
        >>> value, metrics = FlowMatchingLoss()(model, jnp.ones((5, 2)), jax.random.key(1))
        >>> sorted(metrics)
        ['mse']

    Source: Lipman et al. 2023 (arXiv 2210.02747); Liu et al. 2023 (2209.03003).
    """

    path: GaussianPath = CondOT()
    latest: float = eqx.field(static=True, default=1.0)
    conditional: bool = eqx.field(static=True, default=False)
    label_dropout: float = eqx.field(static=True, default=0.0)

    def __check_init__(self) -> None:
        if not 0 <= self.label_dropout <= 1 or (self.label_dropout and not self.conditional):
            raise ValueError(
                f"FlowMatchingLoss: `label_dropout` must be from 0 to 1, and needs conditional=True; got {self.label_dropout} with "
                f"conditional={self.conditional}."
            )

    def __call__(
        self, model: Any, batch: Any, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        """Evaluate the loss.

        Args:
            model: velocity of one sample, `model(t, x, args)`.
            batch: see the class.
            key: for times and noise.
        """
        pairs, args = batch if self.conditional else (batch, None)
        if args is not None and self.label_dropout:
            args = drop_labels(args, self.label_dropout, key=jax.random.fold_in(key, 2))
        noise_key, time_key = jax.random.split(key)
        noise, data = (
            pairs if isinstance(pairs, Coupling) else (jax.random.normal(noise_key, pairs.shape, pairs.dtype), pairs)
        )
        # One time per stratum: the same law for each sample, less variance of the mean.
        count = data.shape[0]
        offset = jax.random.uniform(time_key, (), data.dtype)
        times = self.latest * ((jnp.arange(count, dtype=data.dtype) + offset) / count)
        times = jax.random.permutation(jax.random.fold_in(time_key, 1), times)

        def one(t: Array, data: Array, noise: Array, args: Any) -> Array:
            found = model(t, self.path.position(t, data, noise), args)
            return jnp.mean((found - self.path.velocity(t, data, noise)) ** 2)

        loss = jnp.mean(jax.vmap(one)(times, data, noise, args))
        return loss, {"mse": loss}
