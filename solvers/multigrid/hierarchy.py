"""Grid hierarchies: an operator and its coarser versions, set up once and used by every cycle."""

import math
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Inexact

from sciml.solvers.multigrid.coarsening import AxisTransfer, Interpolation, coarse_count, halve
from sciml.solvers.multigrid.scanned import scanned_levels
from sciml.solvers.multigrid.smoothers import Smoother
from sciml.solvers.multigrid.stencil import StencilOperator

Axes = tuple[int, ...]


class Level(eqx.Module):
    """One level: its operator, what the smoother needs of it, and the way to the next coarser one."""

    operator: StencilOperator
    prepared: Any
    transfers: tuple[AxisTransfer, ...]

    def restrict(self, residual: Inexact[Array, "..."]) -> Inexact[Array, "..."]:
        """A residual on the next coarser level."""
        for transfer in self.transfers:
            residual = jax.lax.optimization_barrier(transfer.restrict(residual))
        return residual

    def prolong(self, correction: Inexact[Array, "..."]) -> Inexact[Array, "..."]:
        """A correction from the next coarser level."""
        first, *rest = self.transfers
        for transfer in reversed(rest):
            correction = jax.lax.optimization_barrier(transfer.prolong(correction))
        return first.prolong(correction)


class Hierarchy(eqx.Module):
    """Levels from fine to coarse, and the inverse on the coarsest.

    Attributes:
        levels: all but the coarsest.
        coarsest: dense inverse there.
        shape: of the unknowns there.
    """

    levels: tuple[Level, ...]
    coarsest: Inexact[Array, "n n"]
    shape: tuple[int, ...] = eqx.field(static=True)

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of all levels."""
        return (*(level.operator.shape for level in self.levels), self.shape)

    def solve_coarsest(self, f: Inexact[Array, "..."]) -> Inexact[Array, "..."]:
        """The exact solution on the coarsest level."""
        return (self.coarsest @ f.ravel()).reshape(f.shape)


@eqx.filter_jit
def set_up(
    operator: StencilOperator,
    smoother: Smoother,
    *,
    interpolation: Interpolation = "operator",
    coarsest: int | None = None,
    axes: Sequence[Axes] | None = None,
) -> Hierarchy:
    """Set up a hierarchy by Galerkin products.

    Args:
        operator: on the finest level.
        smoother: prepared on each level.
        interpolation: see `axis_transfer`.
        coarsest: most unknowns on the coarsest level, which is solved densely; see `Multigrid`.
        axes: per level the axes to halve, for anisotropic operators (`coarsening_plan` finds them); levels beyond its end halve all.

    Returns:
        A pytree of arrays; inside `jit` part of the program.
    """
    plan = list(axes or ())
    coarsest = coarsest or (300 if operator.size >= 10_000 else 130)
    operators, transfers = [operator], []
    while operators[-1].size > coarsest:
        current = operators[-1]
        if not plan and _fit_for_the_loop(current, operator.size, coarsest):
            more = scanned_levels(current, interpolation, coarsest)
            operators = operators[:-1] + list(more.operators)
            transfers = transfers + list(more.transfers)
            break
        halved = [axis for axis in (plan.pop(0) if plan else range(operator.dimension)) if _can_halve(current, axis)]
        if not halved:
            break
        steps, coarse = coarsen(current, halved, interpolation)
        operators.append(coarse)
        transfers.append(steps)
    levels = (Level(op, smoother.prepare(op), steps) for op, steps in zip(operators, transfers))
    return Hierarchy(tuple(levels), dense_inverse(operators[-1]), operators[-1].shape)


def coarsen(
    operator: StencilOperator, axes: Sequence[int], interpolation: Interpolation
) -> tuple[tuple[AxisTransfer, ...], StencilOperator]:
    """Halve some axes of an operator, one after the other."""
    transfers = []
    for axis in axes:
        transfer, operator = halve(operator, axis, interpolation)
        transfers.append(transfer)
    return tuple(transfers), operator


def coarsening_plan(
    strengths: Sequence[float], shape: Sequence[int], *, coarsest: int = 130, threshold: float = 2.5
) -> tuple[Axes, ...]:
    """Which axes to halve on each level so that point smoothers work: those coupled about as strongly as the strongest.

    Args:
        strengths: coupling along each axis, as `mean(K) / spacing^2`; halving an axis divides it by four.
        shape: unknowns.
        coarsest: most unknowns on the coarsest level.
        threshold: ratio of strengths that point smoothers bear.

    Returns:
        `Multigrid.axes`: one entry per level until all axes are alike; empty where they are at the start.
    """
    strengths, shape = list(strengths), list(shape)
    plan = []
    while math.prod(shape) > coarsest and max(strengths) > threshold * min(strengths):
        able = [a for a, count in enumerate(shape) if count > 3]
        if not able:
            break
        strongest = max(strengths[a] for a in able)
        halved = tuple(a for a in able if strengths[a] * threshold >= strongest)
        plan.append(halved)
        for axis in halved:
            shape[axis] = coarse_count(shape[axis])
            strengths[axis] /= 4
    return tuple(plan)


def dense_inverse(operator: StencilOperator) -> Inexact[Array, "n n"]:
    """The inverse of a small operator: on its unknowns, and on what is orthogonal to the constants if it is singular."""
    matrix = operator.as_matrix()
    active = (jnp.diagonal(matrix) != 0).astype(matrix.dtype)
    matrix = matrix + jnp.diag(1 - active)
    if not operator.singular:
        return jnp.linalg.inv(matrix) * active[:, None]
    # Constants are given an eigenvalue of the usual size, and it is taken out of the inverse again.
    mean = jnp.outer(active, active) / jnp.sum(active)
    size = jnp.max(jnp.abs(jnp.diagonal(matrix)))
    return (jnp.linalg.inv(matrix + size * mean) - mean / size) * active[:, None]


def _can_halve(operator: StencilOperator, axis: int) -> bool:
    count = operator.shape[axis]
    return count > 2 and not (operator.periodic[axis] and count % 2)


def _fit_for_the_loop(operator: StencilOperator, finest: int, coarsest: int) -> bool:
    """Whether a loop in a cube costs little beside the finest level, and saves the compilation of more than one level."""
    cube = max(operator.shape) ** operator.dimension
    several = operator.size > coarsest * 2**operator.dimension
    return several and not any(operator.periodic) and 7 * cube <= finest
