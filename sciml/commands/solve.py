"""`sciml solve EQUATION`: one solution, to a file, a figure or a summary."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro

from sciml.commands import environment, problems
from sciml.commands.errors import UsageError
from sciml.commands.initial import InitialOptions, sampler
from sciml.commands.options import HelpShown, combine, parse
from sciml.commands.output import pairs, quiet_stdout, say, write, write_json
from sciml.commands.references import Reference, interpolate, read_reference

_HELP = """usage: sciml solve EQUATION [options]

Solve an equation on a periodic box. sciml solve EQUATION --help shows all options.

equations:
{equations}

example: sciml solve burgers --viscosity 0.01 --grid 512 --until 2 -o solution.h5 --plot solution.png"""


@dataclass(frozen=True)
class SolveOptions:
    """What to write."""

    frames: int = 101
    """States to keep, the first and last included."""
    like: Path | None = None
    """Take box, initial state and times from this solution (.mat, .npz or .h5); --grid refines it."""
    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """HDF5 file for the solution."""
    plot: Path | None = None
    """Figure of the solution (.png, .pdf, .svg), or an animation of it (.gif; .mp4 where ffmpeg is installed)."""
    json: bool = False
    """Print one JSON object on standard output."""


def main(argv: Sequence[str]) -> int:
    """Solve one equation."""
    if argv and argv[0] in ("-h", "--help"):
        write(_HELP.format(equations=pairs({name: entry.help for name, entry in problems.PROBLEMS.items()})))
        return 0
    name, problem = problems.find(argv, "sciml solve")
    kind, default = combine(
        {
            "coefficients": problems.coefficient_options(problem),
            "domain": problems.DomainOptions,
            "initial": InitialOptions,
            "output": SolveOptions,
        },
        {"domain": problems.domain_defaults(problem), "initial": problems.initial_defaults(problem)},
    )
    example = f"sciml solve {name} -o solution.h5 --plot solution.png"
    try:
        options = parse(
            kind, argv[1:], command=f"sciml solve {name}", help=problem.help, example=example, default=default
        )
    except HelpShown:
        return 0
    _check_outputs(options.output)
    environment.prepare()
    import jax

    with quiet_stdout(), jax.enable_x64(options.domain.precision == "double"):
        solution, equation, seconds = _solve(problem, options)
        written = _write(name, options, equation, solution)
    _show(name, solution, seconds, written, options.output.json)
    return 0


def solve_times(domain: problems.DomainOptions, frames: int) -> np.ndarray:
    """Times of the frames."""
    if frames < 2:
        raise UsageError(f"--frames must be at least 2, the first and the last state; got {frames}")
    return np.linspace(0.0, domain.until, frames)


def run_solver(
    equation: Any, grid: Any, state: Any, times: np.ndarray, domain: problems.DomainOptions, *, throw: bool
) -> Any:
    """Solve by fixed or adaptive steps, as the options say; may be mapped over states."""
    import sciml

    method = _method(domain.method)
    if domain.dt is None:
        if domain.method not in ("etdrk2", "etdrk3", "etdrk4", "ifrk4"):
            raise UsageError(f"--method {domain.method} has fixed steps only; give --dt too")
        return sciml.solve(equation, grid, state, ts=times, method=method, rtol=domain.tolerance, throw=throw)
    interval = (times[-1] - times[0]) / (len(times) - 1)
    if not np.allclose(np.diff(times), interval, rtol=1e-6):
        raise UsageError("--dt needs evenly spaced times; leave it out")
    each = max(1, round(interval / domain.dt))
    dt = interval / each
    if abs(dt - domain.dt) > 1e-6 * domain.dt:
        say(f"dt {domain.dt:g} becomes {dt:g}, so that {each} steps reach the next frame")
    steps = each * (len(times) - 1)
    return sciml.solvers.rollout(
        equation, grid, state, dt=dt, steps=steps, save_every=each, method=method, t0=float(times[0]), throw=throw
    )


def _method(name: str) -> Any:
    """The integrator of a name in lower case."""
    from sciml import solvers

    named = {known.lower(): known for known in solvers.__all__}
    return getattr(solvers, named[name])()


def _solve(problem: problems.Problem, options: Any) -> tuple[Any, Any, float]:
    import jax
    import jax.numpy as jnp

    domain, dtype = options.domain, jnp.float64 if options.domain.precision == "double" else jnp.float32
    if options.output.like is not None:
        grid, state, times = _like(read_reference(options.output.like).periodic(), problem, domain)
        equation = problems.make_equation(problem, options.coefficients)
        if np.iscomplexobj(state) != equation.is_complex:
            raise UsageError(f"--like holds {state.dtype} states, which do not suit {problem.equation}")
        state = jnp.asarray(state, np.promote_types(dtype, state.dtype) if equation.is_complex else dtype)
    else:
        grid, times = problems.make_grid(domain), solve_times(domain, options.output.frames)
        equation = problems.make_equation(problem, options.coefficients)
        state = sampler(options.initial, equation, grid, dtype)(jax.random.key(domain.seed))
    say(f"solving {problem.equation} on {grid.shape} nodes until t = {times[-1]:g}")
    started = time.perf_counter()
    solution = run_solver(equation, grid, state, times, domain, throw=True)
    jax.block_until_ready(solution.values)
    return solution, equation, time.perf_counter() - started


def _like(
    reference: Reference, problem: problems.Problem, domain: problems.DomainOptions
) -> tuple[Any, np.ndarray, np.ndarray]:
    """Grid, initial state and times of a reference; a grid that differs from the default refines it."""
    import sciml

    own = tuple(len(axis) for axis in reference.coordinates)
    if len(own) != len(domain.grid):
        raise UsageError(f"--like has {len(own)} axes, --grid {len(domain.grid)}")
    shape = own if domain.grid == problem.grid else domain.grid
    grid = sciml.Grid(shape, extent=reference.box())
    nodes = tuple(axis.coordinates() for axis in grid.axes)
    return grid, interpolate(reference.values[0], reference.coordinates, nodes), reference.times


def _check_outputs(output: SolveOptions) -> None:
    for option, path in (("--out", output.out), ("--plot", output.plot)):
        if path is not None and not path.parent.is_dir():
            raise UsageError(f"{option}: no such folder: {path.parent}")
    if output.plot is not None and output.plot.suffix not in (".png", ".pdf", ".svg", ".gif", ".mp4"):
        raise UsageError(f"--plot must end in .png, .pdf, .svg, .gif or .mp4, got {output.plot}")
    if output.plot is not None and output.plot.suffix == ".mp4" and shutil.which("ffmpeg") is None:
        raise UsageError("--plot: .mp4 needs the program ffmpeg, which is not installed; ask for a .gif")


def _write(name: str, options: Any, equation: Any, solution: Any) -> dict[str, str]:
    from sciml.data import Dataset, write_hdf5

    written, grid = {}, solution.grid
    if options.output.out is not None:
        dataset = Dataset(
            trajectories=np.asarray(solution.values)[None],
            coordinates=tuple(axis.coordinates() for axis in grid.axes),
            times=np.asarray(solution.times),
            parameters=problems.numbers_of(options.coefficients),
            attributes={"equation": name, "extent": [[axis.lower, axis.upper] for axis in grid.axes]},
        )
        write_hdf5(options.output.out, dataset)
        written["solution"] = str(options.output.out)
    if options.output.plot is not None:
        from sciml import plotting

        if options.output.plot.suffix in (".gif", ".mp4"):
            plotting.animate(
                *_shown(solution, equation),
                options.output.plot,
                title=type(equation).__name__,
                label=_label(solution, equation),
            )
        else:
            plotting.save(figure_of(solution, equation), options.output.plot)
        written["figure"] = str(options.output.plot)
    return written


def figure_of(solution: Any, equation: Any) -> Any:
    """Space-time plot in 1-D, six frames in 2-D and of the middle plane in 3-D; the first component, its modulus where complex."""
    from sciml import plotting

    values, grid, times = _shown(solution, equation)
    label = _label(solution, equation)
    if grid.dimension == 1:
        return plotting.space_time(values, grid, times, title=type(equation).__name__, label=label)
    shown = np.unique(np.linspace(0, len(times) - 1, 6).round().astype(int))
    return plotting.field_grid({f"t = {times[i]:.3g}": values[i] for i in shown}, grid, columns=3, label=label)


def _shown(solution: Any, equation: Any) -> tuple[np.ndarray, Any, np.ndarray]:
    """What a picture shows of a solution: values, their grid, times."""
    import sciml

    grid, values = solution.grid, np.asarray(solution.values)[:, 0]
    values = np.abs(values) if np.iscomplexobj(values) else values
    if grid.dimension == 3:
        values = values[..., grid.shape[2] // 2]
        grid = sciml.Grid(grid.shape[:2], extent=[(axis.lower, axis.upper) for axis in grid.axes[:2]])
    return values, grid, np.asarray(solution.times)


def _label(solution: Any, equation: Any) -> str:
    grid = solution.grid
    label = equation.component_names(grid.dimension)[0]
    if np.iscomplexobj(solution.values):
        label = f"|{label}|"
    return label if grid.dimension < 3 else f"{label} at z = {grid.axes[2].coordinates()[grid.shape[2] // 2]:.3g}"


def _show(name: str, solution: Any, seconds: float, written: dict[str, str], as_json: bool) -> None:
    last = np.asarray(solution.values)[-1]
    found: dict[str, Any] = {
        "equation": name,
        "grid": list(solution.grid.shape),
        "frames": int(solution.values.shape[0]),
        "until": float(solution.times[-1]),
        "result": solution.message,
        "statistics": {key: int(value) for key, value in solution.statistics.items()},
        "final maximum": float(np.max(np.abs(last))),
        "seconds": round(seconds, 3),
    } | written
    if as_json:
        write_json({key.replace(" ", "_"): value for key, value in found.items()})
        return
    statistics = ", ".join(f"{k} {v}" for k, v in found.pop("statistics").items() if k != "diverged_at_step")
    write(pairs(found | {"statistics": statistics}))
