"""The systems of the experiment `skr`: three families of five-point operators on the unit square."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
import scipy.sparse
import scipy.sparse.linalg
from jaxtyping import Array, Float, Float64, PRNGKeyArray

import sciml
from sciml.boundary import Dirichlet, Neumann
from sciml.random import GaussianRandomField
from sciml.solvers.multigrid import Multigrid, MultigridPreconditioner, finite_volumes


class Coefficients(NamedTuple):
    """Of `-div(diffusivity grad u) - reaction u`, values in the cells, zero on the walls."""

    diffusivity: Float[Array, "*systems n n"]
    reaction: Float[Array, "*systems n n"]


class Family(NamedTuple):
    """A family of systems.

    Attributes:
        title: for the report.
        kind: which coefficients.
        jacobi: whether the diagonal preconditions.
        positive: whether the operators are positive definite.
        tolerance: relative to the right-hand side.
        floor: least ratio of products, GMRES to recycled and sorted, that the claim asks for; None for no claim.
    """

    title: str
    kind: str
    jacobi: bool
    positive: bool
    tolerance: float
    floor: float | None


FAMILIES = {
    "darcy": Family("Darcy, 12 and 3", "darcy", False, True, 1e-8, 2.0),
    "lognormal": Family("Darcy, lognormal", "lognormal", False, True, 1e-8, 2.0),
    "jacobi": Family("Darcy, lognormal, Jacobi", "lognormal", True, True, 1e-8, None),
    "helmholtz": Family("Helmholtz, indefinite", "helmholtz", False, False, 1e-6, 10.0),
}


def draw(kind: str, cells: int, count: int, key: PRNGKeyArray) -> Coefficients:
    """Coefficients from Gaussian random fields of covariance `(-laplacian + 9)^-2`, scaled to variance one."""
    grid = sciml.Grid((cells, cells), extent=(1.0, 1.0), boundary=Neumann(), nodes="cell")
    field = GaussianRandomField(grid, tau=3.0, alpha=2.0, mean_free=False, dtype=np.float64)
    samples = jax.vmap(lambda k: field.sample(k)[0])(jax.random.split(key, count)) / jnp.sqrt(field.variance())
    zero, one = jnp.zeros_like(samples), jnp.ones_like(samples)
    if kind == "darcy":
        return Coefficients(jnp.where(samples > 0, 12.0, 3.0), zero)
    if kind == "lognormal":
        return Coefficients(jnp.exp(samples), zero)
    return Coefficients(one, (8.0 + samples) ** 2)


def faces(diffusivity: Float[Array, "n n"]) -> tuple[Array, Array]:
    """Harmonic means on the faces of each axis; a wall is half a cell away."""

    def along_first(a: Array) -> Array:
        return jnp.concatenate([2 * a[:1], 2 * a[1:] * a[:-1] / (a[1:] + a[:-1]), 2 * a[-1:]])

    return along_first(diffusivity), along_first(diffusivity.T).T


def symmetric_operator(coefficients: Coefficients) -> lx.FunctionLinearOperator:
    """The five-point operator of one system, tagged symmetric."""
    return _operator(coefficients, lx.symmetric_tag)


def positive_operator(coefficients: Coefficients) -> lx.FunctionLinearOperator:
    """The same, tagged positive definite."""
    return _operator(coefficients, lx.positive_semidefinite_tag)


def _operator(coefficients: Coefficients, tag: object) -> lx.FunctionLinearOperator:
    across, along = faces(coefficients.diffusivity)
    square = coefficients.diffusivity.shape[-1] ** 2

    def apply(u: Array) -> Array:
        padded = jnp.pad(u, 1)
        flux_x = across * (padded[1:, 1:-1] - padded[:-1, 1:-1])
        flux_y = along * (padded[1:-1, 1:] - padded[1:-1, :-1])
        out = flux_x[:-1] - flux_x[1:] + flux_y[:, :-1] - flux_y[:, 1:]
        return square * out - coefficients.reaction * u

    shape = jax.ShapeDtypeStruct(coefficients.diffusivity.shape, coefficients.diffusivity.dtype)
    return lx.FunctionLinearOperator(apply, shape, tag)


def jacobi(coefficients: Coefficients) -> lx.FunctionLinearOperator:
    """Division by the diagonal."""
    across, along = faces(coefficients.diffusivity)
    square = coefficients.diffusivity.shape[-1] ** 2
    diagonal = square * (across[1:] + across[:-1] + along[:, 1:] + along[:, :-1]) - coefficients.reaction
    shape = jax.ShapeDtypeStruct(diagonal.shape, diagonal.dtype)
    return lx.FunctionLinearOperator(lambda u: u / diagonal, shape, lx.positive_semidefinite_tag)


def multigrid(coefficients: Coefficients) -> lx.AbstractLinearOperator:
    """One multigrid cycle in double precision, its hierarchy set up for this system alone."""
    cells = coefficients.diffusivity.shape[-1]
    grid = sciml.Grid((cells, cells), extent=(1.0, 1.0), boundary=Dirichlet(), nodes="cell")
    volumes = finite_volumes(grid, coefficients.diffusivity)
    return MultigridPreconditioner(Multigrid(), Multigrid().set_up(volumes.operator.without_surplus()))


def solve_directly(coefficients: Any) -> Float64[np.ndarray, "n n"]:
    """SciPy's sparse direct solve of one system with right-hand side one."""
    diffusivity, reaction = (np.asarray(part) for part in coefficients)
    n = diffusivity.shape[0]
    across, along = (n**2 * np.asarray(part) for part in faces(jnp.asarray(diffusivity)))
    cells = np.arange(n * n).reshape(n, n)
    blocks = [(cells, cells, across[1:] + across[:-1] + along[:, 1:] + along[:, :-1] - reaction)]
    for one, other, face in ((cells[1:], cells[:-1], across[1:-1]), (cells[:, 1:], cells[:, :-1], along[:, 1:-1])):
        blocks += [(one, other, -face), (other, one, -face)]
    rows, columns, entries = (np.concatenate([block[i].ravel() for block in blocks]) for i in range(3))
    matrix = scipy.sparse.csc_array((entries, (rows, columns)), shape=(n * n, n * n))
    return np.asarray(scipy.sparse.linalg.spsolve(matrix, np.ones(n * n))).reshape(n, n)
