"""Spectral measures of stationary kernels (Bochner's theorem): density and random frequencies."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


@dataclass(frozen=True)
class Spectrum:
    """The spectral measure of `k(x - y)`: `k(r)` is the integral of `density(w) cos(w . r) dw / (2 pi)^d`.

    Attributes:
        variance: `k(0)`, the measure's mass.
        frequencies: `(normals, key) -> angular frequencies`, both of shape `(count, dimension)`: draws from the measure divided by
            its mass. Directions come from the standard normal numbers. A differentiable function of the kernel's parameters but for the
            choice of a term of a sum or mixture, which jumps where their shares change.
        density: angular frequencies `(*shape, dimension)` to values `(*shape,)`; `None` where the measure is discrete, or has no
            closed form.
    """

    variance: Float[Array, ""]
    frequencies: Callable[[Array, PRNGKeyArray], Array]
    density: Callable[[Array], Array] | None = None

    def sample(self, count: int, dimension: int = 1, *, key: PRNGKeyArray) -> Float[Array, "count dimension"]:
        """Independent random angular frequencies, in radians per unit."""
        first, second = jax.random.split(key)
        return self.frequencies(jax.random.normal(first, (count, dimension), self.variance.dtype), second)

    def add(self, other: "Spectrum") -> "Spectrum":
        """Spectrum of a sum: each frequency comes from one term, in proportion to its variance."""
        variance = self.variance + other.variance

        def frequencies(normals: Array, key: PRNGKeyArray) -> Array:
            first, second, third = jax.random.split(key, 3)
            mine = jax.random.uniform(first, normals.shape[:1], normals.dtype) * variance < self.variance
            return jnp.where(mine[:, None], self.frequencies(normals, second), other.frequencies(normals, third))

        mine, others = self.density, other.density
        density = None if mine is None or others is None else lambda w: mine(w) + others(w)
        return Spectrum(variance, frequencies, density)

    def multiply(self, other: "Spectrum") -> "Spectrum":
        """Spectrum of a product, the convolution: frequencies add; it has no density in closed form."""

        def frequencies(normals: Array, key: PRNGKeyArray) -> Array:
            first, second, third = jax.random.split(key, 3)
            fresh = jax.random.normal(first, normals.shape, normals.dtype)
            return self.frequencies(normals, second) + other.frequencies(fresh, third)

        return Spectrum(self.variance * other.variance, frequencies)

    def scale(self, variance: Float[Array, ""]) -> "Spectrum":
        """A multiple."""
        mine = self.density
        return Spectrum(
            variance * self.variance, self.frequencies, None if mine is None else lambda w: variance * mine(w)
        )


def scale_mixture(
    lengthscale: Float[Array, "*dimension"],
    precision: Callable[[PRNGKeyArray, int], Array] | None,
    log_density: Callable[[Array, int], Array],
) -> Spectrum:
    """Spectrum of an isotropic kernel of `(x - y) / lengthscale` whose frequencies are normal with a random scale.

    Args:
        lengthscale: one, or one per coordinate.
        precision: `(key, count) -> squared scales`; `None` for the normal law itself.
        log_density: `(squared frequency, dimension) -> log density` for unit lengthscale.
    """

    def frequencies(normals: Array, key: PRNGKeyArray) -> Array:
        scale = 1.0 if precision is None else jnp.sqrt(precision(key, normals.shape[0]))[:, None]
        return normals * scale / per_coordinate(lengthscale, normals)

    def density(frequency: Array) -> Array:
        dimension = frequency.shape[-1]
        scaled = frequency * per_coordinate(lengthscale, frequency)
        volume = jnp.sum(jnp.log(jnp.broadcast_to(lengthscale, (dimension,))))
        return jnp.exp(log_density(jnp.sum(scaled * scaled, -1), dimension) + volume)

    return Spectrum(jnp.ones((), lengthscale.dtype), frequencies, density)


def require_one_coordinate(frequencies: Float[Array, "count dimension"], name: str) -> None:
    """Refuse frequencies in several dimensions of a kernel of numbers."""
    if frequencies.shape[1] != 1:
        raise ValueError(
            f"{name} is a kernel of one number, and its spectrum was asked for in {frequencies.shape[1]} dimensions."
        )


def per_coordinate(values: Float[Array, "*dimension"], points: Float[Array, "*shape"]) -> Float[Array, "*ones"]:
    """A number, or one per coordinate, shaped to combine with points whose last axis is the coordinate."""
    return values.reshape((1,) * (points.ndim - values.ndim) + values.shape) if values.ndim else values
