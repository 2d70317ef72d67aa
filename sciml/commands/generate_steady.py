"""`sciml generate darcy|helmholtz`: a data set of random coefficients and the solutions of a steady equation."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import tyro

from sciml.commands import environment
from sciml.commands.coefficients import CoefficientFamily, coefficient_sampler, is_family, parameters_of
from sciml.commands.errors import ComputationFailed, UsageError
from sciml.commands.options import HelpShown, combine, parse
from sciml.commands.output import pairs, quiet_stdout, say, write, write_json
from sciml.commands.solve_steady import channels, check_residual
from sciml.commands.steady_runs import SteadyDomain, make_steady_grid, run_steady, steady_source
from sciml.commands.steady_table import STEADY, SteadyEntry


@dataclass(frozen=True)
class SteadyGenerateOptions:
    """What to make and where to write it."""

    refine: int
    """Solve with this many times as many intervals, then keep the nodes of the coarse grid."""
    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """HDF5 file to write; needed. Inputs are coefficients, outputs solutions."""
    samples: int = 256
    """Number of samples. Sample i depends on the seed and on i alone."""
    batch: int = 16
    """Samples computed at a time."""
    store: Literal["single", "double"] = "single"
    """Floating type in the file."""
    json: bool = False
    """Print one JSON object on standard output."""


def main(argv: Sequence[str]) -> int:
    """Make a data set of the equation that the first argument names."""
    name, entry = argv[0], STEADY[argv[0]]
    if entry.data_coefficient is None:
        known = ", ".join(key for key, value in STEADY.items() if value.data_coefficient is not None)
        raise UsageError(f"{name} has no random coefficient to make data of; steady equations that have one: {known}")
    source = "0" if name == "helmholtz" else entry.source
    defaults = {
        "output": SteadyGenerateOptions(entry.refine),
        "coefficient": CoefficientFamily(entry.data_coefficient, alpha=entry.alpha),
        # The published Darcy data took the arithmetic mean.
        "domain": SteadyDomain(entry.data_grid, entry.data_boundary, source, "arithmetic"),
    }
    parts: dict[str, type] = {
        "output": SteadyGenerateOptions, "coefficient": CoefficientFamily, "domain": SteadyDomain,
    }  # fmt: skip
    kind, default = combine(parts, defaults)
    example = f"sciml generate {name} --samples 256 -o data.h5"
    try:
        options = parse(
            kind, argv[1:], command=f"sciml generate {name}", help=entry.help, example=example, default=default
        )
    except HelpShown:
        return 0
    _check(options, name)
    environment.prepare()
    import jax

    started = time.perf_counter()
    with quiet_stdout(), jax.enable_x64(options.domain.precision == "double"):
        inputs, outputs, worst, grid = _samples(name, options)
    _write(name, options, inputs, outputs, grid)
    found = {
        "equation": name,
        "data": str(options.output.out),
        "samples": len(inputs),
        "shape": list(outputs.shape[1:]),
        "largest relative residual": worst,
        "megabytes": round(options.output.out.stat().st_size / 1e6, 3),
        "seconds": round(time.perf_counter() - started, 2),
    }
    write_json({k.replace(" ", "_"): v for k, v in found.items()}) if options.output.json else write(pairs(found))
    return 0


def _check(options: Any, name: str) -> None:
    output = options.output
    if output.out is None:
        raise UsageError(f"missing -o FILE, such as: sciml generate {name} -o data.h5")
    if not output.out.parent.is_dir():
        raise UsageError(f"--out: no such folder: {output.out.parent}")
    if not is_family(options.coefficient):
        raise UsageError("--coefficient must be a random family here: a formula gives one and the same sample")
    if min(output.samples, output.refine, output.batch) < 1:
        raise UsageError("--samples, --refine and --batch must be at least 1")
    if output.refine > 1 and options.domain.nodes == "cell":
        raise UsageError("--refine needs nodes at vertices: the centres of coarse cells are no nodes of a finer grid")
    if options.domain.boundary.strip() == "outgoing":
        raise UsageError("--boundary outgoing needs one wavenumber; random ones take walls, such as 'robin(a, b)'")


def _samples(name: str, options: Any) -> tuple[np.ndarray, np.ndarray, float, Any]:
    """Coefficients and solutions `(samples, channels, *shape)` on the grid that is kept, and the largest residual."""
    import jax
    import jax.numpy as jnp

    output, domain = options.output, options.domain
    dtype = jnp.float64 if domain.precision == "double" else jnp.float32
    fine, grid = make_steady_grid(domain, factor=output.refine), make_steady_grid(domain)
    draw, source = coefficient_sampler(options.coefficient, fine, dtype), steady_source(domain, fine, dtype)
    kept = (slice(None, None, output.refine),) * grid.dimension
    root = jax.random.key(domain.seed)

    @jax.jit
    def batch(indices: Any) -> tuple[Any, Any, Any]:
        def one(index: Any) -> tuple[Any, Any, Any]:
            coefficient = draw(jax.random.fold_in(root, index))
            found = run_steady(name, fine, coefficient, source, domain)
            return (
                coefficient[kept],
                found.values[kept],
                jnp.stack([found.residual, jnp.asarray(found.imbalance, dtype)]),
            )

        return jax.vmap(one)(indices)

    size = min(output.batch, output.samples)
    kind = np.float32 if output.store == "single" else np.float64
    inputs, outputs, worst = [], [], 0.0
    for first in range(0, output.samples, size):
        # The last batch is filled up, so that there is one program only.
        coefficients, values, residuals = batch(jnp.arange(first, first + size, dtype=jnp.uint32))
        count = min(size, output.samples - first)
        worst = max(worst, _checked(np.asarray(residuals)[:count], first, domain))
        inputs.append(np.asarray(coefficients)[:count, None].astype(kind))
        outputs.append(channels(np.asarray(values)[:count]).astype(kind))
        say(f"{first + count} of {output.samples} samples")
    return np.concatenate(inputs), np.concatenate(outputs), worst, grid


def _checked(residuals: np.ndarray, first: int, domain: SteadyDomain) -> float:
    """The largest residual, if all are small enough."""
    for index, (residual, imbalance) in enumerate(residuals):
        try:
            check_residual(float(residual), float(imbalance), domain)
        except ComputationFailed as failure:
            raise ComputationFailed(f"sample {first + index}: {failure}") from None
    return float(np.max(residuals[:, 0]))


def _write(name: str, options: Any, inputs: np.ndarray, outputs: np.ndarray, grid: Any) -> None:
    from sciml.data import Dataset, write_hdf5

    entry: SteadyEntry = STEADY[name]
    dataset = Dataset(
        inputs=inputs,
        outputs=outputs,
        coordinates=tuple(axis.coordinates() for axis in grid.axes),
        parameters=parameters_of(options.coefficient),
        attributes={
            "equation": name,
            "form": entry.help.removeprefix("steady: "),
            "extent": [[axis.lower, axis.upper] for axis in grid.axes],
            "boundary": options.domain.boundary,
            "coefficient": options.coefficient.coefficient,
            "faces": options.domain.faces,
            "refine": options.output.refine,
            "seed": options.domain.seed,
            "source": options.domain.source,
        },
    )
    write_hdf5(options.output.out, dataset)
