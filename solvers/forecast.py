"""What a solve will be like, told before it runs: stability numbers, resolution, memory, and time where it may be measured."""

import time
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Inexact

from sciml.data.hdf5 import machine_memory
from sciml.equation import Evolution
from sciml.fields.basis import Dealiasing, FourierBasis
from sciml.fields.discretisation import Basis, encode, state_field
from sciml.grid import Grid
from sciml.solvers.exponential import ETDRK4, ExponentialMethod
from sciml.solvers.fixed_step import RolloutGradient, rollout_with
from sciml.solvers.method import Method
from sciml.solvers.stepper import Stepper, basis_for, checked_state, default_precision, precision_of

_STEPS_TIMED = 3
_COURANT = 0.8
_TAIL = 1e-3


@dataclass(frozen=True)
class Preflight:
    """A report on a solve that has not been done; `str(report)` is a table with advice below.

    Attributes:
        equation: name of the equation.
        grid: where it is solved.
        method: name of the integrator.
        precision: real dtype.
        courant: `dt max(sum_i |v_i| / spacing_i)`; `None` where the equation names no velocity.
        decay: `dt` times the fastest decay rate of the linear part, the diffusion number `nu dt |k|^2` of a diffusive equation.
        frequency: `dt` times its highest angular frequency.
        growth: `dt` times its fastest growth rate, zero where all modes decay.
        modes: retained modes per axis: the highest mode number on periodic boxes, the number of modes on others.
        points: quadrature points per axis, on which products are taken.
        degree: polynomial degree of the equation.
        dealiased: whether products up to that degree are free of aliasing.
        tail: largest coefficient among the highest tenth of the modes by the largest of all, or `None` if no state was given.
        state_bytes: one saved state.
        table_bytes: coefficients of the integrator.
        trajectory_bytes: all saved states.
        reverse_bytes: what reverse mode keeps between its passes, by strategy of `rollout`.
        seconds: estimate for the whole solve, compilation left out; `None` where not measured.
        advice: sentences for people.
    """

    equation: str
    grid: Grid
    method: str
    precision: str
    courant: float | None
    decay: float
    frequency: float
    growth: float
    modes: tuple[int, ...]
    points: tuple[int, ...]
    degree: int
    dealiased: bool
    tail: float | None
    state_bytes: int
    table_bytes: int
    trajectory_bytes: int
    reverse_bytes: dict[str, int]
    seconds: float | None
    advice: tuple[str, ...]

    def __str__(self) -> str:
        courant = "not defined: the equation names no velocity" if self.courant is None else f"{self.courant:.3g}"
        rows = {
            "equation": f"{self.equation} on {self.grid.shape} nodes, {self.method}, {self.precision}",
            "Courant number": courant,
            "dt x fastest decay": f"{self.decay:.3g}",
            "dt x highest frequency": f"{self.frequency:.3g}",
            "dt x fastest growth": f"{self.growth:.3g}",
            "retained modes": f"{self.modes} of {self.grid.shape} nodes, products on {self.points} points",
            "dealiasing": f"{'exact' if self.dealiased else 'none'} for degree {self.degree}",
            "spectral tail": "no state given" if self.tail is None else f"{self.tail:.1e}",
            "one state": _size(self.state_bytes),
            "tables": _size(self.table_bytes),
            "trajectory": _size(self.trajectory_bytes),
            "reverse mode keeps": ", ".join(f"{name} {_size(count)}" for name, count in self.reverse_bytes.items()),
            "time": "not measured" if self.seconds is None else f"about {self.seconds:.3g} s",
        }
        width = max(len(name) for name in rows)
        lines = [f"{name:<{width}}  {value}" for name, value in rows.items()]
        return "\n".join(lines + [f"- {sentence}" for sentence in self.advice])


