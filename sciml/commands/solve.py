"""`sciml solve EQUATION`: one solution, to a file, a figure or a summary."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro

from sciml.commands import environment, problems, solve_steady, streamed
from sciml.commands.errors import UsageError
from sciml.commands.initial import InitialOptions, sampler
from sciml.commands.options import HelpShown, combine, parse
from sciml.commands.output import pairs, quiet_stdout, say, write, write_json
from sciml.commands.pictures import View, draw
from sciml.commands.references import Reference, interpolate, read_reference
from sciml.commands.steady_table import STEADY
from sciml.commands.stepping import run_solver, solve_times

_HELP = """usage: sciml solve EQUATION [options]

Solve an equation on a periodic box, or between walls (--boundary). sciml solve EQUATION --help shows all options.

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
    stream: Path | None = None
    """HDF5 file, or .zarr folder, that is written while the solve runs, for solutions larger than the memory; the same command goes
    on after an interruption, and with a larger --until and --frames it makes the file longer."""
    plot: Path | None = None
    """Figure of the solution (.png, .pdf, .svg), or an animation of it (.gif; .mp4 where ffmpeg is installed)."""
    json: bool = False
    """Print one JSON object on standard output."""


def main(argv: Sequence[str]) -> int:
    """Solve one equation."""
    if argv and argv[0] in ("-h", "--help"):
        write(_HELP.format(equations=pairs({name: entry.help for name, entry in (problems.PROBLEMS | STEADY).items()})))
        return 0
    if argv and argv[0] in STEADY:
        return solve_steady.main(argv)
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
    if options.output.like is not None and options.domain.boundary != "periodic":
        raise UsageError("--like takes its box from the reference, which is periodic; leave --boundary out")
    if options.output.stream is not None:
        streamed.check(options.output, options.domain)
    environment.prepare()
    import jax

    with quiet_stdout(), jax.enable_x64(options.domain.precision == "double"):
        equation, grid, state, times = _prepared(problem, options)
        say(f"solving {problem.equation} on {grid.shape} nodes until t = {times[-1]:g}")
        found = (_solve if options.output.stream is None else _stream)(name, options, equation, grid, state, times)
    _show({"equation": name, "grid": list(grid.shape)} | found, options.output.json)
    return 0


def _prepared(problem: problems.Problem, options: Any) -> tuple[Any, Any, Any, np.ndarray]:
    """Equation, grid, initial state and times of the frames."""
    import jax
    import jax.numpy as jnp

    domain, dtype = options.domain, jnp.float64 if options.domain.precision == "double" else jnp.float32
    equation = problems.make_equation(problem, options.coefficients)
    if options.output.like is None:
        grid = problems.make_grid(domain, equation.component_names(len(domain.grid)))
        times = solve_times(domain, options.output.frames)
        state = sampler(options.initial, equation, grid, dtype)(jax.random.key(domain.seed))
        return equation, grid, state, times
    grid, state, times = _like(read_reference(options.output.like).periodic(), problem, domain)
    if np.iscomplexobj(state) != equation.is_complex:
        raise UsageError(f"--like holds {state.dtype} states, which do not suit {problem.equation}")
    state = jnp.asarray(state, np.promote_types(dtype, state.dtype) if equation.is_complex else dtype)
    return equation, grid, state, times


def _solve(name: str, options: Any, equation: Any, grid: Any, state: Any, times: np.ndarray) -> dict[str, Any]:
    """Solve in memory, write what is asked for, say what was found."""
    import jax

    started = time.perf_counter()
    solution = run_solver(equation, grid, state, times, options.domain, throw=True)
    jax.block_until_ready(solution.values)
    seconds = time.perf_counter() - started
    values = np.asarray(solution.values)
    written = _write(name, options, View(values, np.asarray(solution.times), grid, equation))
    return {
        "frames": len(values),
        "until": float(solution.times[-1]),
        "result": solution.message,
        "statistics": {key: int(value) for key, value in solution.statistics.items()},
        "final maximum": float(np.max(np.abs(values[-1]))),
        "seconds": round(seconds, 3),
    } | written


def _stream(name: str, options: Any, equation: Any, grid: Any, state: Any, times: np.ndarray) -> dict[str, Any]:
    """Solve into a file; the picture is made from it."""
    from sciml.data import read_frames

    output, started = options.output, time.perf_counter()
    statistics = streamed.run(output.stream, name, equation, grid, state, times, options)
    seconds = time.perf_counter() - started
    written = {"solution": str(output.stream)}
    if output.plot is not None:
        draw(streamed.view(output.stream, grid, equation, output.plot), output.plot)
        written["figure"] = str(output.plot)
    last = read_frames(output.stream, slice(-1, None))
    return {
        "frames": statistics.pop("frames"),
        "until": float(np.asarray(last.times)[-1]),
        "statistics": statistics,
        "final maximum": float(np.max(np.abs(np.asarray(last.trajectories)))),
        "seconds": round(seconds, 3),
    } | written


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
    for option, path in (("--out", output.out), ("--stream", output.stream), ("--plot", output.plot)):
        if path is not None and not path.parent.is_dir():
            raise UsageError(f"{option}: no such folder: {path.parent}")
    if output.plot is not None and output.plot.suffix not in (".png", ".pdf", ".svg", ".gif", ".mp4"):
        raise UsageError(f"--plot must end in .png, .pdf, .svg, .gif or .mp4, got {output.plot}")
    if output.plot is not None and output.plot.suffix == ".mp4" and shutil.which("ffmpeg") is None:
        raise UsageError("--plot: .mp4 needs the program ffmpeg, which is not installed; ask for a .gif")


def _write(name: str, options: Any, view: View) -> dict[str, str]:
    from sciml.data import Dataset, write_hdf5

    written, grid = {}, view.grid
    if options.output.out is not None:
        dataset = Dataset(
            trajectories=view.values[None],
            coordinates=tuple(axis.coordinates() for axis in grid.axes),
            times=view.times,
            parameters=problems.numbers_of(options.coefficients),
            attributes={
                "equation": name,
                "extent": [[axis.lower, axis.upper] for axis in grid.axes],
                "boundary": options.domain.boundary,
            },
        )
        write_hdf5(options.output.out, dataset)
        written["solution"] = str(options.output.out)
    if options.output.plot is not None:
        draw(view, options.output.plot)
        written["figure"] = str(options.output.plot)
    return written


def _show(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        write_json({key.replace(" ", "_"): value for key, value in found.items()})
        return
    counts = found["statistics"].items()
    write(pairs(found | {"statistics": ", ".join(f"{k} {v}" for k, v in counts if k != "diverged_at_step")}))
