"""The reversible Heun method on increments drawn beforehand."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.solvers.adjoints.reversible_heun import ReversibleHeunSteps
from sciml.solvers.adjoints.reversible_scan import EvenTimes, reversible_scan
from sciml.solvers.fractional.augmented_terms import Calculus, Field, spread


class ReversibleHeun(eqx.Module):
    """Stratonovich; one evaluation a step, and a gradient that stores the last state alone and undoes the steps.

    Memory does not grow with the number of steps, save for the increments. Strong order 1/2, 1 for additive noise; weakly stable,
    so steps must be small against the rates of the drift.

    Example:
        >>> ReversibleHeun().calculus
        'stratonovich'

    Source:
        Kidger, Foster, Li and Lyons, "Efficient and accurate gradients for neural SDEs", 2021 (arXiv 2105.13493).
    """

    @property
    def calculus(self) -> Calculus:
        """Stratonovich."""
        return "stratonovich"


class GridTerm(eqx.Module):
    """Drift and diffusion as one term whose control is the length of a step and its increment; asked for cells of the grid alone."""

    drift: Field
    diffusion: Field
    increments: Float[Array, "steps ..."]
    t0: Float[Array, ""]
    length: Float[Array, ""]

    def vf(self, t: Array, y: Array, args: Any) -> tuple[Array, Array]:
        """Drift and diffusion."""
        return self.drift(t, y, args), self.diffusion(t, y, args)

    def contr(self, t0: Array, t1: Array) -> tuple[Array, Array]:
        """Length of the step that begins at `t0`, and its increment."""
        del t1
        return self.length, self.increments[jnp.round((t0 - self.t0) / self.length).astype(jnp.int32)]

    def prod(self, vf: tuple[Array, Array], control: tuple[Array, Array]) -> Array:
        """Change of the state."""
        return vf[0] * control[0] + spread(vf[1], control[1])


def reversible_heun_values(
    drift: Field, diffusion: Field, times: EvenTimes, y0: Array, increments: Array, args: Any, save_every: int
) -> Float[Array, "saved d"]:
    """States after every `save_every` steps."""
    t0 = times.at(jnp.asarray(0))
    # What the fields close over becomes an input, where the derivative of the walk sees it.
    drift = eqx.filter_closure_convert(drift, t0, y0, args)
    diffusion = eqx.filter_closure_convert(diffusion, t0, y0, args)
    term = GridTerm(drift, diffusion, increments, times.t0, times.length)
    return reversible_scan((y0, term, args), ReversibleHeunSteps(), times, save_every)
