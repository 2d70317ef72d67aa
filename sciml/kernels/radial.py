"""Kernels of the squared scaled distance; all derivatives are right where two points coincide."""

from abc import abstractmethod
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.kernels.coordinates import one_per_coordinate
from sciml.kernels.kernel import Kernel
from sciml.kernels.profile import Profile, radial_profile


class Radial(Kernel):
    """A kernel `g(s)` of `s = |(x - y) / lengthscale|^2`, with one lengthscale or one per coordinate.

    A square root never meets automatic differentiation: subclasses give the derivatives of `g` with respect to `s` in closed form,
    and differentiation goes from each to the next.
    """

    lengthscale: eqx.AbstractVar[Float[Array, "*dimension"]]

    @property
    @abstractmethod
    def smoothness(self) -> float:
        """Highest order of a derivative of the covariance that exists where the points coincide."""

    @abstractmethod
    def shape(self, s: Float[Array, "*s"], order: int) -> Float[Array, "*s"]:
        """The derivative of `g` of an order with respect to `s`; zero at `s = 0` where it has none."""

    def evaluate(self, x: Float[Array, "*point"], y: Float[Array, "*point"]) -> Float[Array, ""]:
        """`g` of the squared scaled distance."""
        difference = (x - y) / one_per_coordinate(self.lengthscale, x.shape, "lengthscale")
        return _shape(self, 0, jnp.sum(difference * difference))

    def pairs(self, x: Float[Array, "n *dimension"], y: Float[Array, "m *dimension"]) -> Float[Array, "n m"]:
        """`g` of all squared distances, which are sums over the coordinates."""
        return _shape(
            self, 0, _squared_distances(x, y, one_per_coordinate(self.lengthscale, x.shape[1:], "lengthscale"))
        )

    def profile(self) -> Profile | None:
        """Derivatives from those of `g`; only for one lengthscale."""
        if self.lengthscale.ndim:
            return None
        return radial_profile(lambda s, order: _shape(self, order, s), self.lengthscale, self.smoothness)


def _squared_distances(x: Array, y: Array, lengthscale: Array) -> Array:
    # Differences first: scaled coordinates differ, by a fused multiply-add in one place and not in another, where points coincide.
    if x.ndim == 1:
        return _squared(x, y, lengthscale)
    if lengthscale.ndim:
        columns = [_squared(x[:, i], y[:, i], lengthscale[i]) for i in range(x.shape[1])]
        return sum(columns[1:], columns[0])
    # One scale for all: its derivative is a multiple of the sum, so that no coordinate's matrix need be kept for it.
    unit = jax.lax.stop_gradient(lengthscale)
    columns = [_squared(x[:, i], y[:, i], unit) for i in range(x.shape[1])]
    return sum(columns[1:], columns[0]) * (unit / lengthscale) ** 2


def _squared(x: Array, y: Array, lengthscale: Array) -> Array:
    return ((x[:, None] - y[None, :]) / lengthscale) ** 2


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def _shape(kernel: Radial, order: int, s: Array) -> Array:
    return kernel.shape(s, order)


@_shape.defjvp
def _shape_jvp(order: int, primals: tuple[Any, Array], tangents: tuple[Any, Array]) -> tuple[Array, Array]:
    (kernel, s), (kernel_rate, s_rate) = primals, tangents
    rate = _shape(kernel, order + 1, s) * s_rate
    return _shape(kernel, order, s), rate + _parameter_rate(kernel, kernel_rate, order, s)


@partial(jax.custom_jvp, nondiff_argnums=(2,))
def _parameter_rate(kernel: Radial, kernel_rate: Any, order: int, s: Array) -> Array:
    """Rate of change of the derivative of an order with the kernel's parameters, to be differentiated like it."""
    return _native_rate(kernel, kernel_rate, order, s)


@_parameter_rate.defjvp
def _parameter_rate_jvp(order: int, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Array, Array]:
    kernel, kernel_rate, s = primals
    value = _parameter_rate(kernel, kernel_rate, order, s)
    second = jax.jvp(lambda k, rate: _native_rate(k, rate, order, s), primals[:2], tangents[:2])[1]
    return value, second + _parameter_rate(kernel, kernel_rate, order + 1, s) * tangents[2]


def _native_rate(kernel: Radial, kernel_rate: Any, order: int, s: Array) -> Array:
    return jax.jvp(lambda k: k.shape(s, order), (kernel,), (kernel_rate,))[1]
