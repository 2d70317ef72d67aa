"""Symmetric stencil operators: each unknown is coupled to its nearest neighbours, diagonal ones included."""

import itertools
from typing import Any, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
from jaxtyping import Array, Inexact

Offset: TypeAlias = tuple[int, ...]


def half_offsets(dimension: int) -> tuple[Offset, ...]:
    """One of each pair of opposite offsets to the nearest neighbours: 1, 4, 13 in one, two, three dimensions."""
    everything = itertools.product((-1, 0, 1), repeat=dimension)
    return tuple(offset for offset in everything if offset > (0,) * dimension)


def opposite(offset: Offset) -> Offset:
    """The same step backwards."""
    return tuple(-step for step in offset)


def shifted(padded: Array, offset: Offset) -> Array:
    """The neighbours at `offset` of all unknowns, out of an array with a halo of one."""
    return padded[tuple(slice(1 + step, size - 1 + step) for step, size in zip(offset, padded.shape))]


def interior(padded: Array) -> Array:
    """An array without its halo."""
    return shifted(padded, (0,) * padded.ndim)


def with_halo(values: Array, periodic: tuple[bool, ...]) -> Array:
    """Values with one more layer around them: the opposite end of a periodic axis, zeros elsewhere.

    The barrier keeps the compiler from computing a stencil anew for each neighbour that the next stencil asks for.
    """
    if not any(periodic):
        return jax.lax.optimization_barrier(jnp.pad(values, 1))
    for axis, wraps in enumerate(periodic):
        widths = [(0, 0)] * values.ndim
        widths[axis] = (1, 1)
        values = jnp.pad(values, widths, mode="wrap") if wraps else jnp.pad(values, widths)
    return jax.lax.optimization_barrier(values)


class StencilOperator(eqx.Module):
    """A symmetric operator on arrays of one, two or three axes that couples nearest neighbours (3, 9 or 27 points at most).

    `(A u)[i] = centre[i] u[i] + sum over offsets o of links[o][i] u[i + o] + links[o][i - o] u[i - o]`: one array per pair of
    neighbours. Boundary conditions are in the coefficients: what would couple to the outside is zero. Where the whole row is zero there
    is no unknown: a node whose value is given, a hole in the domain.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.solvers.multigrid import StencilOperator
        >>> second_difference = StencilOperator.make(jnp.full(4, 2.0), {(1,): jnp.array([-1.0, -1.0, -1.0, 0.0])})
        >>> second_difference.mv(jnp.array([1.0, 2.0, 3.0, 4.0])).tolist()
        [0.0, 0.0, 0.0, 5.0]

    Attributes:
        centre: `(*shape)`, the diagonal.
        links: per offset an array `(*shape + 2)` with a halo; the entry of unknown i couples it to i + offset.
        offsets: one of each pair of opposite offsets.
        periodic: per axis whether its ends are neighbours.
        singular: whether constants belong to the null space.
        surplus: the row sums, where they are known and not only what rounding leaves of them. `mv` then multiplies differences of
            neighbours, and single precision gives solutions right to 1e-6 at any size and contrast; without it the rounding of the
            diagonal acts like an absorption of epsilon times its size.
    """

    centre: Inexact[Array, "..."]
    links: tuple[Inexact[Array, "..."], ...]
    offsets: tuple[Offset, ...] = eqx.field(static=True)
    periodic: tuple[bool, ...] = eqx.field(static=True)
    singular: bool = eqx.field(static=True)
    surplus: Inexact[Array, "..."] | None = None

    @staticmethod
    def make(
        centre: Inexact[Array, "..."],
        links: dict[Offset, Inexact[Array, "..."]],
        *,
        periodic: tuple[bool, ...] | None = None,
        singular: bool = False,
        surplus: Inexact[Array, "..."] | None = None,
    ) -> "StencilOperator":
        """Put an operator together from arrays of the unknowns' shape.

        Args:
            centre: the diagonal.
            links: by offset the coupling of each unknown i to i + offset; of opposite offsets only one, with its first non-zero step
                positive. Entries that point outside a bounded axis must be zero.
            periodic: per axis; none by default.
            singular: whether constants belong to the null space.
            surplus: the row sums.
        """
        periodic = periodic if periodic is not None else (False,) * centre.ndim
        known = half_offsets(centre.ndim)
        for offset, link in links.items():
            if offset not in known:
                raise ValueError(f"StencilOperator: offset {offset} is not one of {known}.")
            if link.shape != centre.shape:
                raise ValueError(
                    f"StencilOperator: link {offset} has shape {link.shape}, the unknowns have {centre.shape}."
                )
        padded = tuple(with_halo(link, periodic) for link in links.values())
        return StencilOperator(centre, padded, tuple(links), periodic, singular, surplus)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the unknowns."""
        return self.centre.shape

    @property
    def dimension(self) -> int:
        """Number of axes."""
        return self.centre.ndim

    @property
    def size(self) -> int:
        """Number of unknowns."""
        return self.centre.size

    def apply(self, padded: Inexact[Array, "..."]) -> Inexact[Array, "..."]:
        """The operator on an array that has its halo."""
        # The centre too comes from the padded array: another operand would be another pass through memory.
        if self.surplus is not None:
            return self._apply_to_differences(padded, self.surplus)
        result = self.centre * interior(padded)
        for offset, link in zip(self.offsets, self.links):
            back = opposite(offset)
            result += interior(link) * shifted(padded, offset) + shifted(link, back) * shifted(padded, back)
        return result

    def _apply_to_differences(self, padded: Array, surplus: Array) -> Array:
        here = interior(padded)
        result = surplus * here
        for offset, link in zip(self.offsets, self.links):
            back = opposite(offset)
            result += interior(link) * (shifted(padded, offset) - here)
            result += shifted(link, back) * (shifted(padded, back) - here)
        return result

    def mv(self, u: Inexact[Array, "..."]) -> Inexact[Array, "..."]:
        """The operator on an array of unknowns."""
        return self.apply(self.with_halo(u))

    def with_halo(self, u: Inexact[Array, "..."]) -> Inexact[Array, "..."]:
        """Unknowns with one more layer around them."""
        return with_halo(u, self.periodic)

    def entry(self, offset: Offset) -> Inexact[Array, "..."] | None:
        """The coupling of each unknown i to i + offset; `None` where there is none."""
        if offset == (0,) * self.dimension:
            return self.centre
        if offset in self.offsets:
            return interior(self.links[self.offsets.index(offset)])
        back = opposite(offset)
        return shifted(self.links[self.offsets.index(back)], offset) if back in self.offsets else None

    def without_surplus(self) -> "StencilOperator":
        """The operator in its plain form: a little faster, for use inside preconditioners."""
        return StencilOperator(self.centre, self.links, self.offsets, self.periodic, self.singular)

    def astype(self, dtype: Any) -> "StencilOperator":
        """The same operator in another precision."""
        return jax.tree.map(lambda leaf: leaf.astype(dtype), self)

    def as_matrix(self) -> Inexact[Array, "size size"]:
        """The dense matrix, for small operators."""
        unit = jnp.eye(self.size, dtype=self.centre.dtype).reshape(self.size, *self.shape)
        return jax.vmap(self.mv)(unit).reshape(self.size, self.size).T

    def as_lineax(self) -> lx.FunctionLinearOperator:
        """The operator for `lineax.linear_solve`, tagged positive semidefinite."""
        structure = jax.ShapeDtypeStruct(self.shape, self.centre.dtype)
        return lx.FunctionLinearOperator(self.mv, structure, tags=lx.positive_semidefinite_tag)
