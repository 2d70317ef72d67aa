"""The von Mises-Fisher law: directions around a mean, on spheres of any dimension."""

import math
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.special import gammaln
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray

from sciml.special.bessel import iv_ratio, log_iv

NEWTON = 3
"""Steps for the concentration; two are the published practice."""


class VonMisesFisher(eqx.Module):
    """Unit vectors of density `C exp(concentration mean . x)`, in dimensions where Bessel functions overflow too.

    Attributes:
        mean: unit vector of p components, p at least 2.
        concentration: 0 for the uniform law.

    Example:
        >>> law = VonMisesFisher(jnp.zeros(2048).at[0].set(1.0), jnp.asarray(1365.0))
        >>> points = law.sample(3, key=jax.random.key(0))
        >>> points.shape, jax.vmap(law.log_prob)(points).shape
        ((3, 2048), (3,))

    Source: K. V. Mardia & P. E. Jupp, Directional Statistics, 2000, section 9.3.
    """

    mean: Float[Array, " p"]
    concentration: Float[Array, ""]

    @property
    def log_normaliser(self) -> Float[Array, ""]:
        """`log C`, of the density with respect to the area of the sphere."""
        half, flat = self.mean.shape[0] / 2, self.concentration == 0
        k = jnp.where(flat, 1, self.concentration)
        curved = (half - 1) * jnp.log(k) - half * math.log(2 * math.pi) - log_iv(half - 1, k)
        uniform = gammaln(jnp.asarray(half, k.dtype)) - math.log(2) - half * math.log(math.pi)
        return jnp.where(flat, uniform, curved)

    @property
    def resultant_length(self) -> Float[Array, ""]:
        """Length of the expectation, from 0 to 1."""
        return iv_ratio(self.mean.shape[0] / 2 - 1, self.concentration)

    def log_prob(self, x: Float[Array, " p"]) -> Float[Array, ""]:
        """Logarithm of the density at a unit vector."""
        return self.log_normaliser + self.concentration * jnp.sum(self.mean * x)

    def entropy(self) -> Float[Array, ""]:
        """Differential entropy, in nats."""
        return -self.log_normaliser - self.concentration * self.resultant_length

    def kl_divergence(self, other: "VonMisesFisher") -> Float[Array, ""]:
        """Kullback-Leibler divergence of another law from this one."""
        shared = self.concentration - other.concentration * jnp.sum(self.mean * other.mean)
        return self.log_normaliser - other.log_normaliser + shared * self.resultant_length

    def sample(self, count: int, *, key: PRNGKeyArray) -> Float[Array, "count p"]:
        """Draw unit vectors.

        Args:
            count: how many.
            key: random key.

        Source: A. T. A. Wood, Communications in Statistics 23 (1994) 157.
        """
        along_key, across_key = jax.random.split(key)
        p, dtype = self.mean.shape[0], self.mean.dtype
        along = _components(count, p, self.concentration.astype(dtype), along_key)
        across = jax.random.normal(across_key, (count, p), dtype)
        across = across - jnp.sum(across * self.mean[None], axis=1, keepdims=True) * self.mean[None]
        across = across / jnp.linalg.norm(across, axis=1, keepdims=True)
        return along[:, None] * self.mean[None] + jnp.sqrt(1 - along**2)[:, None] * across


def fit_von_mises_fisher(points: Float[Array, "n p"], *, unbiased: bool = False) -> VonMisesFisher:
    """The law of greatest likelihood.

    The length of the mean of few points in many dimensions is too large, and so is the concentration, by many standard errors: the mean
    of products of different points, with `unbiased`, has the square of the true length as its expectation.

    Args:
        points: unit vectors; they are not normalised here.
        unbiased: correct the length; points without a common direction then give a concentration of 0.

    Raises:
        ValueError: vectors of one component, or one vector alone with `unbiased`.

    Example:
        >>> law = VonMisesFisher(jnp.asarray([0.0, 0.6, 0.8]), jnp.asarray(20.0))
        >>> fitted = fit_von_mises_fisher(law.sample(20000, key=jax.random.key(0)))
        >>> bool(abs(fitted.concentration - 20) < 1)
        True

    Source: S. Sra, Computational Statistics 27 (2012) 177.
    """
    if points.shape[1] < 2:
        raise ValueError(f"fit_von_mises_fisher: needs vectors of two components or more, got shape {points.shape}.")
    count = points.shape[0]
    if unbiased and count < 2:
        raise ValueError("fit_von_mises_fisher: `unbiased` needs two points or more.")
    total = jnp.mean(points, axis=0)
    length = jnp.linalg.norm(total)
    square = jnp.maximum((count * length**2 - 1) / (count - 1), 0) if unbiased else length**2
    return VonMisesFisher(total / length, concentration_of(jnp.sqrt(square), points.shape[1]))


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def concentration_of(length: ArrayLike, dimension: int) -> Float[Array, ""]:
    """The concentration at which the expectation has a given length; differentiable as an implicit function.

    Args:
        length: between 0 and 1.
        dimension: p.

    Example:
        >>> round(float(concentration_of(jnp.asarray(0.5), 2048)), 2)
        1365.07
    """
    length = jnp.asarray(length)
    inside = jnp.where(length > 0, length, 0.5)
    k = inside * (dimension - inside**2) / (1 - inside**2)
    for _ in range(NEWTON):
        ratio, slope = _ratio_and_slope(dimension, k)
        k = k - (ratio - inside) / slope
    return jnp.where(length > 0, k, 0)


@concentration_of.defjvp
def _concentration_jvp(dimension: int, primals: Any, tangents: Any) -> tuple[Array, Array]:
    k = concentration_of(primals[0], dimension)
    # At zero the length is k / p.
    slope = jnp.where(k > 0, _ratio_and_slope(dimension, jnp.where(k > 0, k, 1))[1], 1 / dimension)
    return k, tangents[0] / slope


def _ratio_and_slope(dimension: int, k: Array) -> tuple[Array, Array]:
    """Length of the expectation and its derivative."""
    ratio = iv_ratio(dimension / 2 - 1, k)
    return ratio, 1 - ratio**2 - (dimension - 1) * ratio / k


def _components(count: int, dimension: int, k: Array, key: PRNGKeyArray) -> Array:
    """Components along the mean, by rejection from a transformed beta law."""
    n = dimension - 1
    b = n / (2 * k + jnp.sqrt(4 * k * k + n * n))
    centre = (1 - b) / (1 + b)
    bound = k * centre + n * jnp.log1p(-(centre**2))

    def propose(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        found, accepted, key = state
        key, beta_key, uniform_key = jax.random.split(key, 3)
        z = jax.random.beta(beta_key, n / 2, n / 2, (count,), k.dtype)
        w = (1 - (1 + b) * z) / (1 - (1 - b) * z)
        good = k * w + n * jnp.log1p(-centre * w) - bound >= jnp.log(jax.random.uniform(uniform_key, (count,), k.dtype))
        return jnp.where(accepted, found, w), accepted | good, key

    start = (jnp.zeros(count, k.dtype), jnp.zeros(count, bool), key)
    # A proposal that is not good is drawn anew, until all are.
    return jax.lax.while_loop(lambda state: ~jnp.all(state[1]), propose, start)[0]
