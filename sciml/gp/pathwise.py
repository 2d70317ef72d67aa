"""Whole functions drawn from a posterior."""

from typing import TYPE_CHECKING

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.gp.covariance_solver import Factorisation
from sciml.gp.design import Mean, as_design, prior_mean
from sciml.gp.lattice import is_lattice
from sciml.kernels.features import RandomFeatures
from sciml.kernels.kernel import Kernel

if TYPE_CHECKING:
    from sciml.gp.process import GP


class Path(eqx.Module):
    """A function drawn from a posterior: a prior draw plus kernels centred at the observations.

    Attributes:
        kernel: covariance function.
        mean: prior mean.
        features: random features of the kernel.
        amplitudes: of the features, shape `(features,)`.
        points: where observations were made.
        weights: of the kernels centred there.
    """

    kernel: Kernel
    mean: Mean
    features: RandomFeatures
    amplitudes: Float[Array, " features"]
    points: Float[Array, "n *dimension"]
    weights: Float[Array, " n"]

    def __call__(self, points: Float[Array, "m *dimension"]) -> Float[Array, " m"]:
        """Values of the function."""
        prior = prior_mean(self.mean, points) + self.features(points) @ self.amplitudes
        return prior + self.kernel.gram(points, self.points) @ self.weights


def draw_path(
    gp: "GP", factorisation: Factorisation, residual: Float[Array, " n"], count: int, *, key: PRNGKeyArray
) -> Path:
    """Draw a prior function from `count` features and correct it by what was observed."""
    points = gp.points if is_lattice(gp.points) else as_design(gp.points)
    if not isinstance(points, jax.Array):
        raise TypeError("path: drawn for values observed at points, not for lattices or functionals; use `sample`.")
    first, second, third = jax.random.split(key, 3)
    dimension = 1 if points.ndim == 1 else points.shape[1]
    features = RandomFeatures.draw(gp.kernel, count, dimension, key=first)
    amplitudes = jax.random.normal(second, (count,), points.dtype)
    noise = jnp.sqrt(gp.noise_variance.astype(points.dtype)) * jax.random.normal(third, residual.shape, points.dtype)
    weights = factorisation.solve(residual - features(points) @ amplitudes - noise)
    return Path(gp.kernel, gp.mean, features, amplitudes, points, weights)
