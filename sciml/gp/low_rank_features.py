"""Finitely many functions whose products stand for a kernel."""

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float

from sciml.gp.design import as_design
from sciml.kernels.features import RandomFeatures
from sciml.kernels.kernel import Kernel


class Features(eqx.Module):
    """Functions `f` with `k(x, y)` about `f(x) . f(y)`."""

    @abstractmethod
    def columns(self, points: Any) -> Float[Array, "m n"]:
        """Their values at points."""

    @abstractmethod
    def unexplained(self, points: Any, columns: Float[Array, "m n"]) -> Float[Array, " n"]:
        """Prior variance that they leave out, which a prediction adds."""


class NystroemFeatures(Features):
    """Functions of inducing points: `L^-1 k(z, x)` with `L` the root of the kernel's matrix at these points.

    Attributes:
        kernel: the covariance function.
        inducing: inducing points.
        root: `L`.
    """

    kernel: Kernel
    inducing: Float[Array, "m *dimension"]
    root: Float[Array, "m m"]

    def columns(self, points: Any) -> Float[Array, "m n"]:
        """Triangular solve with the kernel's values."""
        return solve_triangular(self.root, self.kernel.gram(self.inducing, array_points(points)), lower=True)

    def unexplained(self, points: Any, columns: Float[Array, "m n"]) -> Float[Array, " n"]:
        """The kernel's variance less that of the functions."""
        return self.kernel.diagonal(array_points(points)) - jnp.sum(columns * columns, axis=0)


class FiniteFeatures(Features):
    """Random features, of which the process is taken to consist.

    Attributes:
        features: the features.
    """

    features: RandomFeatures

    def columns(self, points: Any) -> Float[Array, "m n"]:
        """The features of each point."""
        return self.features(array_points(points)).T

    def unexplained(self, points: Any, columns: Float[Array, "m n"]) -> Float[Array, " n"]:
        """Nothing: the prior is that of the functions."""
        return jnp.zeros(columns.shape[1], columns.dtype)


def array_points(points: Any) -> Float[Array, "n *dimension"]:
    """Points as an array.

    Raises:
        TypeError: they are functionals or a lattice.
    """
    design = as_design(points)
    if not hasattr(design, "dtype"):
        raise TypeError("this solver observes values at points; for derivatives and other functionals take `Dense`.")
    return design  # pyright: ignore[reportReturnType]
