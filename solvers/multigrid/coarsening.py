"""Halving one axis of a stencil operator: interpolation weights from the operator, and the Galerkin product.

Every second unknown along the axis stays. The others are interpolated from their two neighbours by weights that follow the
coefficients: `w = link / (sum of the two links)`, the stencil summed over the other axes first. Flux stays continuous across jumps,
so that contrasts of 1e4 do no harm, and walls take care of themselves. Coarsening one axis after another gives interpolation in
any dimension; coarsening only the strongly coupled axes (semi-coarsening) is the same code.

Sources: Alcouffe, Brandt, Dendy, Painter, SIAM J. Sci. Stat. Comput. 2 (1981) 430; Dendy, J. Comput. Phys. 48 (1982) 366 (which
interpolates the centres of cells from all their neighbours instead).
"""

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Inexact

from sciml.solvers.multigrid.stencil import Offset, StencilOperator, half_offsets

Interpolation: TypeAlias = Literal["operator", "linear"]


class Triple(NamedTuple):
    """Along one axis, what lies at each coarse unknown and at its two fine neighbours; arrays of the coarse shape."""

    lower: Array
    own: Array
    upper: Array


class AxisTransfer(eqx.Module):
    """Interpolation from every second unknown of one axis, beginning with the first, to all of them, and its transpose.

    Attributes:
        from_lower: weight, at each fine unknown left out, of its lower coarse neighbour; `coarse + 1` entries along the axis, number
            k of the unknowns left out lying before number k of the coarse ones.
        from_upper: of its upper coarse neighbour.
        axis: which axis.
        count: fine unknowns along it.
        periodic: whether it is periodic; then `count` must be even.
    """

    from_lower: Inexact[Array, "..."]
    from_upper: Inexact[Array, "..."]
    axis: int = eqx.field(static=True)
    count: int = eqx.field(static=True)
    periodic: bool = eqx.field(static=True)

    def restrict(self, fine: Inexact[Array, "..."]) -> Inexact[Array, "..."]:
        """The transpose of `prolong`."""
        lower, own, upper = self.split(fine)
        to_upper = along(self.from_upper, self.axis, 0, -1)
        to_lower = along(self.from_lower, self.axis, 1, None)
        return own + to_upper * lower + to_lower * upper

    def prolong(self, coarse: Inexact[Array, "..."]) -> Inexact[Array, "..."]:
        """Interpolate to the fine unknowns."""
        padded = pad_axis(coarse, self.axis, 1, 1, self.periodic)
        lower, upper = along(padded, self.axis, 0, -1), along(padded, self.axis, 1, None)
        between = self.from_lower * lower + self.from_upper * upper
        # Pairs (unknown left out, coarse unknown); chosen by parity, since strided writes are slow.
        left_out, own = _twice(between, self.axis), _twice(upper, self.axis)
        index = jax.lax.broadcasted_iota(jnp.int32, own.shape, self.axis)
        return along(jnp.where(index % 2 == 0, left_out, own), self.axis, 1, 1 + self.count)

    def split(self, fine: Inexact[Array, "..."]) -> Triple:
        """What lies at each coarse unknown and at its fine neighbours; zero outside."""
        pairs = self._pairs(fine)
        left_out = jax.lax.index_in_dim(pairs, 0, self.axis + 1, keepdims=False)
        own = jax.lax.index_in_dim(pairs, 1, self.axis + 1, keepdims=False)
        return Triple(
            along(left_out, self.axis, 0, -1), along(own, self.axis, 0, -1), along(left_out, self.axis, 1, None)
        )

    def left_out(self, fine: Inexact[Array, "..."]) -> Inexact[Array, "..."]:
        """What lies at the fine unknowns that are interpolated, `coarse + 1` along the axis; zero where there is none."""
        return jax.lax.index_in_dim(self._pairs(fine), 0, self.axis + 1, keepdims=False)

    def _pairs(self, fine: Array) -> Array:
        """Pairs of a left-out unknown and the coarse one after it, along a new axis."""
        coarse = coarse_count(self.count)
        padded = pad_axis(fine, self.axis, 1, 2 * coarse + 1 - self.count, self.periodic)
        shape = padded.shape
        return padded.reshape(*shape[: self.axis], coarse + 1, 2, *shape[self.axis + 1 :])


def coarse_count(count: int) -> int:
    """How many of `count` unknowns in a row stay."""
    return (count + 1) // 2


def axis_transfer(operator: StencilOperator, axis: int, interpolation: Interpolation) -> AxisTransfer:
    """Interpolation weights along one axis.

    Args:
        operator: the fine operator.
        axis: which axis; a periodic one needs an even count.
        interpolation: `"operator"`, weights that follow the operator, or `"linear"`, one half each.
    """
    links = _coupling(operator, axis, -1), _coupling(operator, axis, 1)
    if interpolation == "linear":
        weights = [jnp.full_like(link, 0.5) for link in links]
    else:
        weights = [_ratio(link, -(links[0] + links[1])) for link in links]
    # Beside a wall the share of the missing neighbour stays in the denominator: the solution falls off towards it.
    at_wall, centre = (links[0] == 0) | (links[1] == 0), _coupling(operator, axis, 0)
    weights = [jnp.where(at_wall, _ratio(link, centre), weight) for link, weight in zip(links, weights)]
    layout = (axis, operator.shape[axis], operator.periodic[axis])
    whole = AxisTransfer(weights[0], weights[1], *layout)
    kept = jax.lax.optimization_barrier([whole.left_out(weight) for weight in weights])
    return AxisTransfer(kept[0], kept[1], *layout)


