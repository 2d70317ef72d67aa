"""The stationary iteration `x <- x + M (b - A x)`: multigrid on its own."""

import jax
import jax.numpy as jnp
from jaxtyping import Array

from sciml.solvers.krylov import _trees as trees
from sciml.solvers.krylov.base import KrylovSolver, Outcome, System, first_residual


class StationaryIteration(KrylovSolver):
    """`x <- x + M (b - A x)` with the preconditioner `M`, as a lineax solver.

    With a multigrid cycle as `M` this is multigrid as a solver of its own. It converges where the spectrum of `M A` lies within a
    distance below one of one, and then by the same factor in every step; conjugate gradients around the same cycle need fewer steps.

    `options`: `preconditioner` (a lineax operator; without it this is Richardson's iteration), `y0`.
    `stats`: `num_steps`, `matvecs`, `residual_norm`.

    Attributes:
        rtol: tolerance relative to the 2-norm of `b`.
        atol: absolute tolerance.
        max_steps: most steps, or None for ten times the count of unknowns.

    Example:
        >>> import jax.numpy as jnp, lineax
        >>> from sciml.solvers import StationaryIteration
        >>> operator = lineax.MatrixLinearOperator(jnp.asarray([[2.0, 1.0], [0.5, 3.0]]))
        >>> jacobi = lineax.DiagonalLinearOperator(jnp.asarray([1 / 2.0, 1 / 3.0]))
        >>> solution = lineax.linear_solve(
        ...     operator, jnp.asarray([3.0, 3.5]), StationaryIteration(rtol=1e-6), options={"preconditioner": jacobi}
        ... )
        >>> solution.value.round(4).tolist()
        [1.0, 1.0]
    """

    rtol: float = 1e-6
    atol: float = 0.0
    max_steps: int | None = None

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
        precondition = system.precondition or (lambda residual: residual)
        x, r, products = first_residual(system)
        start = trees.norm(r)

        def unfinished(state: tuple) -> Array:
            _, _, norm, steps = state
            # Growth a thousandfold is divergence, NaN too.
            return (norm > system.tolerance) & (steps < system.limit) & (norm < 1e3 * start)

        def body(state: tuple) -> tuple:
            x, r, _, steps = state
            x = trees.add_scaled(x, jnp.ones_like(start), precondition(r))
            r = trees.subtract(system.b, system.operator.mv(x))
            return x, r, trees.norm(r), steps + 1

        x, _, norm, steps = jax.lax.while_loop(unfinished, body, (x, r, start, jnp.zeros((), jnp.int32)))
        broken = ~(norm < 1e3 * start) & (start > 0)
        return Outcome(x, steps, steps + products, norm, broken, jnp.zeros((), bool), {})
