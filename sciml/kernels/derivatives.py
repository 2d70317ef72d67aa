"""Covariances of derivatives of a process at pairs of points."""

import functools
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, ArrayLike, Float, Int

from sciml.fields.derivatives import MultiIndex
from sciml.kernels.profile import Profile, check_smoothness

if TYPE_CHECKING:
    from sciml.kernels.kernel import Kernel


class Lags(eqx.Module):
    """Differences `x_i - y_j` of one coordinate; on grids few distances occur, and each is evaluated once.

    Attributes:
        distances: the distances that occur, shape `(count,)`, or the matrix of differences if nearly all are distinct.
        places: place of each pair in that list, shape `(n, m)`; `None` for the matrix.
        signs: sign of each difference; `None` for the matrix.
    """

    distances: Float[Array, "*distances"]
    places: Int[Array, "n m"] | None = None
    signs: Float[Array, "n m"] | None = None

    @classmethod
    def of(cls, x: Float[ArrayLike, " n"], y: Float[ArrayLike, " m"]) -> "Lags":
        """Collect the distances, on the host, where the points are known."""
        if isinstance(x, Tracer) or isinstance(y, Tracer):
            return cls(jnp.asarray(x)[:, None] - jnp.asarray(y)[None, :])
        differences = np.asarray(x)[:, None] - np.asarray(y)[None, :]
        distances, places = _distinct(np.abs(differences))
        if 4 * distances.size > differences.size:
            return cls(jnp.asarray(differences))
        return cls(jnp.asarray(distances), jnp.asarray(places), jnp.asarray(np.sign(differences)))

    def turned(self) -> "Lags":
        """The differences `y_j - x_i`."""
        if self.places is None or self.signs is None:
            return Lags(-self.distances.T)
        return Lags(self.distances, self.places.T, -self.signs.T)

    def derivative(self, profile: Profile, order: int) -> Float[Array, "n m"]:
        """A profile's derivative at all differences."""
        values = profile(self.distances, order)
        if self.places is None or self.signs is None:
            return values
        values = values[self.places]
        return values * self.signs if order % 2 else values


class Pairs(eqx.Module):
    """All pairs of two sets of points, prepared once outside `jit` for covariances of derivatives.

    Attributes:
        x: first points, shape `(n, dimension)`.
        y: second points, shape `(m, dimension)`.
        lags: differences of each coordinate.
    """

    x: Float[Array, "n dimension"]
    y: Float[Array, "m dimension"]
    lags: tuple[Lags, ...]

    @classmethod
    def of(cls, x: Float[ArrayLike, "n dimension"], y: Float[ArrayLike, "m dimension"]) -> "Pairs":
        """Prepare pairs of points."""
        # Known points stay on the host, also inside `jit`.
        first, second = (p if isinstance(p, Tracer) else np.asarray(p) for p in (x, y))
        if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
            raise ValueError(f"Pairs: points have shapes (n, d) and (m, d), got {first.shape} and {second.shape}.")
        lags = tuple(Lags.of(first[:, i], second[:, i]) for i in range(first.shape[1]))
        return cls(jnp.asarray(first), jnp.asarray(second), lags)

    def coordinates(self, start: int, stop: int) -> "Pairs":
        """The pairs seen in some of their coordinates only."""
        return Pairs(self.x[:, start:stop], self.y[:, start:stop], self.lags[start:stop])

    def turned(self) -> "Pairs":
        """The same pairs, the second points first."""
        return Pairs(self.y, self.x, tuple(lags.turned() for lags in self.lags))


def pair_derivatives(kernel: "Kernel", pairs: Pairs, alpha: MultiIndex, beta: MultiIndex) -> Float[Array, "n m"]:
    """The derivatives of `kernel(x_i, y_j)` of order `alpha` in the first point and `beta` in the second.

    Products over coordinates of stationary kernels take them from their profiles, other kernels from automatic differentiation.
    """
    dimension = len(pairs.lags)
    if len(alpha) != dimension or len(beta) != dimension:
        raise ValueError(f"derivatives: points have {dimension} coordinates, the multi-indices are {alpha} and {beta}.")
    profiles = [factor.profile() for factor in kernel.factors(dimension) or ()]
    known = [profile for profile in profiles if profile is not None]
    if not profiles or len(known) < len(profiles):
        return _by_differentiation(kernel, pairs, alpha, beta)
    parts = [(-1) ** beta[i] * pairs.lags[i].derivative(profile, alpha[i] + beta[i]) for i, profile in enumerate(known)]
    return functools.reduce(operator.mul, parts)


def _distinct(distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distances up to rounding, and the place of each in that list."""
    precision = np.finfo(distances.dtype)
    scale = max(float(distances.max(initial=0.0)), float(precision.tiny))
    rounded = np.round(distances / (scale * 64 * float(precision.eps)))
    _, first, places = np.unique(rounded, return_index=True, return_inverse=True)
    return distances.ravel()[first], places.reshape(distances.shape)


def _by_differentiation(kernel: "Kernel", pairs: Pairs, alpha: MultiIndex, beta: MultiIndex) -> Array:
    check_smoothness(kernel.smoothness, sum(alpha) + sum(beta))
    scalar = len(pairs.lags) == 1

    def value(a: Array, b: Array) -> Array:
        return kernel.evaluate(a[0], b[0]) if scalar else kernel.evaluate(a, b)

    function: Callable[[Array, Array], Array] = value
    for argument, orders in enumerate((alpha, beta)):
        for axis, order in enumerate(orders):
            for _ in range(order):
                function = _partial(function, argument, axis)
    return jax.vmap(lambda a: jax.vmap(lambda b: function(a, b))(pairs.y))(pairs.x)


def _partial(function: Callable[[Array, Array], Array], argument: int, axis: int) -> Callable[[Array, Array], Array]:
    def rate(a: Array, b: Array) -> Array:
        def along(moved: Array) -> Array:
            return function(moved, b) if argument == 0 else function(a, moved)

        point = (a, b)[argument]
        return jax.jvp(along, (point,), (jnp.zeros_like(point).at[axis].set(1),))[1]

    return rate
