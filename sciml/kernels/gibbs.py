"""Gibbs' kernel, with a lengthscale that depends on the place."""

from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.kernels.kernel import Kernel


class Gibbs(Kernel):
    """A squared-exponential kernel whose lengthscale is a positive function of the point (M. Gibbs, thesis, 1997).

    `(2 l(x) l(y) / (l(x)^2 + l(y)^2))^(d / 2) exp(-|x - y|^2 / (l(x)^2 + l(y)^2))`.

    Attributes:
        lengthscale: point to positive number; a module with parameters, such as a network, is learned with the kernel.

    Example:
        >>> import jax.numpy as jnp
        >>> kernel = Gibbs(lambda x: 1.0 + 0.0 * x)  # squared-exponential
        >>> round(float(kernel(0.0, 2.0)), 6)
        0.135335
    """

    lengthscale: Callable[[Array], Array]

    def evaluate(self, x: Float[Array, "*point"], y: Float[Array, "*point"]) -> Float[Array, ""]:
        """Gibbs' formula."""
        first, second = jnp.sum(self.lengthscale(x)), jnp.sum(self.lengthscale(y))
        total = first * first + second * second
        volume = (2 * first * second / total) ** (0.5 * max(x.size, 1))
        return volume * jnp.exp(-jnp.sum((x - y) ** 2) / total)
