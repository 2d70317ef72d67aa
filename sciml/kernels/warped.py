"""A kernel of transformed points."""

from collections.abc import Callable

import jax
from jaxtyping import Array, Float

from sciml.kernels.kernel import Kernel


class Warped(Kernel):
    """`k(f(x), f(y))`: the kernel of features. With a network as `f` this is a deep kernel (A. Wilson et al., AISTATS 2016).

    Attributes:
        kernel: kernel of the features.
        function: point to features, `()` or `(features,)`; a module's parameters are learned with the kernel.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.kernels import RBF
        >>> kernel = Warped(RBF(), jnp.log)
        >>> round(float(kernel(1.0, jnp.e)), 6)
        0.606531
    """

    kernel: Kernel
    function: Callable[[Array], Array]

    @property
    def smoothness(self) -> float:
        """That of the kernel of the features; the function is taken for smooth."""
        return self.kernel.smoothness

    def evaluate(self, x: Float[Array, "*point"], y: Float[Array, "*point"]) -> Float[Array, ""]:
        """The kernel at the features."""
        return self.kernel.evaluate(self.function(x), self.function(y))

    def pairs(self, x: Float[Array, "n *dimension"], y: Float[Array, "m *dimension"]) -> Float[Array, "n m"]:
        """The function is evaluated once per point, not per pair."""
        return self.kernel.pairs(jax.vmap(self.function)(x), jax.vmap(self.function)(y))
