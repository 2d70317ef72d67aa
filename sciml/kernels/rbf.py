"""The squared-exponential kernel."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.kernels.kernel import Kernel
from sciml.kernels.radial import Radial
from sciml.kernels.spectrum import Spectrum, scale_mixture
from sciml.parameters.field import Parameter, positive


class RBF(Radial):
    """The squared-exponential (radial basis function, Gaussian) kernel `exp(-|x - y|^2 / (2 l^2))`: infinitely smooth.

    Attributes:
        lengthscale: `l`, one number or one per coordinate.

    Example:
        >>> round(float(RBF(lengthscale=2.0)(0.0, 2.0)), 6)  # exp(-1/2)
        0.606531
    """

    lengthscale: Float[Parameter, "*dimension"] = positive(default=1.0)

    @property
    def smoothness(self) -> float:
        """Derivatives of all orders exist."""
        return math.inf

    def shape(self, s: Float[Array, "*s"], order: int) -> Float[Array, "*s"]:
        """`(-1/2)^order exp(-s / 2)`."""
        return (-0.5) ** order * jnp.exp(-0.5 * s)

    def spectrum(self) -> Spectrum | None:
        """A normal density."""
        return scale_mixture(self.lengthscale, None, lambda s, d: 0.5 * d * math.log(2 * math.pi) - 0.5 * s)

    def factors(self, dimension: int) -> tuple[Kernel, ...] | None:
        """The product of a kernel for each coordinate."""
        return tuple(RBF(scale) for scale in jnp.broadcast_to(self.lengthscale, (dimension,)))
