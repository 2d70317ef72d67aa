"""How a stiff solver forms the Jacobian of a field and solves with it."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.solvers.small_inverse import LARGEST, small_inverse

VectorField: TypeAlias = Callable[[Float[Array, " n"]], Float[Array, " n"]]
LinearSolve: TypeAlias = Callable[[Float[Array, " n"]], Float[Array, " n"]]
Mass: TypeAlias = Float[Array, " n"] | Float[Array, "n n"] | None


class Jacobian(eqx.Module):
    """A way to form Jacobians and to solve `(shift mass - J) x = b`."""

    @abstractmethod
    def linearise(self, field: VectorField, y: Float[Array, " n"]) -> tuple[Float[Array, " n"], Any]:
        """The field at `y`, and its Jacobian there in this object's own storage."""

    @abstractmethod
    def factorise(self, entries: Any, shift: Float[Array, ""], mass: Mass) -> LinearSolve:
        """Factors of `shift mass - J`, as a function that solves with them."""


class DenseJacobian(Jacobian):
    """All columns at once by forward differentiation, and dense factors. Up to four unknowns the inverse is written out.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.solvers.rosenbrock import DenseJacobian
        >>> field, entries = DenseJacobian().linearise(lambda y: -y**2, jnp.array([1.0, 2.0]))
        >>> entries.tolist()
        [[-2.0, -0.0], [-0.0, -4.0]]
    """

    def linearise(self, field: VectorField, y: Float[Array, " n"]) -> tuple[Float[Array, " n"], Float[Array, "n n"]]:
        """The field and its dense Jacobian."""
        value, push = jax.linearize(field, y)
        return value, jax.vmap(push, out_axes=1)(jnp.eye(y.size, dtype=y.dtype))

    def factorise(self, entries: Float[Array, "n n"], shift: Float[Array, ""], mass: Mass) -> LinearSolve:
        """An inverse written out, or LU factors with row exchanges."""
        return factorise_dense(shifted(entries, shift, mass))


def shifted(jacobian: Float[Array, "n n"], shift: Float[Array, ""], mass: Mass) -> Float[Array, "n n"]:
    """`shift mass - J`."""
    if mass is None:
        return shift * jnp.eye(jacobian.shape[0], dtype=jacobian.dtype) - jacobian
    return shift * (jnp.diag(mass) if mass.ndim == 1 else mass) - jacobian


def factorise_dense(matrix: Float[Array, "n n"]) -> LinearSolve:
    """A function that solves with a dense matrix."""
    if matrix.shape[0] <= LARGEST:
        inverse = small_inverse(matrix)
        return lambda b: inverse @ b
    factors = jax.scipy.linalg.lu_factor(matrix)
    return lambda b: jax.scipy.linalg.lu_solve(factors, b)
