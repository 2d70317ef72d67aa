"""A diffrax solver along given times, as one short scan."""

from typing import Any

import diffrax
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from sciml.solvers.taylor.solution_derivatives import VectorField


def solve_on_times(
    vector_field: VectorField,
    solver: diffrax.AbstractSolver | None,
    times: Float[Array, " times"],
    y0: PyTree[Array],
    args: PyTree = None,
    *,
    save: bool = False,
) -> PyTree[Array]:
    """One step of `solver` from each time to the next: what sampling needs, compiled in a fraction of `diffeqsolve`'s time.

    No adaptive steps, no dense output, no events; reverse mode stores every step. Times may run backwards.

    Args:
        vector_field: `f(t, y, args)`; a batch is one state.
        solver: an explicit solver of diffrax or of ours; `diffrax.Heun()` by default.
        times: monotone, the first is that of `y0`.
        y0: state.
        args: for the vector field.
        save: return the states at all times, not the last one alone.

    Returns:
        A state, or states with a leading axis of as many as times.

    Raises:
        ValueError: fewer than two times.

    Example:
        >>> end = solve_on_times(lambda t, y, args: -y, diffrax.Midpoint(), jnp.linspace(0.0, 1.0, 101), jnp.ones(2))
        >>> bool(jnp.allclose(end, jnp.exp(-1.0), atol=1e-4))
        True
    """
    if times.ndim != 1 or times.shape[0] < 2:
        raise ValueError(f"solve_on_times: `times` must be at least two numbers, got shape {times.shape}.")
    solver = diffrax.Heun() if solver is None else solver
    term = diffrax.ODETerm(vector_field)

    def step(carry: tuple[Any, Any], ends: tuple[Array, Array]) -> tuple[tuple[Any, Any], Any]:
        y, state = carry
        y, _, _, state, _ = solver.step(term, *ends, y, args, state, made_jump=False)
        return (y, state), y if save else None

    state = solver.init(term, times[0], times[1], y0, args)
    (end, _), saved = jax.lax.scan(step, (y0, state), (times[:-1], times[1:]))
    if not save:
        return end
    return jax.tree.map(lambda first, rest: jnp.concatenate([first[None], rest]), y0, saved)
