"""Halving one axis of a stencil operator: interpolation weights from the operator, and the Galerkin product.

Every second unknown along the axis stays. The others are interpolated from their two neighbours by weights that follow the
coefficients: `w = link / (sum of the two links)`, the stencil summed over the other axes first. Flux stays continuous across jumps,
so that contrasts of 1e4 do no harm, and walls take care of themselves. Coarsening one axis after another gives interpolation in
any dimension; coarsening only the strongly coupled axes (semi-coarsening) is the same code.

Sources: Alcouffe, Brandt, Dendy, Painter, SIAM J. Sci. Stat. Comput. 2 (1981) 430; Dendy, J. Comput. Phys. 48 (1982) 366 (which
interpolates the centres of cells from all their neighbours instead).
"""

import itertools
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Inexact

from sciml.solvers.multigrid.stencil import Offset, StencilOperator, half_offsets, opposite

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

    def _pairs(self, fine: Array) -> Array:
        """Pairs of a left-out unknown and the coarse one after it, along a new axis."""
        coarse = coarse_count(self.count)
        padded = pad_axis(fine, self.axis, 1, 2 * coarse + 1 - self.count, self.periodic)
        shape = padded.shape
        return padded.reshape(*shape[: self.axis], coarse + 1, 2, *shape[self.axis + 1 :])


def coarse_count(count: int) -> int:
    """How many of `count` unknowns in a row stay."""
    return (count + 1) // 2


