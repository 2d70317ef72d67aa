"""Restarted GMRES whose preconditioner may change."""

import equinox as eqx

from sciml.solvers.krylov._restarts import run_cycles
from sciml.solvers.krylov.base import KrylovSolver, Outcome, System


class FlexibleGMRES(KrylovSolver):
    """FGMRES(m): the preconditioner may change from step to step, for example be an iterative solve itself (`InnerSolve`).

    Memory: `2 m + 1` vectors.

    `options`: `preconditioner` (a lineax operator or any callable on vectors), `y0`.
    `stats`: as for `RestartedGMRES`; products inside the preconditioner are not counted.

    Attributes:
        rtol: tolerance relative to the 2-norm of `b`.
        atol: absolute tolerance.
        max_steps: most steps, or None for ten times the count of unknowns.
        restart: steps of a cycle, `m`.

    Source: Saad, SIAM J. Sci. Comput. 14 (1993) 461.

    Example:
        >>> import jax.numpy as jnp, lineax
        >>> from sciml.solvers import ConjugateGradients, FlexibleGMRES, InnerSolve
        >>> matrix = jnp.diag(jnp.arange(1.0, 9.0))
        >>> operator = lineax.MatrixLinearOperator(matrix, lineax.positive_semidefinite_tag)
        >>> rough = InnerSolve(operator, ConjugateGradients(rtol=0.1))
        >>> solution = lineax.linear_solve(
        ...     operator, jnp.ones(8), FlexibleGMRES(rtol=1e-5), options={"preconditioner": rough}
        ... )
        >>> bool(solution.stats["num_steps"] < 8)
        True
    """

    rtol: float = 1e-6
    atol: float = 0.0
    max_steps: int | None = None
    restart: int = eqx.field(static=True, default=30)

    def __check_init__(self) -> None:
        if self.restart < 1:
            raise ValueError(f"FlexibleGMRES: `restart` must be at least 1, got {self.restart}.")

    @property
    def accepted_options(self) -> tuple[str, ...]:
        """Names that `options` may contain."""
        return ("preconditioner", "y0")

    @property
    def needs(self) -> str:
        """Any square operator."""
        return "square"

    def iterate(self, system: System) -> Outcome:
        """Solve the scaled system."""
        return run_cycles(system, self.restart, keep_search=system.precondition is not None)[0]
