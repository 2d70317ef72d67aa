"""Losses for `sciml.fit`: `loss(model, batch, key) -> (scalar, metrics)` with a batch of inputs and outputs."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Inexact, Key, PyTree

from sciml.grid import Grid
from sciml.metrics.pointwise import lp_error, relative_lp
from sciml.metrics.sobolev import relative_sobolev
from sciml.normalisation import Normaliser

Metric: TypeAlias = Callable[[Array, Array], Float[Array, ""]]


class SupervisedLoss(eqx.Module):
    """Mean over a batch of a metric of single samples, model output against target.

    The model maps one input of the batch to one output and takes `key=`; it is mapped over the batch here.

    Attributes:
        metric: function (prediction, target) -> scalar of single samples.
        name: under which the loss appears in the metrics.
        normaliser: of the outputs, when model *and* data are in its units: both are decoded before they are compared.
            None when they are in physical units, as with a `Normalised` model.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from sciml.losses import SupervisedLoss
        >>> from sciml.metrics import maximum_error
        >>> loss = SupervisedLoss(maximum_error, "maximum")
        >>> batch = (jnp.ones((2, 1, 4)), jnp.ones((2, 1, 4)))
        >>> value, metrics = loss(lambda x, key=None: 3 * x, batch, jax.random.key(0))
        >>> float(value), sorted(metrics)
        (2.0, ['maximum'])
    """

    metric: Metric = eqx.field(static=True)
    name: str = eqx.field(static=True)
    normaliser: Normaliser | None = None

    def __call__(
        self, model: Callable, batch: PyTree, key: Key[Array, ""] | None = None
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        """Evaluate the loss.

        Args:
            model: called as `model(x, key=key)` on single samples.
            batch: pair (inputs, outputs) of arrays with leading batch axes, or a dictionary with these two names.
            key: split over the batch for models that draw numbers; may be None.

        Returns:
            The scalar and a dictionary with it under `name`.
        """
        inputs, targets = _pair(batch)
        predictions = apply_batch(model, inputs, key=key)
        if predictions.shape != targets.shape:
            raise ValueError(
                f"{self.name} loss: the model gives {predictions.shape[1:]} per sample where the data have "
                f"{targets.shape[1:]}; check the output channels of the model."
            )
        if self.normaliser is not None:
            predictions, targets = (
                jax.vmap(self.normaliser.decode)(predictions),
                jax.vmap(self.normaliser.decode)(targets),
            )
        value = jnp.mean(jax.vmap(self.metric)(predictions, targets))
        return value, {self.name: value}


def relative_l2_loss(*, normaliser: Normaliser | None = None) -> SupervisedLoss:
    """Mean over the batch of `||prediction - target||_2 / ||target||_2`: the loss of the neural-operator papers.

    Args:
        normaliser: of the outputs, if model and data are in its units; the error is then taken in physical units.

    Source: Li et al. 2021 (arXiv:2010.08895).

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from sciml.losses import relative_l2_loss
        >>> batch = (jnp.ones((3, 1, 8)), 2 * jnp.ones((3, 1, 8)))
        >>> float(relative_l2_loss()(lambda x, key=None: x, batch, jax.random.key(0))[0])
        0.5
    """
    return relative_lp_loss(2.0, normaliser=normaliser)


def relative_lp_loss(p: float, *, normaliser: Normaliser | None = None) -> SupervisedLoss:
    """Mean over the batch of the relative Lp error; see `relative_l2_loss`."""
    return SupervisedLoss(_RelativeLp(p), f"relative_l{p:g}", normaliser)


def mean_squared_loss(*, normaliser: Normaliser | None = None) -> SupervisedLoss:
    """Mean over batch, channels and nodes of the squared error; see `relative_l2_loss`."""
    return SupervisedLoss(_mean_squared, "mean_squared", normaliser)


def relative_sobolev_loss(grid: Grid, *, order: float = 1.0, normaliser: Normaliser | None = None) -> SupervisedLoss:
    """Mean over the batch of the relative Sobolev error of any real order on a periodic grid; order 1 is H1.

    Args:
        grid: periodic grid on which the outputs live.
        order: 1 weighs fine scales up, negative orders weigh them down.
        normaliser: as in `relative_l2_loss`.

    Example:
        >>> import jax, jax.numpy as jnp, sciml
        >>> from sciml.losses import relative_sobolev_loss
        >>> loss = relative_sobolev_loss(sciml.Grid((8,), extent=(1.0,)), order=1.0)
        >>> batch = (jnp.ones((3, 1, 8)), 2 * jnp.ones((3, 1, 8)))
        >>> float(loss(lambda x, key=None: x, batch, jax.random.key(0))[0])
        0.5
    """
    return SupervisedLoss(_RelativeSobolev(grid, order), f"relative_h{order:g}", normaliser)


def apply_batch(
    model: Callable, inputs: Inexact[Array, "batch ..."], *, key: Key[Array, ""] | None = None
) -> Inexact[Array, "batch ..."]:
    """Map a model of single samples over a batch, one key per sample when a key is given."""
    if key is None:
        return jax.vmap(lambda x: model(x, key=None))(inputs)
    return jax.vmap(lambda x, k: model(x, key=k))(inputs, jax.random.split(key, inputs.shape[0]))


class _RelativeLp(eqx.Module):
    p: float = eqx.field(static=True)

    def __call__(self, prediction: Inexact[Array, "..."], target: Inexact[Array, "..."]) -> Float[Array, ""]:
        return relative_lp(prediction, target, p=self.p)


class _RelativeSobolev(eqx.Module):
    grid: Grid = eqx.field(static=True)
    order: float = eqx.field(static=True)

    def __call__(self, prediction: Inexact[Array, "..."], target: Inexact[Array, "..."]) -> Float[Array, ""]:
        return relative_sobolev(prediction, target, self.grid, order=self.order)


def _mean_squared(prediction: Inexact[Array, "..."], target: Inexact[Array, "..."]) -> Float[Array, ""]:
    return lp_error(prediction, target, p=2.0) ** 2


def _pair(batch: PyTree) -> tuple[Array, Array]:
    if isinstance(batch, Mapping) and {"inputs", "outputs"} <= set(batch):
        batch = (batch["inputs"], batch["outputs"])
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        raise TypeError(
            "loss: `batch` must be a pair (inputs, outputs) or a dictionary with these names, got "
            f"{sorted(batch) if isinstance(batch, Mapping) else type(batch).__name__}."
        )
    inputs, targets = batch
    if inputs.shape[:1] != targets.shape[:1] or inputs.ndim < 1:
        raise ValueError(
            f"loss: inputs {inputs.shape} and outputs {targets.shape} of `batch` differ in their batch axis."
        )
    return inputs, targets
