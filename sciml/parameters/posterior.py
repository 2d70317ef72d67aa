"""Samples from a posterior, with what tells whether to trust them."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import equinox as eqx
import jax
from jax import lax
from jaxtyping import Array, Float, Int

from sciml.parameters.space import ParameterSpace

Model = TypeVar("Model")


class Posterior(eqx.Module, Generic[Model]):
    """Samples of all chains.

    Attributes:
        space: which parameters the free numbers are.
        points: free vectors.
        log_density: log posterior density of the free numbers, up to a constant.
        acceptance: mean acceptance probability of each chain; the sampler aims at 0.8.
        divergences: trajectories that left the posterior by error, per chain; any at all casts doubt on the sample.
        r_hat: per free number; above 1.01 the chains disagree. Needs two chains or more, not a number otherwise.
        effective_samples: per free number, over all chains: how many independent draws the sample is worth.
        step_size: of each chain after adaptation.
    """

    space: ParameterSpace[Model]
    points: Float[Array, "chains samples size"]
    log_density: Float[Array, "chains samples"]
    acceptance: Float[Array, " chains"]
    divergences: Int[Array, " chains"]
    r_hat: Float[Array, " size"]
    effective_samples: Float[Array, " size"]
    step_size: Float[Array, " chains"]

    @property
    def models(self) -> Model:
        """One model whose free arrays have the leading axes `(chains, samples)`."""
        leaves, structure = jax.tree.flatten(self.space.template)
        values = self.values()
        for parameter in self.space.parameters:
            leaves[parameter.leaf] = values[parameter.name]
        return jax.tree.unflatten(structure, leaves)

    def values(self) -> dict[str, Float[Array, "chains samples *shape"]]:
        """Samples of each parameter by its name."""

        def constrained(point: Array) -> list[Array]:
            parts = zip(self.space.parameters, self.space.split(point))
            return [parameter.value(part).astype(parameter.dtype) for parameter, part in parts]

        return dict(zip(self.space.names, jax.vmap(jax.vmap(constrained))(self.points)))

    def evaluate(self, function: Callable[[Model], Any], *, every: int = 1) -> Any:
        """A function of each sample's model, one sample after the other: results with axes `(chains, samples / every)`."""
        call = eqx.filter_jit(
            lambda space, points: lax.map(lambda p: lax.map(lambda q: function(space.model(q)), p), points)
        )
        return call(self.space, self.points[:, ::every])

    def __repr__(self) -> str:
        chains, samples, size = self.points.shape
        return (
            f"Posterior({chains} chains of {samples} samples, {size} free numbers; acceptance {_range(self.acceptance)}, "
            f"divergences {int(self.divergences.sum())}, R-hat up to {float(self.r_hat.max()):.3f}, "
            f"effective samples from {float(self.effective_samples.min()):.0f})"
        )


def _range(values: Array) -> str:
    return f"{float(values.min()):.2f} to {float(values.max()):.2f}"
