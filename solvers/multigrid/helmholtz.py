"""Waves in the frequency domain: indefinite Helmholtz problems by FGMRES with a shifted Laplacian."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
from jaxtyping import Array, Complex, Inexact

from sciml.equation import Parameter
from sciml.grid import Grid
from sciml.solvers.krylov import FlexibleGMRES, LowPrecision
from sciml.solvers.multigrid.cycles import Multigrid
from sciml.solvers.multigrid.elliptic import EllipticSolution
from sciml.solvers.multigrid.finite_volumes import FaceMean, finite_volumes
from sciml.solvers.multigrid.preconditioner import MultigridPreconditioner
from sciml.solvers.multigrid.smoothers import Jacobi

SHIFTED = Multigrid(smoother=Jacobi((0.6,)), cycle="F", coarsest=300)
"""Cycles for the shifted operator: point Jacobi damps its oscillating errors, which Chebyshev's real interval does not hold."""


def solve_indefinite_helmholtz(
    grid: Grid,
    f: Inexact[Array, "*grid"] | np.ndarray,
    wavenumber: Parameter,
    coefficient: Inexact[Array, "..."] | np.ndarray | float = 1.0,
    *,
    shift: float = 0.5,
    multigrid: Multigrid = SHIFTED,
    faces: FaceMean = "harmonic",
    rtol: float = 1e-6,
    restart: int = 100,
    max_steps: int = 400,
    throw: bool = True,
) -> EllipticSolution:
    """Solve `-div(K grad u) - k^2 u = f`, which is indefinite for large `k`, to second order.

    FGMRES on the problem itself, preconditioned by one multigrid cycle for `-div(K grad u) - (1 - shift i) k^2 u`, whose damping lets
    multigrid converge. Steps grow about linearly with `k`. Outgoing waves leave through `Robin(-1j * k, 1.0)`. Ten nodes per wavelength
    `2 pi / k` is the least for a meaningful answer. Differentiable in `f`, `wavenumber` and `coefficient`.

    Source: Erlangga, Oosterlee, Vuik, SIAM J. Sci. Comput. 27 (2006) 1471.

    Args:
        grid: where, with the boundary conditions; Robin's `a` may be complex.
        f: values at the nodes, real or complex.
        wavenumber: `k`, a number or `(*grid.shape)`.
        coefficient: `K`, as for `solve_elliptic`.
        shift: imaginary part of the preconditioner's `k^2`, relative.
        multigrid: cycles for the preconditioner.
        faces: mean that gives `K` between nodes.
        rtol: tolerance of the residual relative to the right-hand side.
        restart: steps between restarts of FGMRES; memory is twice as many fields. A short one stalls for large `k`.
        max_steps: most steps.
        throw: raise where the tolerance is not reached.

    Returns:
        A solution with complex `values`.

    Example:
        >>> import numpy as np
        >>> import sciml
        >>> k = 12.0
        >>> outgoing = sciml.boundary.Robin(-1j * k, 1.0)
        >>> grid = sciml.Grid((65, 65), extent=(1.0, 1.0), boundary=outgoing)
        >>> x, y = grid.coordinates()
        >>> source = np.exp(-400 * ((x - 0.5) ** 2 + (y - 0.5) ** 2)).astype(np.float32)
        >>> wave = sciml.solvers.solve_indefinite_helmholtz(grid, source, k, rtol=1e-4)
        >>> wave.values.shape, int(wave.iterations) < 60
        ((65, 65), True)
    """
    values = jnp.asarray(f)
    if values.shape != grid.shape:
        raise ValueError(
            f"solve_indefinite_helmholtz: `f` must have the grid's shape {grid.shape}, got {values.shape}."
        )
    if not jnp.issubdtype(values.dtype, jnp.inexact):
        raise TypeError(f"solve_indefinite_helmholtz: `f` must be a floating-point array, got {values.dtype}.")
    dtype = np.result_type(values.dtype, np.complex64)
    options = (shift, multigrid, faces, rtol, restart, max_steps, throw)
    return _solve(grid, values.astype(dtype), wavenumber, coefficient, *options)


@eqx.filter_jit
def _solve(
    grid: Grid, f: Complex[Array, "*grid"], wavenumber: Any, coefficient: Any, shift: float, multigrid: Multigrid,
    faces: FaceMean, rtol: float, restart: int, max_steps: int, throw: bool,
) -> EllipticSolution:  # fmt: skip
    squared = jnp.asarray(wavenumber, f.dtype) ** 2
    volumes = finite_volumes(grid, coefficient, -squared, faces=faces, dtype=f.dtype)
    damped = finite_volumes(grid, coefficient, -(1 - shift * 1j) * squared, faces=faces, dtype=f.dtype)
    operator = jax.lax.stop_gradient(damped.operator.without_surplus()).astype(jnp.complex64)
    cycle = MultigridPreconditioner(multigrid, multigrid.set_up(operator))
    structure = jax.ShapeDtypeStruct(grid.shape, f.dtype)
    load = volumes.load(f)
    solution = lx.linear_solve(
        lx.FunctionLinearOperator(volumes.operator.mv, structure, tags=lx.symmetric_tag),
        load,
        FlexibleGMRES(rtol=rtol, max_steps=max_steps, restart=restart),
        options={"preconditioner": LowPrecision(cycle, jnp.float32, outside=jnp.finfo(f.dtype).dtype)},
        throw=throw,
    )
    scale = jnp.linalg.norm(load)
    residual = solution.stats["residual_norm"] / jnp.where(scale == 0, jnp.ones_like(scale), scale)
    unknown = jnp.where(volumes.weights == 0, jnp.zeros_like(load), solution.value)
    return EllipticSolution(volumes.complete(unknown), solution.stats["num_steps"], residual)
