"""Covariance matrices known by their products, with a preconditioner: solves, the normal density, its gradient."""

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax
from jaxtyping import Array, Float

from sciml.gp.lanczos import Krylov, lanczos
from sciml.gp.preconditioner import Preconditioner

Columns = Float[Array, "n columns"]

_NOT_SOLVED = (
    "conjugate gradients did not reach the tolerance: the residual of the solve, computed anew, is too large. Raise the noise "
    "variance, `max_steps`, the preconditioner's `rank` or the tolerance, or work in float64; `throw=False` gives nan instead."
)


@dataclass(frozen=True)
class Iterations:
    """How iterations end.

    Attributes:
        tolerance: relative residual of solves.
        max_steps: largest count of steps of conjugate gradients.
        lanczos_steps: size of Krylov spaces for logarithms and roots.
        throw: whether a failed solve raises; else it gives nan.
    """

    tolerance: float
    max_steps: int
    lanczos_steps: int
    throw: bool


class PreconditionedSystem(eqx.Module):
    """`A = K + N` as a function of the array leaves of this object, without its entries.

    Attributes:
        iterations: when to stop.
        probes_at_once: probes whose Krylov spaces are built together; fewer take less memory.
    """

    iterations: eqx.AbstractVar[Iterations]
    probes_at_once: eqx.AbstractClassVar[int]

    @property
    @abstractmethod
    def size(self) -> int:
        """`n`."""

    @abstractmethod
    def operator(self) -> Callable[[Columns], Columns]:
        """`x -> A x`, ready to be applied many times."""

    @abstractmethod
    def preconditioner(self) -> Preconditioner:
        """A matrix near `A`."""

    @abstractmethod
    def lowest_eigenvalue(self) -> Float[Array, ""]:
        """A bound from below on the eigenvalues of the preconditioned matrix."""

    def solve(self, columns: Columns) -> Columns:
        """`A^-1 x` by preconditioned conjugate gradients, each column by itself; the true residual is checked."""
        apply, preconditioner = self.operator(), jax.lax.stop_gradient(self.preconditioner())
        shape = jax.ShapeDtypeStruct((self.size,), columns.dtype)
        positive = lineax.positive_semidefinite_tag
        matrix = lineax.FunctionLinearOperator(lambda v: apply(v[:, None])[:, 0], shape, positive)
        near = lineax.FunctionLinearOperator(lambda v: preconditioner.solve(v[:, None])[:, 0], shape, positive)
        # Columns of unit size: a tolerance is then one for the residual and for the change of the solution, which is larger.
        tolerance = self.iterations.tolerance
        method = lineax.CG(tolerance, tolerance, _root_mean_square, None, self.iterations.max_steps)

        def one(column: Array) -> Array:
            size = jax.lax.stop_gradient(_root_mean_square(column))
            unit = jnp.where(size > 0, size, 1)
            solution = lineax.linear_solve(matrix, column / unit, method, options={"preconditioner": near}, throw=False)
            return unit * solution.value

        found = jax.vmap(one, in_axes=1, out_axes=1)(columns)
        left = jnp.linalg.norm(jax.lax.stop_gradient(columns - apply(found)), axis=0)
        good = jnp.all(left <= 10 * tolerance * jnp.linalg.norm(columns, axis=0))
        if self.iterations.throw:
            return eqx.error_if(found, ~good, _NOT_SOLVED)
        return jnp.where(good, found, jnp.nan)

    def krylov(self, start: Columns) -> Krylov:
        """Krylov spaces of the preconditioned matrix `R^-1 A R^-T`."""
        apply, preconditioner = self.operator(), self.preconditioner()

        def balanced(columns: Array) -> Array:
            return preconditioner.inverse_root(apply(preconditioner.inverse_root_transposed(columns)))

        return lanczos(balanced, start, min(self.iterations.lanczos_steps, self.size))

    def root(self, columns: Columns) -> Columns:
        """`R (R^-1 A R^-T)^(1/2) x`, which has covariance `A` for standard normal `x`."""
        return self.preconditioner().root(self.krylov(columns).apply(jnp.sqrt))

    def log_determinants(self, probes: Columns) -> tuple[Float[Array, " columns"], Float[Array, " columns"]]:
        """Estimates of the logarithm of the determinant, one for each probe, and how much too large each may be.

        The mean of the first is the estimate, their spread gives its standard error; the second are bounds on what the
        finite number of Lanczos steps adds, as the difference of Gauss and Gauss-Radau quadrature.
        """

        def both(columns: Array) -> tuple[Array, Array]:
            krylov = self.krylov(columns)
            return krylov.quadratic_form(jnp.log), krylov.quadratic_form_with_node(jnp.log, self.lowest_eigenvalue())

        above, below = jax.tree.map(jnp.ravel, jax.lax.map(both, self.in_turn(probes)))
        return self.preconditioner().log_determinant() + above, above - below

    def in_turn(self, probes: Columns) -> Float[Array, "turns n some"]:
        """Probes in groups of `probes_at_once`, all in one where their number is no multiple."""
        count = probes.shape[1]
        group = self.probes_at_once if count % self.probes_at_once == 0 else count
        return jnp.moveaxis(probes.reshape(-1, count // group, group), 1, 0)


def log_density(
    system: PreconditionedSystem, residual: Float[Array, " n"], probes: Float[Array, "n probes"]
) -> Float[Array, ""]:
    """Normal log-density of mean zero; value and gradient use the same probes.

    With `M = R^-1 A R^-T` and `P = R R^T`: the log-determinant is that of `P` plus the mean of `z . log(M) z`; its derivative is
    that of `log det P` plus the mean of `u . dA u - v . dP v`, `u = R^-T M^(-1/2) z`, `v = R^-T z`, whose noise vanishes as `P`
    nears `A`. The probes need no solves.
    """
    return _log_density((system, residual), probes)


@eqx.filter_custom_vjp
def _log_density(variables: tuple[PreconditionedSystem, Array], probes: Array) -> Array:
    return _value(*variables, probes)[0]


@_log_density.def_fwd
def _forward(perturbed: object, variables: tuple[PreconditionedSystem, Array], probes: Array) -> tuple:
    return _value(*variables, probes)


@_log_density.def_bwd
def _backward(saved: tuple, cotangent: Array, perturbed: object, variables: tuple, probes: Array) -> object:
    return eqx.filter_grad(lambda both: cotangent * _surrogate(both[0], both[1], saved))(variables)


def _value(system: PreconditionedSystem, residual: Array, probes: Array) -> tuple[Array, tuple[Array, Array, Array]]:
    preconditioner = system.preconditioner()
    weights = system.solve(residual[:, None])[:, 0]

    def from_probes(columns: Array) -> tuple[Array, Array]:
        krylov = system.krylov(columns)
        return krylov.quadratic_form(jnp.log), krylov.apply(lambda values: 1 / jnp.sqrt(values))

    forms, balanced = jax.lax.map(from_probes, system.in_turn(probes))
    constant = residual.shape[0] * math.log(2 * math.pi)
    determinant = preconditioner.log_determinant() + jnp.mean(forms)
    value = -0.5 * (jnp.vdot(residual, weights) + determinant + constant)
    whitened = preconditioner.inverse_root_transposed(jnp.moveaxis(balanced, 0, 1).reshape(probes.shape))
    return value, (weights, whitened, preconditioner.inverse_root_transposed(probes))


def _surrogate(system: PreconditionedSystem, residual: Array, saved: tuple[Array, Array, Array]) -> Array:
    """A function whose gradient is that of the density, with everything iterated held fixed."""
    weights, whitened, probes = saved
    images = system.operator()(jnp.concatenate([weights[:, None], whitened], axis=1))
    preconditioner = system.preconditioner()
    quadratic = jnp.vdot(weights, images[:, 0]) / 2 - jnp.vdot(weights, residual)
    noisy = jnp.vdot(whitened, images[:, 1:]) - jnp.vdot(probes, preconditioner.multiply(probes))
    return quadratic - (preconditioner.log_determinant() + noisy / probes.shape[1]) / 2


def _root_mean_square(values: Array) -> Array:
    return jnp.sqrt(jnp.mean(values * values))
