"""What a covariance function is: a value for a pair of points, and capabilities that solvers ask for."""

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, DTypeLike, Float

from sciml.kernels.derivatives import MultiIndex, Pairs, pair_derivatives
from sciml.parameters.field import check_parameters

if TYPE_CHECKING:
    from sciml.kernels.profile import Profile
    from sciml.kernels.spectrum import Spectrum
    from sciml.kernels.state_space import StateSpace

Same = TypeVar("Same", bound="Kernel")


class Kernel(eqx.Module):
    """A covariance function `k(x, y)` of two points, numbers or vectors `(dimension,)`; its array leaves are its parameters.

    Subclasses give `evaluate`. The capabilities below return `None` unless a subclass knows better: a solver that needs one looks
    for it and says so if it is missing. Kernels add, multiply, and are scaled by numbers.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.kernels import RBF, Linear
        >>> kernel = 2.0 * RBF(lengthscale=0.5) + Linear()
        >>> kernel.gram(jnp.linspace(0.0, 1.0, 3)).shape
        (3, 3)
    """

    def __check_init__(self) -> None:
        check_parameters(self)

    @abstractmethod
    def evaluate(self, x: Float[Array, "*point"], y: Float[Array, "*point"]) -> Float[Array, ""]:
        """Covariance of the values at two points; parameters have the dtype of the points."""

    def __call__(self, x: ArrayLike, y: ArrayLike) -> Float[Array, ""]:
        """Covariance of the values at two points, in their dtype."""
        first, second = _points(x), _points(y)
        if first.shape != second.shape or first.ndim > 1:
            raise ValueError(
                f"a kernel takes two points of one shape, () or (dimension,), got {first.shape} and {second.shape}; "
                "for many points use `kernel.gram(x, y)`."
            )
        return self.cast(first.dtype).evaluate(first, second)

    def gram(
        self, x: Float[Array, "n *dimension"], y: Float[Array, "m *dimension"] | None = None
    ) -> Float[Array, "n m"]:
        """Covariances of all pairs, the second points being the first where none are given."""
        y = x if y is None else y
        if x.shape[1:] != y.shape[1:] or x.ndim not in (1, 2):
            raise ValueError(
                f"gram: points must have shapes (n,) and (m,), or (n, dimension) and (m, dimension), got {x.shape} and {y.shape}."
            )
        return self.cast(x.dtype).pairs(x, y)

    def pairs(self, x: Float[Array, "n *dimension"], y: Float[Array, "m *dimension"]) -> Float[Array, "n m"]:
        """`gram` without checks; a subclass with a faster way overrides it."""
        return jax.vmap(lambda a: jax.vmap(lambda b: self.evaluate(a, b))(y))(x)

    def diagonal(self, x: Float[Array, "n *dimension"]) -> Float[Array, " n"]:
        """Variances at points."""
        kernel = self.cast(x.dtype)
        return jax.vmap(lambda a: kernel.evaluate(a, a))(x)

    def cast(self: Same, dtype: DTypeLike) -> Same:
        """The kernel with all floating parameters in one dtype."""
        floating = eqx.is_inexact_array
        return jax.tree.map(lambda leaf: leaf.astype(dtype) if floating(leaf) else leaf, self)

    def derivatives(self, pairs: Pairs, alpha: MultiIndex, beta: MultiIndex) -> Float[Array, "n m"]:
        """Covariances of partial derivatives: of multi-index `alpha` at the first points, `beta` at the second.

        Right where points coincide, as far as the derivatives exist. Kernels that are products over coordinates of stationary kernels
        take them from their profiles, all others by automatic differentiation of `evaluate`.
        """
        return pair_derivatives(self, pairs, alpha, beta)

    # --- capabilities ---------------------------------------------------------------------------------------------------------

    @property
    def smoothness(self) -> float:
        """Highest order of a derivative of the covariance, over both points, that exists where they coincide."""
        return math.inf

    def profile(self) -> "Profile | None":
        """For a stationary kernel of a number: the covariance as a function of the lag, with derivatives."""
        return None

    def spectrum(self) -> "Spectrum | None":
        """For a stationary kernel: its spectral density, and random frequencies from it."""
        return None

    def state_space(self) -> "StateSpace | None":
        """For a kernel of a number: the linear stochastic equation with this covariance."""
        return None

    def factors(self, dimension: int) -> "tuple[Kernel, ...] | None":
        """Kernels of one coordinate each whose product this is, for `dimension` coordinates."""
        return (self,) if dimension == 1 else None

    # --- algebra --------------------------------------------------------------------------------------------------------------

    def __add__(self, other: "Kernel | ArrayLike") -> "Kernel":
        from sciml.kernels.algebra import add

        return add(self, other)

    def __radd__(self, other: "Kernel | ArrayLike") -> "Kernel":
        from sciml.kernels.algebra import add

        return add(other, self)

    def __mul__(self, other: "Kernel | ArrayLike") -> "Kernel":
        from sciml.kernels.algebra import multiply

        return multiply(self, other)

    def __rmul__(self, other: "Kernel | ArrayLike") -> "Kernel":
        from sciml.kernels.algebra import multiply

        return multiply(other, self)


class Custom(Kernel):
    """A covariance function given as a Python function, or as a module with parameters.

    Attributes:
        function: `(x, y) -> covariance`, symmetric and positive semi-definite.
    """

    function: Callable[[Array, Array], Array]

    def evaluate(self, x: Float[Array, "*point"], y: Float[Array, "*point"]) -> Float[Array, ""]:
        """Value of the function."""
        return self.function(x, y)


def _points(x: ArrayLike) -> Array:
    array = jnp.asarray(x)
    return array if jnp.issubdtype(array.dtype, jnp.floating) else array.astype(jnp.result_type(float))
