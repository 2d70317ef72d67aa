"""Preconditioned conjugate gradients."""

import equinox as eqx

from sciml.solvers.krylov._cg_loop import conjugate_gradients
from sciml.solvers.krylov.base import KrylovSolver, Outcome, System


class ConjugateGradients(KrylovSolver):
    """Preconditioned conjugate gradients for positive definite operators, as a lineax solver.

    Beside `lineax.CG`: stops on the 2-norm of the residual alone (that of lineax wants the last step small too), holds operator and
    preconditioner once in the compiled program, and has no guard that turns a good preconditioner in single precision into NaN. An
    operator that is not positive on the way, or a preconditioner that is not, is reported as `breakdown` with the iterate so far.

    `options`: `preconditioner` (a positive definite lineax operator, or any callable where `flexible`), `y0`.
    `stats`: `num_steps`, `matvecs` (those of a first guess and of the check of the residual included), `residual_norm`.

    Attributes:
        rtol: tolerance relative to the 2-norm of `b`.
        atol: absolute tolerance.
        max_steps: most steps, or None for ten times the count of unknowns.
        flexible: Polak and Ribiere's beta, for a preconditioner that is not quite symmetric or changes; one more array.
        verify: compute the residual from `x` at the end (one product, compiled once more) and go on if it was not small enough.

    Source: Hestenes, Stiefel 1952; flexible: Notay, SIAM J. Sci. Comput. 22 (2000) 1444.

    Example:
        >>> import jax.numpy as jnp, lineax
        >>> from sciml.solvers import ConjugateGradients
        >>> matrix = jnp.asarray([[2.0, 1.0], [1.0, 3.0]])
        >>> operator = lineax.MatrixLinearOperator(matrix, lineax.positive_semidefinite_tag)
        >>> solution = lineax.linear_solve(operator, jnp.asarray([3.0, 4.0]), ConjugateGradients(rtol=1e-6))
        >>> solution.value.round(4).tolist(), int(solution.stats["num_steps"])
        ([1.0, 1.0], 2)
    """

    rtol: float = 1e-6
    atol: float = 0.0
    max_steps: int | None = None
    flexible: bool = eqx.field(static=True, default=False)
    verify: bool = eqx.field(static=True, default=True)

    @property
    def accepted_options(self) -> tuple[str, ...]:
        """Names that `options` may contain."""
        return ("preconditioner", "y0")

    @property
    def needs(self) -> str:
        """A positive definite operator."""
        return "positive"

    def iterate(self, system: System) -> Outcome:
        """Solve the scaled system."""
        return conjugate_gradients(system, flexible=self.flexible, verify=self.verify)[0]
