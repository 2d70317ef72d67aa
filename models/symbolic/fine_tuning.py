"""Constants of an equation fitted to trajectories through the solve."""

from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float
from scipy import optimize


def tune_constants(
    field: Any,
    ts: Float[Array, " times"] | np.ndarray,
    ys: Float[Array, "trajectories times size"],
    *,
    rtol: float = 1e-6,
    atol: float = 1e-6,
    rounds: int = 20,
    max_steps: int = 4096,
    fit_starts: bool = False,
) -> Any:
    """Least squares of the distance between given trajectories and the solutions from their first states.

    Regression on a learned field inherits its errors; this takes the constants to the data themselves.

    Args:
        field: `f(t, y, args)`, an `eqx.Module` whose arrays are the constants, such as a `SparseField` or `ExpressionField`.
        ts: times.
        ys: trajectories at these times.
        rtol: relative tolerance of the solve.
        atol: absolute tolerance.
        rounds: evaluations of the least-squares method.
        max_steps: of a solve.
        fit_starts: fit the first states too, beginning with the given ones: noise in them, which grows along the solution, would bend
            the constants.

    Returns:
        The field with other constants; the same where the solves fail from the start.

    Example:
        >>> from sciml.models.symbolic import FunctionLibrary, SparseField
        >>> field = SparseField(jnp.asarray([-0.9]), ((0, 1),), FunctionLibrary(1, degree=1))
        >>> ts = jnp.linspace(0.0, 1.0, 6)
        >>> tuned = tune_constants(field, ts, 2 * jnp.exp(-ts)[None, :, None])
        >>> round(float(tuned.coefficients[0]), 3)
        -1.0
    """
    arrays, rest = eqx.partition(field, eqx.is_inexact_array)
    dtype = jnp.result_type(*jax.tree.leaves(arrays))
    unknown = (arrays, ys[:, 0].astype(dtype) if fit_starts else None)
    start, shaped = ravel_pytree(unknown)
    times = jnp.asarray(ts, ys.dtype)

    def distance(constants: Array) -> Array:
        found, starts = shaped(constants.astype(start.dtype))
        term = diffrax.ODETerm(eqx.combine(found, rest))

        def one(y: Array, first: Array) -> Array:
            solution: Any = diffrax.diffeqsolve(
                term, diffrax.Tsit5(), times[0], times[-1], None, first, saveat=diffrax.SaveAt(ts=times), throw=False,
                stepsize_controller=diffrax.PIDController(rtol=rtol, atol=atol), adjoint=diffrax.ForwardMode(),
                max_steps=max_steps,
            )  # fmt: skip
            return solution.ys - y

        gap = jax.vmap(one)(ys, ys[:, 0] if starts is None else starts.astype(ys.dtype)).ravel()
        # A solve that fails is far away, not nowhere.
        return jnp.where(jnp.isfinite(gap), gap, 1e3)

    def both(constants: Array) -> tuple[Array, Array]:
        value = distance(constants)
        return value, value

    program = jax.jit(jax.jacfwd(both, has_aux=True))
    last: dict[bytes, Any] = {}

    def evaluate(constants: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        name = constants.tobytes()
        if name not in last:
            last.clear()
            slope, value = program(jnp.asarray(constants, start.dtype))
            last[name] = np.asarray(value, np.float64), np.nan_to_num(np.asarray(slope, np.float64))
        return last[name]

    solve: Any = optimize.least_squares
    found = solve(
        lambda constants: evaluate(constants)[0], np.asarray(start, np.float64),
        jac=lambda constants: evaluate(constants)[1], max_nfev=rounds, x_scale="jac",
    )  # fmt: skip
    return eqx.combine(shaped(jnp.asarray(found.x, start.dtype))[0], rest)
