"""Products of kernels of different coordinates."""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.kernels.kernel import Kernel


class Separable(Kernel):
    """`k_1(x_1, y_1) k_2(x_2, y_2) ...`: one kernel for each coordinate, or for each group of coordinates.

    On a lattice its matrix is a Kronecker product.

    Attributes:
        kernels: the factors.
        sizes: number of coordinates of each; by default one each, as numbers.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.kernels import RBF, Periodic
        >>> kernel = Separable((RBF(0.5), Periodic(1.0)))
        >>> kernel.gram(jnp.zeros((3, 2))).shape
        (3, 3)
    """

    kernels: tuple[Kernel, ...] = eqx.field(converter=tuple)
    sizes: tuple[int, ...] | None = eqx.field(static=True, default=None)

    def __check_init__(self) -> None:
        if self.sizes is not None and len(self.sizes) != len(self.kernels):
            raise ValueError(
                f"Separable: {len(self.kernels)} kernels and {len(self.sizes)} `sizes`; give one for each."
            )

    def evaluate(self, x: Float[Array, "*point"], y: Float[Array, "*point"]) -> Float[Array, ""]:
        """Product over the coordinates."""
        parts = zip(self.kernels, self._split(x[None]), self._split(y[None]))
        return math.prod((kernel.evaluate(a[0], b[0]) for kernel, a, b in parts), start=jnp.ones((), x.dtype))

    def pairs(self, x: Float[Array, "n *dimension"], y: Float[Array, "m *dimension"]) -> Float[Array, "n m"]:
        """Product of the matrices of each coordinate."""
        parts = zip(self.kernels, self._split(x), self._split(y))
        first, *rest = (kernel.pairs(a, b) for kernel, a, b in parts)
        return math.prod(rest, start=first)

    def factors(self, dimension: int) -> tuple[Kernel, ...] | None:
        """The kernels, where each has one coordinate."""
        return self.kernels if dimension == len(self.kernels) and self.sizes is None else None

    def _split(self, points: Array) -> list[Array]:
        sizes = self.sizes or (1,) * len(self.kernels)
        if points.ndim != 2 or points.shape[1] != sum(sizes):
            raise ValueError(
                f"Separable: {len(self.kernels)} kernels take {sum(sizes)} coordinates together, "
                f"the points have shape {points.shape[1:]}."
            )
        ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
        # A single coordinate is a number unless the sizes were given.
        return [
            points[:, end - 1] if self.sizes is None else points[:, end - size : end] for end, size in zip(ends, sizes)
        ]
