"""Tables of partial derivatives of a function at many points."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeAlias, runtime_checkable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Inexact

MultiIndex: TypeAlias = tuple[int, ...]
"""Order of the derivative along each coordinate."""


@runtime_checkable
class KnowsDerivatives(Protocol):
    """A function that gives its own derivatives faster than by differentiating it from outside."""

    def derivatives(
        self, points: Inexact[Array, "points coordinates"], needed: Iterable[MultiIndex]
    ) -> dict[MultiIndex, Inexact[Array, "components points"]]:
        """Every derivative named in `needed` at every point."""
        ...


def derivative_table(
    function: Callable[[Array], Array], points: Inexact[Array, "points coordinates"], needed: Iterable[MultiIndex]
) -> dict[MultiIndex, Inexact[Array, "components points"]]:
    """Each derivative once, for all points together.

    Args:
        function: `(coordinates,) -> (components,)`. If it has a method `derivatives`, that is used; else nested forward-mode
            differentiation, one chain per direction, from which all lower orders come along.
        points: where.
        needed: multi-indices.

    Returns:
        Multi-index to values `(components, points)`.
    """
    needed = frozenset(needed)
    if isinstance(function, KnowsDerivatives):
        return function.derivatives(points, needed)
    chains = _chains(needed)

    def at_point(x: Array) -> dict[MultiIndex, Array]:
        found: dict[MultiIndex, Array] = {}
        for steps in chains:
            found |= {alpha: value for alpha, value in _chain(function, x, steps).items() if alpha in needed}
        return found

    table = jax.vmap(at_point)(points)
    return {alpha: jnp.moveaxis(value, 0, -1) for alpha, value in table.items()}


def _chains(needed: frozenset[MultiIndex]) -> list[tuple[int, ...]]:
    """Sequences of axes whose partial products cover what is needed, longest first; each is one nest of `jvp`."""
    chains: list[tuple[int, ...]] = []
    covered: set[MultiIndex] = set()
    for alpha in sorted(needed, key=lambda a: (-sum(a), a)):
        if alpha in covered:
            continue
        # The longest pure derivative goes inside, where its lower orders are shared.
        axes = sorted((i for i, order in enumerate(alpha) if order), key=lambda i: -alpha[i])
        steps = tuple(axis for axis in axes for _ in range(alpha[axis]))
        chains.append(steps)
        covered.update(_prefixes(steps, len(alpha)))
    return chains


def _prefixes(steps: Sequence[int], count: int) -> list[MultiIndex]:
    return [tuple(list(steps[:length]).count(axis) for axis in range(count)) for length in range(len(steps) + 1)]


def _chain(function: Callable[[Array], Array], x: Array, steps: Sequence[int]) -> dict[MultiIndex, Array]:
    """Derivatives along a sequence of axes, each order handed on with the lower ones."""

    def orders(inner: Callable[[Array], tuple[Array, ...]], axis: int) -> Callable[[Array], tuple[Array, ...]]:
        direction = jnp.zeros_like(x).at[axis].set(1.0)

        def outer(y: Array) -> tuple[Array, ...]:
            values, rates = jax.jvp(inner, (y,), (direction,))
            return (*values, rates[-1])

        return outer

    nested: Callable[[Array], tuple[Array, ...]] = lambda y: (function(y),)  # noqa: E731
    for axis in steps:
        nested = orders(nested, axis)
    return dict(zip(_prefixes(steps, x.shape[0]), nested(x)))
