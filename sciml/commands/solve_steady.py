"""`sciml solve poisson|darcy|helmholtz|bratu`: one solution of a steady equation."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro

from sciml.commands import environment
from sciml.commands.coefficients import CoefficientFamily, coefficient_sampler, is_family, parameters_of
from sciml.commands.errors import ComputationFailed, UsageError
from sciml.commands.options import HelpShown, combine, parse
from sciml.commands.output import pairs, quiet_stdout, say, write, write_json
from sciml.commands.steady_runs import SteadyDomain, make_steady_grid, run_steady, steady_source
from sciml.commands.steady_table import STEADY, SteadyEntry


@dataclass(frozen=True)
class SteadyOutput:
    """What to write."""

    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """HDF5 file: the coefficient as input, the solution as output of one sample."""
    plot: Path | None = None
    """Figure of coefficient and solution (.png, .pdf, .svg)."""
    json: bool = False
    """Print one JSON object on standard output."""


def main(argv: Sequence[str]) -> int:
    """Solve one steady equation, named by the first argument."""
    name, entry = argv[0], STEADY[argv[0]]
    parts: dict[str, type] = {"coefficient": CoefficientFamily, "domain": SteadyDomain, "output": SteadyOutput}
    defaults: dict[str, Any] = {"domain": SteadyDomain((129, 129), "dirichlet", entry.source, "harmonic")}
    if entry.coefficient is None:
        del parts["coefficient"]
    else:
        defaults["coefficient"] = CoefficientFamily(entry.coefficient, alpha=entry.alpha)
    kind, default = combine(parts, defaults)
    example = f"sciml solve {name} --grid 257 257 --plot {name}.png"
    try:
        options = parse(
            kind, argv[1:], command=f"sciml solve {name}", help=entry.help, example=example, default=default
        )
    except HelpShown:
        return 0
    _check_outputs(options.output)
    environment.prepare()
    import jax

    with quiet_stdout(), jax.enable_x64(options.domain.precision == "double"):
        found = _solve(name, entry, options)
    if options.output.json:
        write_json({key.replace(" ", "_"): value for key, value in found.items()})
    else:
        write(pairs(found))
    return 0


def constant_wavenumber(name: str, options: CoefficientFamily | None, domain: SteadyDomain) -> float | None:
    """The wavenumber for which outgoing waves leave, where it is one number.

    Raises:
        UsageError: where the waves of another equation are to leave.
    """
    if domain.boundary.strip() != "outgoing":
        return None
    from sciml.commands.expression import number_of

    if name != "helmholtz" or options is None or is_family(options):
        raise UsageError("--boundary outgoing belongs to helmholtz with a constant --coefficient")
    return number_of(options.coefficient)


def _solve(name: str, entry: SteadyEntry, options: Any) -> dict[str, Any]:
    import jax
    import jax.numpy as jnp

    domain = options.domain
    family = None if entry.coefficient is None else options.coefficient
    dtype = jnp.float64 if domain.precision == "double" else jnp.float32
    grid = make_steady_grid(domain, constant_wavenumber(name, family, domain))
    source = steady_source(domain, grid, dtype)
    coefficient = None
    if family is not None:
        coefficient = coefficient_sampler(family, grid, dtype)(jax.random.key(domain.seed))
        _check_coefficient(name, np.asarray(coefficient))
    say(f"solving {entry.equation} on {grid.shape} nodes")
    started = time.perf_counter()
    solution = jax.block_until_ready(run_steady(name, grid, coefficient, source, domain))
    seconds = time.perf_counter() - started
    residual = check_residual(float(solution.residual), float(solution.imbalance), domain)
    values = np.asarray(solution.values)
    written = _write(name, entry, options, grid, coefficient, values)
    return {
        "equation": name,
        "grid": list(grid.shape),
        "steps": int(solution.steps),
        "relative residual": residual,
        "maximum": float(np.max(np.abs(values))),
        "mean": float(np.mean(np.real(values))),
        "seconds": round(seconds, 3),
    } | written


def check_residual(residual: float, imbalance: float, domain: SteadyDomain) -> float:
    """The residual, if it is small enough and sources balance where they must.

    Raises:
        ComputationFailed: one sentence that says what to try.
    """
    if imbalance > 1e-2:
        raise ComputationFailed(
            "no solution: nothing fixes the level of u between these walls, so --source and the fluxes through the walls must balance; "
            f"they miss by {imbalance:.3g} of their size; take a source of mean zero or give one wall a value"
        )
    # In single precision rounding leaves more than any tolerance asks for.
    most = 10 * max(domain.tolerance, 1e-7) if domain.precision == "double" else 1e-3
    if not residual <= most:
        raise ComputationFailed(
            f"the solver stopped at a relative residual of {residual:.3g}: the problem has no solution or nearly none (a resonance, "
            "a source that does not balance, a parameter beyond a fold), or needs a finer --grid"
        )
    return residual


def channels(values: np.ndarray) -> np.ndarray:
    """A solution as real channels, `(..., 1 or 2, *grid)`; axis 0 counts samples."""
    return np.stack([np.real(values), np.imag(values)], 1) if np.iscomplexobj(values) else values[:, None]


def _check_coefficient(name: str, coefficient: np.ndarray) -> None:
    if name == "darcy" and coefficient.min() <= 0:
        raise UsageError("--coefficient of darcy must be positive everywhere")
    if name == "bratu" and np.ptp(coefficient) > 0:
        raise UsageError("--coefficient of bratu is one number, its lambda")


def _check_outputs(output: SteadyOutput) -> None:
    for option, path in (("--out", output.out), ("--plot", output.plot)):
        if path is not None and not path.parent.is_dir():
            raise UsageError(f"{option}: no such folder: {path.parent}")
    if output.plot is not None and output.plot.suffix not in (".png", ".pdf", ".svg"):
        raise UsageError(f"--plot must end in .png, .pdf or .svg, got {output.plot}")


def _write(
    name: str, entry: SteadyEntry, options: Any, grid: Any, coefficient: Any, values: np.ndarray
) -> dict[str, str]:
    from sciml.data import Dataset, write_hdf5

    written, output = {}, options.output
    given = np.zeros(grid.shape) if coefficient is None else np.asarray(coefficient)
    if output.out is not None:
        dataset = Dataset(
            inputs=given[None, None],
            outputs=channels(values[None]),
            coordinates=tuple(axis.coordinates() for axis in grid.axes),
            parameters={} if coefficient is None else parameters_of(options.coefficient),
            attributes={
                "equation": name,
                "extent": [[axis.lower, axis.upper] for axis in grid.axes],
                "boundary": options.domain.boundary,
                "source": options.domain.source,
            },
        )
        write_hdf5(output.out, dataset)
        written["solution"] = str(output.out)
    if output.plot is not None:
        from sciml import plotting

        plotting.save(_figure(entry, grid, coefficient, values), output.plot)
        written["figure"] = str(output.plot)
    return written


def _figure(entry: SteadyEntry, grid: Any, coefficient: Any, values: np.ndarray) -> Any:
    """Coefficient, where it varies, and solution, side by side; the middle plane in three dimensions."""
    import sciml
    from sciml import plotting

    shown: dict[str, np.ndarray] = {}
    if coefficient is not None and np.ptp(np.asarray(coefficient)) > 0:
        shown[entry.symbol] = np.asarray(coefficient)
    if np.iscomplexobj(values):
        shown |= {"Re u": np.real(values), "|u|": np.abs(values)}
    else:
        shown["u"] = values
    if grid.dimension == 1:
        return plotting.lines(grid.axes[0].coordinates(), shown, ylabel="")
    plane = grid
    if grid.dimension == 3:
        shown = {name: field[..., grid.shape[2] // 2] for name, field in shown.items()}
        plane = sciml.Grid(grid.shape[:2], extent=[(axis.lower, axis.upper) for axis in grid.axes[:2]])
    return plotting.field_grid(shown, plane, columns=3, shared=False)