def _ratio(link: Array, centre: Array) -> Array:
    """`-link / centre`, zero where nothing is coupled."""
    return -link / jnp.where(centre == 0, jnp.ones_like(centre), centre)


def galerkin(operator: StencilOperator, transfer: AxisTransfer) -> StencilOperator:
    """`R A P` for an interpolation along one axis, again a stencil of nearest neighbours."""
    axis = transfer.axis
    weights = Triple(
        along(transfer.from_upper, axis, 0, -1),
        jnp.ones_like(along(transfer.from_upper, axis, 0, -1)),
        along(transfer.from_lower, axis, 1, None),
    )
    entries = _split_entries(operator, transfer)
    zero = (0,) * operator.dimension
    centre = _product(entries, weights, transfer, zero, operator.periodic)
    links = {}
    for offset in half_offsets(operator.dimension):
        link = _product(entries, weights, transfer, offset, operator.periodic)
        if link is not None:
            links[offset] = jax.lax.optimization_barrier(link)
    centre = jax.lax.optimization_barrier(centre)
    return StencilOperator.make(centre, links, periodic=operator.periodic, singular=operator.singular)


def _split_entries(operator: StencilOperator, transfer: AxisTransfer) -> Callable[[Offset, int], Array | None]:
    """The stencil's arrays by offset and by place: at the lower neighbour (-1), the coarse unknown (0), the upper neighbour (1)."""
    cache: dict[Offset, Triple | None] = {}

    def entry(offset: Offset, place: int) -> Array | None:
        if offset not in cache:
            values = operator.entry(offset)
            cache[offset] = None if values is None else transfer.split(values)
        triple = cache[offset]
        return None if triple is None else triple[place + 1]

    return entry


def _product(
    entries: Callable[[Offset, int], Array | None],
    weights: Triple,
    transfer: AxisTransfer,
    offset: Offset,
    periodic: tuple[bool, ...],
) -> Array | None:
    """The coarse coupling at `offset`: the sum over the fine neighbours of both coarse unknowns that the operator couples."""
    axis, step = transfer.axis, offset[transfer.axis]
    across = tuple(0 if a == axis else s for a, s in enumerate(offset))
    terms = []
    for place in (-1, 0, 1):
        for other in (-1, 0, 1):
            distance = 2 * step + other - place
            if abs(distance) > 1:
                continue
            coupling = entries(tuple(distance if a == axis else s for a, s in enumerate(across)), place)
            if coupling is None:
                continue
            row = coupling if place == 0 else weights[place + 1] * coupling
            terms.append(row if other == 0 else row * _moved(weights[other + 1], offset, periodic))
    return sum(terms[1:], start=terms[0]) if terms else None


def _moved(weight: Array, offset: Offset, periodic: tuple[bool, ...]) -> Array:
    """A weight at the coarse unknown `offset` away."""
    if not any(offset):
        return weight
    for axis, step in enumerate(offset):
        if step:
            padded = pad_axis(weight, axis, 1, 1, periodic[axis])
            weight = along(padded, axis, 1 + step, 1 + step + weight.shape[axis])
    return weight


def _coupling(operator: StencilOperator, axis: int, step: int) -> Array:
    """The stencil summed over all axes but one: what couples to the neighbour at `step` along it."""
    reach = (-1, 0, 1)
    grids: list[Offset] = [()]
    for a in range(operator.dimension):
        grids = [(*offset, s) for offset in grids for s in ((step,) if a == axis else reach)]
    found = [values for values in map(operator.entry, grids) if values is not None]
    return sum(found[1:], start=found[0]) if found else jnp.zeros_like(operator.centre)


def along(values: Array, axis: int, start: int | None, stop: int | None) -> Array:
    """A slice of one axis."""
    return values[(slice(None),) * axis + (slice(start, stop),)]


def pad_axis(values: Array, axis: int, lower: int, upper: int, periodic: bool) -> Array:
    """More entries along one axis: zeros, or those of the other end."""
    widths = [(0, 0)] * values.ndim
    widths[axis] = (lower, upper)
    return jnp.pad(values, widths, mode="wrap") if periodic else jnp.pad(values, widths)


def _twice(values: Array, axis: int) -> Array:
    """Each entry along an axis two times in a row."""
    shape = values.shape
    wide = jnp.broadcast_to(jnp.expand_dims(values, axis + 1), (*shape[: axis + 1], 2, *shape[axis + 1 :]))
    return wide.reshape(*shape[:axis], 2 * shape[axis], *shape[axis + 1 :])
