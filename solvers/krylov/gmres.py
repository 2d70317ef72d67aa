"""Restarted GMRES."""

import equinox as eqx

from sciml.solvers.krylov._restarts import run_cycles
from sciml.solvers.krylov.base import KrylovSolver, Outcome, System


class RestartedGMRES(KrylovSolver):
    """GMRES(m) for any square operator, real or complex, preconditioned from the right.

    From the right the 2-norm of the residual itself becomes smallest, whatever the preconditioner. Vectors are orthogonalised twice.
    Memory: `m + 1` vectors. A preconditioner that changes from step to step needs `FlexibleGMRES`.

    `options`: `preconditioner` (a lineax operator, or a callable with `transpose()` where reverse derivatives are wanted), `y0`.
    `stats`: `num_steps` (all steps of all cycles), `matvecs` (one more per cycle, for the true residual), `residual_norm`.

    Attributes:
        rtol: tolerance relative to the 2-norm of `b`.
        atol: absolute tolerance.
        max_steps: most steps, or None for ten times the count of unknowns.
        restart: steps of a cycle, `m`.

    Source: Saad, Schultz, SIAM J. Sci. Stat. Comput. 7 (1986) 856.

    Example:
        >>> import jax.numpy as jnp, lineax
        >>> from sciml.solvers import RestartedGMRES
        >>> operator = lineax.MatrixLinearOperator(jnp.asarray([[0.0, 1.0], [-1.0, 0.5]]))
        >>> solution = lineax.linear_solve(operator, jnp.asarray([2.0, 0.0]), RestartedGMRES(rtol=1e-5))
        >>> [round(x, 4) for x in solution.value.tolist()]
        [1.0, 2.0]
    """

    rtol: float = 1e-6
    atol: float = 0.0
    max_steps: int | None = None
    restart: int = eqx.field(static=True, default=30)

    def __check_init__(self) -> None:
        if self.restart < 1:
            raise ValueError(f"RestartedGMRES: `restart` must be at least 1, got {self.restart}.")

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
        return run_cycles(system, self.restart, keep_search=False)[0]
