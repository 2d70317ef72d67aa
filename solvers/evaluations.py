"""How often a solver evaluates the right-hand side."""

from typing import Any

import diffrax
from jaxtyping import Array, Int


def evaluations_per_step(solver: Any) -> tuple[int, int] | None:
    """Evaluations of the vector field at the start and by each step; None where they are not known.

    A solver of your own says them by an attribute `evaluations_per_step`. Derivatives count as the evaluations that they cost, see
    `Taylor`.

    Args:
        solver: of diffrax or of ours.

    Example:
        >>> evaluations_per_step(diffrax.Heun()), evaluations_per_step(diffrax.Tsit5()), evaluations_per_step(diffrax.Kvaerno3())
        ((0, 2), (1, 6), None)
    """
    own = getattr(solver, "evaluations_per_step", None)
    if own is not None:
        return own
    if isinstance(solver, diffrax.ReversibleHeun):
        return 1, 1
    if isinstance(solver, diffrax.Euler | diffrax.LeapfrogMidpoint):
        return 0, 1
    if isinstance(solver, diffrax.AbstractSRK):
        return 0, len(solver.tableau.b_sol)
    if isinstance(solver, diffrax.AbstractERK) and isinstance(solver.tableau, diffrax.ButcherTableau):
        stages = solver.tableau.num_stages
        return (1, stages - 1) if solver.tableau.fsal else (0, stages)
    return None


def count_nfe(solver: Any, steps: int | Int[Array, "*batch"]) -> int | Int[Array, "*batch"]:
    """Number of function evaluations of a solve of so many steps: what samplers are compared at.

    Exact for `solve_on_times`, and for `diffeqsolve` with `steps=solution.stats["num_steps"]` and `dt0` given (to choose the first step
    itself takes two more). A guided velocity counts as one evaluation here and is two of the network. Known from the method, so that
    nothing is counted while it runs. Derivatives by automatic differentiation count as what is written, 2 evaluations at order 2, 4 at
    order 3; the compiler may merge some of them (3 at order 3 for dense networks).

    Args:
        solver: explicit, of diffrax or of ours.
        steps: number of steps, rejected ones too; may be traced.

    Raises:
        ValueError: the number depends on more than the steps, as with implicit methods.

    Example:
        >>> from sciml.solvers import MidpointReuse, Taylor
        >>> [count_nfe(solver, 8) for solver in (Taylor(2, "difference"), MidpointReuse(), diffrax.Heun(), Taylor(3))]
        [16, 9, 16, 32]
    """
    known = evaluations_per_step(solver)
    if known is None:
        raise ValueError(
            f"count_nfe: the evaluations of {type(solver).__name__} are not known from its steps; give it an attribute "
            "`evaluations_per_step` of two numbers, at the start and per step, if they are fixed."
        )
    return known[0] + known[1] * steps
