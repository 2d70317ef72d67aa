"""Products of kernels of different coordinates."""

import math

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from sciml.kernels.derivatives import MultiIndex, Pairs
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

    @property
    def smoothness(self) -> float:
        """That of the roughest factor."""
        return min(kernel.smoothness for kernel in self.kernels)

    def derivatives(self, pairs: Pairs, alpha: MultiIndex, beta: MultiIndex) -> Float[Array, "n m"]:
        """Product of the factors' derivatives, each in its own coordinates."""
        groups = self._groups(pairs.x.shape[1:])
        parts = [
            k.derivatives(pairs.coordinates(a, b), alpha[a:b], beta[a:b]) for k, (a, b) in zip(self.kernels, groups)
        ]
        return math.prod(parts[1:], start=parts[0])

    def factors(self, dimension: int) -> tuple[Kernel, ...] | None:
        """The kernels, where each has one coordinate."""
        return self.kernels if dimension == len(self.kernels) and self.sizes is None else None

    def _split(self, points: Array) -> list[Array]:
        # A single coordinate is a number unless the sizes were given.
        return [points[:, a] if self.sizes is None else points[:, a:b] for a, b in self._groups(points.shape[1:])]

    def _groups(self, shape: tuple[int, ...]) -> list[tuple[int, int]]:
        """First coordinate of each factor, and the one after its last."""
        ends = np.cumsum(self.sizes or (1,) * len(self.kernels)).tolist()
        if shape != (ends[-1],):
            raise ValueError(
                f"Separable: {len(self.kernels)} kernels take {ends[-1]} coordinates together, the points have shape {shape}."
            )
        return list(zip([0, *ends], ends))