class Halved(eqx.Module):
    """A stencil operator's arrays taken apart along one axis: coarse unknowns and those left out, each in an array of its own.

    What reads them reads contiguous memory; with strided slices and padding inside the products these took three times as long.

    Attributes:
        own: per offset (the centre first) the entries at nodes -2, 0, 2, ..., with halos along all axes.
        left_out: those at nodes -1, 1, 3, ..., with halos along the other axes.
        offsets: the centre and one of each pair of opposite offsets.
        axis: which axis.
        count: coarse unknowns along it.
    """

    own: tuple[Inexact[Array, "..."], ...]
    left_out: tuple[Inexact[Array, "..."], ...]
    offsets: tuple[Offset, ...] = eqx.field(static=True)
    axis: int = eqx.field(static=True)
    count: int = eqx.field(static=True)

    @staticmethod
    def of(operator: StencilOperator, axis: int) -> "Halved":
        """Take an operator apart."""
        count, periodic = coarse_count(operator.shape[axis]), operator.periodic[axis]
        arrays = (operator.with_halo(operator.centre), *operator.links)
        every = [_every_second(array, axis) for array in arrays]
        left_out = tuple(along(first, axis, 0, count + 1) for first, _ in every)
        own = tuple(pad_axis(along(second, axis, 0, count), axis, 1, 1, periodic) for _, second in every)
        own, left_out = jax.lax.optimization_barrier((own, left_out))
        return Halved(own, left_out, ((0,) * operator.dimension, *operator.offsets), axis, count)

    def entry(self, offset: Offset, place: int, count: int) -> Array | None:
        """The couplings to `offset` at the nodes `2 k + place`, for k below `count`; `None` where there are none."""
        if offset in self.offsets:
            index, shift = self.offsets.index(offset), (0,) * len(offset)
        elif opposite(offset) in self.offsets:
            # The link of a pair stands at the other node of the two.
            index, shift = self.offsets.index(opposite(offset)), offset
        else:
            return None
        place = place + shift[self.axis]
        source, start = (self.left_out, (place + 1) // 2) if place % 2 else (self.own, place // 2 + 1)
        return _window(source[index], self.axis, start, count, shift)


def axis_transfer(operator: StencilOperator, axis: int, interpolation: Interpolation) -> AxisTransfer:
    """Interpolation weights along one axis.

    Args:
        operator: the fine operator.
        axis: which axis; a periodic one needs an even count.
        interpolation: `"operator"`, weights that follow the operator, or `"linear"`, one half each.
    """
    return _transfer(operator, Halved.of(operator, axis), interpolation)


def galerkin(operator: StencilOperator, transfer: AxisTransfer) -> StencilOperator:
    """`R A P` for an interpolation along one axis, again a stencil of nearest neighbours."""
    return _galerkin(operator, Halved.of(operator, transfer.axis), transfer)


def halve(operator: StencilOperator, axis: int, interpolation: Interpolation) -> tuple[AxisTransfer, StencilOperator]:
    """Both: the transfer along one axis, and the coarse operator."""
    halved = Halved.of(operator, axis)
    transfer = _transfer(operator, halved, interpolation)
    return transfer, _galerkin(operator, halved, transfer)


def _transfer(operator: StencilOperator, halved: Halved, interpolation: Interpolation) -> AxisTransfer:
    links = _coupling(halved, -1), _coupling(halved, 1)
    if interpolation == "linear":
        weights = [jnp.full_like(link, 0.5) for link in links]
    else:
        weights = [_ratio(link, -(links[0] + links[1])) for link in links]
    # Beside a wall the share of the missing neighbour stays in the denominator: the solution falls off towards it.
    at_wall, centre = (links[0] == 0) | (links[1] == 0), _coupling(halved, 0)
    weights = [jnp.where(at_wall, _ratio(link, centre), weight) for link, weight in zip(links, weights)]
    lower, upper = jax.lax.optimization_barrier(weights)
    axis = halved.axis
    return AxisTransfer(lower, upper, axis, operator.shape[axis], operator.periodic[axis])


def _coupling(halved: Halved, step: int) -> Array:
    """The stencil at the unknowns left out, summed over all axes but one: what couples to the neighbour at `step` along it."""
    dimension = len(halved.offsets[0])
    choices = [(step,) if axis == halved.axis else (-1, 0, 1) for axis in range(dimension)]
    found = [halved.entry(offset, -1, halved.count + 1) for offset in itertools.product(*choices)]
    known = [values for values in found if values is not None]
    return sum(known[1:], start=known[0]) if known else _window_of_zeros(halved)


def _window_of_zeros(halved: Halved) -> Array:
    zero = (0,) * len(halved.offsets[0])
    return jnp.zeros_like(_window(halved.left_out[0], halved.axis, 0, halved.count + 1, zero))


def _ratio(link: Array, centre: Array) -> Array:
    """`-link / centre`, zero where nothing is coupled."""
    return -link / jnp.where(centre == 0, jnp.ones_like(centre), centre)


def _galerkin(operator: StencilOperator, halved: Halved, transfer: AxisTransfer) -> StencilOperator:
    dimension, periodic = operator.dimension, operator.periodic
    weights = [transfer.from_upper, transfer.from_lower]
    for axis in range(dimension):
        if axis != transfer.axis:
            weights = [pad_axis(weight, axis, 1, 1, periodic[axis]) for weight in weights]
    to_upper, to_lower = jax.lax.optimization_barrier(weights)

    def weight(offset: Offset, place: int) -> Array:
        """How much the coarse unknown at `offset` gives to its lower (-1) or upper (1) fine neighbour."""
        source, start = (to_upper, offset[transfer.axis]) if place < 0 else (to_lower, offset[transfer.axis] + 1)
        return _window(source, transfer.axis, start, halved.count, offset)

    zero = (0,) * dimension
    centre = _product(halved, weight, zero)
    links = {offset: _product(halved, weight, offset) for offset in half_offsets(dimension)}
    present = {offset: link for offset, link in links.items() if link is not None}
    return StencilOperator.make(
        jax.lax.optimization_barrier(centre), present, periodic=periodic, singular=operator.singular
    )


def _product(halved: Halved, weight: Callable[[Offset, int], Array], offset: Offset) -> Any:
    """The coarse coupling at `offset`: the sum over the fine neighbours of both coarse unknowns that the operator couples."""
    axis, terms = halved.axis, []
    for place, other in itertools.product((-1, 0, 1), repeat=2):
        distance = 2 * offset[axis] + other - place
        if abs(distance) > 1:
            continue
        coupling = halved.entry((*offset[:axis], distance, *offset[axis + 1 :]), place, halved.count)
        if coupling is None:
            continue
        row = coupling if place == 0 else weight((0,) * len(offset), place) * coupling
        terms.append(row if other == 0 else row * weight(offset, other))
    return sum(terms[1:], start=terms[0]) if terms else None


def _every_second(values: Array, axis: int) -> tuple[Array, Array]:
    """Entries 0, 2, 4, ... and 1, 3, 5, ... along an axis."""
    count = values.shape[axis]
    return tuple(jax.lax.slice_in_dim(values, start, count, 2, axis) for start in (0, 1))  # pyright: ignore


def _window(values: Array, axis: int, start: int, count: int, shift: Offset) -> Array:
    """Some entries along one axis, and along the others what lies inside the halo, shifted."""
    cut = [slice(1 + step, size - 1 + step) for step, size in zip(shift, values.shape)]
    cut[axis] = slice(start, start + count)
    return values[tuple(cut)]


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
