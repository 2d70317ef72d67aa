"""`sciml generate EQUATION`: a data set of solutions from random initial states, solved in batches on the device."""

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import tyro

from sciml.commands import environment, generate_steady, problems
from sciml.commands.errors import ComputationFailed, UsageError
from sciml.commands.initial import InitialOptions, is_random, sampler
from sciml.commands.options import HelpShown, combine, parse
from sciml.commands.output import pairs, quiet_stdout, say, write, write_json
from sciml.commands.steady_table import STEADY
from sciml.commands.stepping import run_solver, solve_times

_HELP = """usage: sciml generate EQUATION -o FILE [options]

Make a data set: random initial states and what becomes of them. sciml generate EQUATION --help shows all options.

equations:
{equations}

example: sciml generate burgers --samples 256 --grid 256 -o data.h5"""


_RANDOM = {name: entry for name, entry in STEADY.items() if entry.data_coefficient is not None}


@dataclass(frozen=True)
class GenerateOptions:
    """What to make and where to write it."""

    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """HDF5 file to write; needed."""
    samples: int = 256
    """Number of solutions. Sample i depends on the seed and on i alone."""
    frames: int = 2
    """States to keep of each, the first and last included; more than two are stored as trajectories too."""
    layout: Literal["sciml", "pdebench"] = "sciml"
    """Layout of the file: inputs and outputs, or PDEBench's trajectories."""
    refine: int = 1
    """Solve on a grid this many times finer, then keep the nodes of the coarse one."""
    batch: int = 64
    """Solutions computed at a time."""
    store: Literal["single", "double"] = "single"
    """Floating type in the file."""
    json: bool = False
    """Print one JSON object on standard output."""


def main(argv: Sequence[str]) -> int:
    """Make a data set."""
    if argv and argv[0] in ("-h", "--help"):
        write(
            _HELP.format(equations=pairs({name: entry.help for name, entry in (problems.PROBLEMS | _RANDOM).items()}))
        )
        return 0
    if argv and argv[0] in STEADY:
        return generate_steady.main(argv)
    name, problem = problems.find(argv, "sciml generate")
    kind, default = combine(
        {
            "output": GenerateOptions,
            "coefficients": problems.coefficient_options(problem),
            "domain": problems.DomainOptions,
            "initial": InitialOptions,
        },
        {"domain": problems.domain_defaults(problem), "initial": _random_default(problem)},
    )
    example = f"sciml generate {name} --samples 256 -o data.h5"
    try:
        options = parse(
            kind, argv[1:], command=f"sciml generate {name}", help=problem.help, example=example, default=default
        )
    except HelpShown:
        return 0
    _check(options, name)
    environment.prepare()
    import jax

    started = time.perf_counter()
    with quiet_stdout(), jax.enable_x64(options.domain.precision == "double"):
        states, grid, times = _states(problem, options)
    _write(name, options, states, grid, times)
    _show(name, options, states, time.perf_counter() - started)
    return 0


def _random_default(problem: problems.Problem) -> InitialOptions:
    usual = problems.initial_defaults(problem)
    return usual if is_random(usual) else dataclasses.replace(usual, initial="fourier")


def _check(options: Any, name: str) -> None:
    output = options.output
    if output.out is None:
        raise UsageError(f"missing -o FILE, such as: sciml generate {name} -o data.h5")
    if not output.out.parent.is_dir():
        raise UsageError(f"--out: no such folder: {output.out.parent}")
    if not is_random(options.initial):
        raise UsageError('--initial must be "fourier" or "grf" here: a formula gives one and the same sample')
    if min(output.samples, output.refine, output.batch) < 1:
        raise UsageError("--samples, --refine and --batch must be at least 1")
    if output.refine > 1 and options.domain.boundary != "periodic":
        raise UsageError("--refine needs a periodic box: nodes between walls are not among those of a finer grid")


def _states(problem: problems.Problem, options: Any) -> tuple[np.ndarray, Any, np.ndarray]:
    """All trajectories `(samples, frames, components, *shape)` on the grid that is kept."""
    import jax
    import jax.numpy as jnp

    output, domain = options.output, options.domain
    equation = problems.make_equation(problem, options.coefficients)
    names = equation.component_names(len(domain.grid))
    fine, grid = problems.make_grid(domain, names, output.refine), problems.make_grid(domain, names)
    times = solve_times(domain, output.frames)
    draw = sampler(options.initial, equation, fine, jnp.float64 if domain.precision == "double" else jnp.float32)
    kept = (..., *(slice(None, None, output.refine),) * grid.dimension)
    root = jax.random.key(domain.seed)

    @jax.jit
    def batch(indices: Any) -> tuple[Any, Any]:
        def one(index: Any) -> tuple[Any, Any]:
            solution = run_solver(equation, fine, draw(jax.random.fold_in(root, index)), times, domain, throw=False)
            return solution.values[kept], solution.result

        return jax.vmap(one)(indices)

    size = min(output.batch, output.samples)
    parts = []
    for first in range(0, output.samples, size):
        # The last batch is filled up, so that there is one program only.
        values, results = batch(jnp.arange(first, first + size, dtype=jnp.uint32))
        count = min(size, output.samples - first)
        _check_results(np.asarray(results)[:count], first)
        parts.append(_stored(np.asarray(values)[:count], output.store))
        say(f"{first + count} of {output.samples} samples")
    return np.concatenate(parts), grid, times


def _check_results(results: np.ndarray, first: int) -> None:
    from sciml.solvers.solution import Result

    if np.any(results):
        bad = int(np.flatnonzero(results)[0])
        raise ComputationFailed(
            f"sample {first + bad}: {Result(int(results[bad])).sentence} Try a finer --grid or a smaller --dt."
        )


def _stored(values: np.ndarray, store: str) -> np.ndarray:
    """In the type of the file; a complex component becomes two channels, real and imaginary part."""
    if np.iscomplexobj(values):
        stacked = np.stack([np.real(values), np.imag(values)], axis=3)
        values = stacked.reshape(*values.shape[:2], -1, *values.shape[3:])
    return values.astype(np.float32 if store == "single" else np.float64)


def _write(name: str, options: Any, states: np.ndarray, grid: Any, times: np.ndarray) -> None:
    from sciml.data import Dataset, write_hdf5, write_pdebench

    trajectories = options.output.layout == "pdebench" or len(times) > 2
    dataset = Dataset(
        inputs=states[:, 0] if options.output.layout == "sciml" else None,
        outputs=states[:, -1] if options.output.layout == "sciml" else None,
        trajectories=states if trajectories else None,
        times=times if trajectories else None,
        coordinates=tuple(axis.coordinates() for axis in grid.axes),
        parameters=problems.numbers_of(options.coefficients),
        attributes={
            "equation": name,
            "extent": [[axis.lower, axis.upper] for axis in grid.axes],
            "until": float(times[-1]),
            "boundary": options.domain.boundary,
            "initial": options.initial.initial,
            "seed": options.domain.seed,
        },
    )
    (write_hdf5 if options.output.layout == "sciml" else write_pdebench)(options.output.out, dataset)


def _show(name: str, options: Any, states: np.ndarray, seconds: float) -> None:
    found = {
        "equation": name,
        "data": str(options.output.out),
        "samples": int(states.shape[0]),
        "shape": list(states.shape[2:]),
        "frames": int(states.shape[1]),
        "megabytes": round(options.output.out.stat().st_size / 1e6, 3),
        "seconds": round(seconds, 2),
    }
    write_json(found) if options.output.json else write(pairs(found))
