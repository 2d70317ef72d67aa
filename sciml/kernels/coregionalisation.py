"""Several outputs at once: covariance between outputs as a kernel of their index."""

from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.kernels.algebra import Sum
from sciml.kernels.kernel import Kernel
from sciml.kernels.separable import Separable
from sciml.parameters.field import Parameter, positive, real


class Coregionalisation(Kernel):
    """Covariance of outputs, `B = W W^T + diag(v)`, as a kernel of the output's index, from 0; others give nan.

    Times a kernel of the place this is the intrinsic coregionalisation model: `Separable((RBF(), Coregionalisation(W, v)))` on points
    whose last coordinate is the index, or on the lattice of all places and all outputs, where its matrix is a Kronecker product.
    M. Alvarez, L. Rosasco & N. Lawrence, Kernels for Vector-Valued Functions, 2012, section 4.

    Attributes:
        mixing: `W`, shape `(outputs, rank)`.
        independent: `v`, shape `(outputs,)`, variance of each output that it does not share.

    Example:
        >>> import jax.numpy as jnp
        >>> kernel = Coregionalisation(jnp.array([[1.0], [0.5]]), jnp.array([0.1, 0.1]))
        >>> bool(jnp.allclose(kernel.gram(jnp.array([0.0, 1.0])), jnp.array([[1.1, 0.5], [0.5, 0.35]])))
        True
    """

    mixing: Float[Parameter, "outputs rank"] = real()
    independent: Float[Parameter, " outputs"] = positive()

    def __check_init__(self) -> None:
        if self.mixing.ndim != 2 or self.independent.shape != self.mixing.shape[:1]:
            raise ValueError(
                "Coregionalisation: `mixing` is (outputs, rank) and `independent` (outputs,), "
                f"got {self.mixing.shape} and {self.independent.shape}."
            )

    @property
    def smoothness(self) -> float:
        """An index has no derivative."""
        return 0.0

    def evaluate(self, x: Float[Array, "*point"], y: Float[Array, "*point"]) -> Float[Array, ""]:
        """Entry of `B`; indices are given as floating numbers, as all coordinates are."""
        return self._entries(jnp.sum(x), jnp.sum(y))

    def pairs(self, x: Float[Array, "n *dimension"], y: Float[Array, "m *dimension"]) -> Float[Array, "n m"]:
        """Rows and columns of `B`."""
        return self._entries(x.reshape(-1, 1), y.reshape(1, -1))

    def _entries(self, x: Array, y: Array) -> Array:
        i, j = (jnp.round(indices).astype(int) for indices in (x, y))
        last = self.independent.shape[0] - 1
        there = (i >= 0) & (i <= last) & (j >= 0) & (j <= last)
        # Without this JAX takes the nearest output for one that does not exist.
        return jnp.where(there, self.matrix()[jnp.clip(i, 0, last), jnp.clip(j, 0, last)], jnp.nan)

    def matrix(self) -> Float[Array, "outputs outputs"]:
        """`B`."""
        return self.mixing @ self.mixing.T + jnp.diag(self.independent)


def linear_coregionalisation(kernels: Sequence[Kernel], outputs: Sequence[Coregionalisation]) -> Kernel:
    """The linear model of coregionalisation: a sum of intrinsic ones, each with its own kernel of the place.

    Args:
        kernels: of the place, one number each.
        outputs: covariance between outputs that goes with each.

    Returns:
        A kernel of points `(place, index of the output)`.
    """
    if len(kernels) != len(outputs) or not kernels:
        raise ValueError(
            f"linear_coregionalisation: needs as many kernels as output covariances, got {len(kernels)} and {len(outputs)}."
        )
    first, *rest = (Separable((kernel, output)) for kernel, output in zip(kernels, outputs))
    total: Kernel = first
    for term in rest:
        total = Sum(total, term)
    return total
