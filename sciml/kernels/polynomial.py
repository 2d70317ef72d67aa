"""The polynomial kernel."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.kernels.coordinates import one_per_coordinate
from sciml.kernels.kernel import Kernel
from sciml.parameters.field import Parameter, positive


class Polynomial(Kernel):
    """`(x . y / l^2 + c)^degree`: polynomials with random coefficients.

    Attributes:
        degree: their degree.
        lengthscale: `l`, one number or one per coordinate.
        offset: `c`, not negative; zero leaves only the terms of the highest degree.

    Example:
        >>> float(Polynomial(degree=2)(2.0, 3.0))  # (6 + 1)^2
        49.0
    """

    degree: int = eqx.field(static=True)
    lengthscale: Float[Parameter, "*dimension"] = positive(default=1.0)
    offset: Float[Parameter, ""] = positive(default=1.0)

    def __check_init__(self) -> None:
        if self.degree < 1:
            raise ValueError(f"Polynomial: `degree` must be at least 1, got {self.degree}.")

    def evaluate(self, x: Float[Array, "*point"], y: Float[Array, "*point"]) -> Float[Array, ""]:
        """A power of an inner product."""
        lengthscale = one_per_coordinate(self.lengthscale, x.shape, "lengthscale")
        return (jnp.sum((x / lengthscale) * (y / lengthscale)) + self.offset) ** self.degree