def preflight(
    equation: Evolution,
    grid: Grid,
    u0: Inexact[Array, "components *grid"] | np.ndarray | float,
    *,
    dt: float,
    steps: int,
    save_every: int = 1,
    method: Method | None = None,
    dealiasing: Dealiasing = "truncation",
    precision: str | None = None,
    measure: bool = False,
) -> Preflight:
    """Say what `rollout` with these arguments will be like, without running it.

    Memory comes from abstract shapes: nothing of the size of the trajectory is made.

    Args:
        equation: what to solve.
        grid: periodic, or a box with bounded axes.
        u0: the initial state, or a number: the largest speed to expect.
        dt: length of a step.
        steps: number of steps.
        save_every: steps between saved states.
        method: the integrator, `ETDRK4()` by default.
        dealiasing: see `rollout`.
        precision: where `u0` is a number, `"float32"` or `"float64"`.
        measure: time a few steps, which compiles the step.

    Raises:
        ValueError: for wrong shapes or counts, or a time to be measured without a state.

    Example:
        >>> import sciml
        >>> grid = sciml.Grid((128, 128), extent=(6.283, 6.283))
        >>> report = sciml.solvers.preflight(sciml.physics.NavierStokesVorticity(), grid, 1.0, dt=0.1, steps=100)
        >>> round(report.courant, 2), report.modes
        (2.04, (42, 42))
        >>> print(report.advice[0])
        The Courant number is 2.04: advection bounds the step, take dt=0.039 or smaller.
    """
    method = ETDRK4() if method is None else method
    state = None if isinstance(u0, int | float) else checked_state(equation, grid, u0)
    if state is None and measure:
        raise ValueError("preflight: `measure` needs an initial state for `u0`, got a number.")
    if state is not None:
        precision = precision_of(state)
    precision = default_precision() if precision is None else precision
    basis = basis_for(equation, grid, dealiasing=dealiasing, precision=precision)
    rates = _rates(equation, basis)
    tables, reverse = _memory(equation, grid, method, dealiasing, precision, (steps, save_every))
    degree, size = equation.degree(grid), len(equation.component_names(grid.dimension)) * grid.size
    figures: dict[str, Any] = {
        "courant": _courant(equation, basis, u0 if state is None else state, dt),
        "decay": dt * max(0.0, -float(np.real(rates).min())),
        "frequency": dt * float(np.abs(np.imag(rates)).max()),
        "growth": dt * max(0.0, float(np.real(rates).max())),
        "tail": None if state is None or not isinstance(basis, FourierBasis) else _tail(basis, state),
        "dealiased": degree <= 1 or basis.degree is not None,
        "state_bytes": size * basis.dtype.itemsize,
        "trajectory_bytes": (steps // save_every + 1) * size * basis.dtype.itemsize,
        "table_bytes": tables,
        "reverse_bytes": reverse,
    }
    return Preflight(
        equation=type(equation).__name__,
        grid=grid,
        method=type(method).__name__,
        precision=precision,
        modes=basis.modes if isinstance(basis, FourierBasis) else basis.storage,
        points=basis.quadrature,
        degree=degree,
        seconds=_seconds(equation, grid, state, dt, steps, method, dealiasing) if measure else None,
        advice=_advice(figures, dt, isinstance(method, ExponentialMethod)),
        **figures,
    )


def _rates(equation: Evolution, basis: Basis) -> np.ndarray:
    """Eigenvalues of the linear part at every mode."""
    symbol = np.asarray(equation.symbol(basis))
    if symbol.ndim == basis.dimension + 1:
        return symbol.astype(np.complex128)
    return np.linalg.eigvals(np.moveaxis(symbol, (0, 1), (-2, -1)).astype(np.complex128))


def _courant(equation: Evolution, basis: Basis, state: Any, dt: float) -> float | None:
    spacings = [float(np.diff(axis.coordinates()).min()) for axis in basis.grid.axes]
    start = jnp.zeros((), basis.precision)

    def speeds(u: Array) -> Array | None:
        velocity: Any = equation.transport_velocity(state_field(basis, encode(basis, u, start), start))
        return None if velocity is None else velocity.values

    if isinstance(state, int | float):
        shape = (len(equation.component_names(basis.dimension)), *basis.grid.shape)
        named = jax.eval_shape(speeds, jax.ShapeDtypeStruct(shape, basis.dtype)) is not None
        return dt * abs(state) / min(spacings) if named else None
    values = speeds(state)
    if values is None:
        return None
    rows = np.abs(np.asarray(values, np.float64)).reshape(-1, *basis.grid.shape)
    return dt * float(np.max(sum(row / spacing for row, spacing in zip(rows, spacings, strict=True))))


def _tail(basis: FourierBasis, state: Array) -> float:
    sizes = np.abs(np.asarray(basis.encode(state)))
    outer = np.zeros(basis.storage, bool)
    for axis, highest in enumerate(basis.modes):
        numbers = np.abs(basis.mode_numbers(axis)) > 0.9 * highest
        outer |= numbers.reshape([-1 if a == axis else 1 for a in range(basis.dimension)])
    return float(sizes[:, outer].max() / max(sizes.max(), np.finfo(sizes.dtype).tiny))


def _memory(
    equation: Evolution, grid: Grid, method: Method, dealiasing: Dealiasing, precision: str, counts: tuple[int, int]
) -> tuple[int, dict[str, int]]:
    """Bytes of the tables, and of what reverse mode keeps; from shapes alone."""
    complex_type = np.result_type(precision, np.complex64)
    dtype = complex_type if equation.is_complex else np.dtype(precision)
    shape = (len(equation.component_names(grid.dimension)), *grid.shape)

    # A traced step keeps the tables abstract too.
    def build(dt: Array) -> Stepper:
        return Stepper.build(equation, grid, dt=dt, method=method, dealiasing=dealiasing, precision=precision)

    step, u = jax.ShapeDtypeStruct((), np.dtype(precision)), jax.ShapeDtypeStruct(shape, dtype)
    kept: dict[str, int] = {}
    strategies: tuple[RolloutGradient, ...] = ("store", "checkpoint")
    for strategy in strategies:

        def pullback(dt: Array, u: Array, strategy: RolloutGradient = strategy) -> Any:
            def values(u: Array) -> Array:
                return rollout_with(
                    build(dt), u, steps=counts[0], save_every=counts[1], gradient=strategy, throw=False
                ).values

            return jax.vjp(values, u)[1]

        kept[strategy] = _bytes(jax.eval_shape(pullback, step, u))
    tables = eqx.filter_eval_shape(lambda dt: build(dt).tables, step)
    return _bytes(tables), kept


def _bytes(tree: Any) -> int:
    return sum(int(np.prod(leaf.shape)) * np.dtype(leaf.dtype).itemsize for leaf in jax.tree.leaves(tree))


def _seconds(
    equation: Evolution, grid: Grid, state: Any, dt: float, steps: int, method: Method, dealiasing: Dealiasing
) -> float:
    stepper = Stepper.build(equation, grid, dt=dt, method=method, dealiasing=dealiasing, precision=precision_of(state))
    best = np.inf
    for attempt in range(3):
        began = time.perf_counter()
        solution = rollout_with(stepper, state, steps=_STEPS_TIMED, save_every=_STEPS_TIMED, throw=False)
        jax.block_until_ready(solution.values)
        if attempt:  # the first one compiles
            best = min(best, time.perf_counter() - began)
    return float(best) / _STEPS_TIMED * steps


def _advice(figures: dict[str, Any], dt: float, exact: bool) -> tuple[str, ...]:
    said = []
    if figures["courant"] is not None and figures["courant"] > _COURANT:
        bound = dt * _COURANT / figures["courant"]
        said.append(
            f"The Courant number is {figures['courant']:.3g}: advection bounds the step, take dt={bound:.2g} or smaller."
        )
    if not exact and figures["frequency"] > 1:
        said.append(
            "The linear waves turn by more than one radian per step: their phase is lost; ETDRK4 treats them exactly."
        )
    if figures["growth"] > 1:
        said.append(f"The linear part grows by exp({figures['growth']:.3g}) per step: take a smaller dt.")
    if figures["tail"] is not None and figures["tail"] > _TAIL:
        said.append(f"The highest modes hold {figures['tail']:.1e} of the largest one: take a finer grid.")
    if not figures["dealiased"]:
        said.append("Products are aliased: watch the tail of the spectrum, or take dealiasing='truncation'.")
    memory = machine_memory()
    if figures["trajectory_bytes"] > memory // 4:
        said.append(
            "The trajectory takes more than a quarter of this machine's memory: save less often, or `rollout_to_file`."
        )
    if figures["reverse_bytes"]["store"] > memory // 4:
        said.append("Reverse mode keeps more than a quarter of this machine's memory: take gradient='checkpoint'.")
    return tuple(said) if said else ("Nothing stands out.",)


def _size(count: int) -> str:
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.3g} {unit}"
        value /= 1024
    return f"{value:.3g} TiB"
