"""`sciml apebench SCENARIO`: the one-dimensional difficulty scenarios of APEBench, made anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro

from sciml.commands import environment
from sciml.commands.errors import ComputationFailed, UsageError, unknown
from sciml.commands.options import HelpShown, parse
from sciml.commands.output import pairs, quiet_stdout, say, write, write_json

POINTS, WARM_UP = 160, 500


@dataclass(frozen=True)
class Scenario:
    """Difficulties of one step, in the convention of `GeneralSemilinear.from_difficulty`.

    Attributes:
        linear: `(gamma_0, gamma_1, ...)`.
        quadratic: `delta_0`.
        convection: `delta_1`.
        gradient_norm: `delta_2`.
        warm_up: steps before the first state that is kept.
        clamped: initial states moved and scaled to between 0 and 1, in place of mean zero and largest modulus 1.
    """

    linear: tuple[float, ...]
    quadratic: float | None = None
    convection: float | None = None
    gradient_norm: float | None = None
    warm_up: int = 0
    clamped: bool = False


# Some are the same in one dimension: a linear one by default is advection, a convective one is Burgers' equation.
SCENARIOS: dict[str, Scenario] = {
    "diff_lin": Scenario((0.0, -4.0)),
    "diff_lin_simple": Scenario((0.0, -4.0)),
    "diff_adv": Scenario((0.0, -4.0)),
    "diff_diff": Scenario((0.0, 0.0, 4.0)),
    "diff_adv_diff": Scenario((0.0, -4.0, 4.0)),
    "diff_disp": Scenario((0.0, 0.0, 0.0, 4.0)),
    "diff_hyp_diff": Scenario((0.0, 0.0, 0.0, 0.0, -4.0)),
    "diff_four": Scenario((0.0, -4.0, 4.0, 4.0, -4.0)),
    "diff_conv": Scenario((0.0, 0.0, 1.5), convection=-1.5),
    "diff_burgers": Scenario((0.0, 0.0, 1.5), convection=-1.5),
    "diff_kdv": Scenario((0.0, 0.0, 0.0, -14.0, -9.0), convection=-2.0),
    "diff_ks_cons": Scenario((0.0, 0.0, -2.0, 0.0, -18.0), convection=-1.0, warm_up=WARM_UP),
    "diff_ks": Scenario((0.0, 0.0, -1.2, 0.0, -15.0), gradient_norm=-6.0, warm_up=WARM_UP),
    "diff_nonlin": Scenario((0.0, 0.0, 1.5), convection=-2.0),
    "diff_burgers_sc": Scenario((0.0, 0.0, 1.5), convection=-1.5),
    "diff_fisher": Scenario((0.02, 0.0, 0.2), quadratic=-0.02, clamped=True),
}
# Name -> (samples, steps, seed) of the two parts of a scenario.
PARTS = {"train": (50, 50, 0), "test": (30, 200, 773)}

_HELP = """usage: sciml apebench SCENARIO -o FOLDER [options]

Make the training and the test set of a one-dimensional difficulty scenario of APEBench (Koehler et al. 2024) with this library's
solver: 160 nodes, 50 trajectories of 50 steps to train, 30 of 200 to test. "all" makes every scenario. Distributions and
equations are those of the source; the random numbers are our own.

scenarios:
{scenarios}

example: sciml apebench diff_burgers -o data"""


@dataclass(frozen=True)
class Options:
    """Where to write."""

    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """Folder for SCENARIO_train.h5 and SCENARIO_test.h5; needed."""
    json: bool = False
    """Print one JSON object on standard output."""


def main(argv: Sequence[str]) -> int:
    """Make the data of one scenario or of all."""
    if not argv or argv[0] in ("-h", "--help"):
        write(_HELP.format(scenarios=pairs({name: _described(scenario) for name, scenario in SCENARIOS.items()})))
        return 0 if argv else 2
    name = argv[0]
    if name not in (*SCENARIOS, "all"):
        raise UsageError(unknown("scenario", name, SCENARIOS) + " (sciml apebench --help)")
    example = f"sciml apebench {name} -o data"
    try:
        options = parse(Options, argv[1:], command=f"sciml apebench {name}", help=_HELP.split("\n")[2], example=example)
    except HelpShown:
        return 0
    if options.out is None:
        raise UsageError(f"missing -o FOLDER, such as: {example}")
    options.out.mkdir(parents=True, exist_ok=True)
    environment.prepare()
    with quiet_stdout():
        written = [
            _write(each, part, options.out) for each in (SCENARIOS if name == "all" else [name]) for part in PARTS
        ]
    found = {path.stem: str(path) for path in written}
    write_json(found) if options.json else write(pairs(found))
    return 0


def _described(scenario: Scenario) -> str:
    terms = {"linear": scenario.linear, "quadratic": scenario.quadratic, "convection": scenario.convection}
    terms["gradient norm"] = scenario.gradient_norm
    return ", ".join(f"{name} {value}" for name, value in terms.items() if value is not None)


def equation_of(scenario: Scenario) -> Any:
    """The equation whose time unit is one step and whose box has length one."""
    from sciml.physics import GeneralSemilinear

    return GeneralSemilinear.from_difficulty(
        scenario.linear,
        points=POINTS,
        dimension=1,
        quadratic=scenario.quadratic,
        convection=scenario.convection,
        gradient_norm=scenario.gradient_norm,
        fixed_mean=scenario.gradient_norm is not None,
    )


def trajectories(scenario: Scenario, *, samples: int, steps: int, seed: int) -> np.ndarray:
    """Solutions from random initial states, `(samples, steps + 1, 1, 160)`, float32, one step of the equation apart."""
    import jax
    import jax.numpy as jnp

    import sciml
    from sciml.random import RandomFourierSeries

    grid = sciml.Grid((POINTS,), extent=(1.0,))
    field = RandomFourierSeries(grid, modes=5, zero_mean=not scenario.clamped, max_one=not scenario.clamped)
    stepper = sciml.solvers.Stepper.build(
        equation_of(scenario), grid, dt=1.0, method=sciml.solvers.ETDRK2(), precision="float32"
    )

    def one(key: Any) -> Any:
        start = field.sample(key).astype(jnp.float32)
        if scenario.clamped:
            start = (start - start.min()) / (start.max() - start.min())
        if scenario.warm_up:
            start = sciml.solvers.rollout_with(
                stepper, start, steps=scenario.warm_up, save_every=scenario.warm_up
            ).values[-1]
        return sciml.solvers.rollout_with(stepper, start, steps=steps).values

    values = np.asarray(jax.jit(jax.vmap(one))(jax.random.split(jax.random.key(seed), samples)))
    if not np.isfinite(values).all():
        raise ComputationFailed("a trajectory did not stay finite.")
    return values


def _write(name: str, part: str, folder: Path) -> Path:
    import sciml
    from sciml.data import Dataset, write_hdf5

    samples, steps, seed = PARTS[part]
    values = trajectories(SCENARIOS[name], samples=samples, steps=steps, seed=seed)
    path = folder / f"{name}_{part}.h5"
    dataset = Dataset(
        trajectories=values,
        times=np.arange(steps + 1.0),
        coordinates=(sciml.Grid((POINTS,), extent=(1.0,)).axes[0].coordinates(),),
        attributes={"scenario": name, "part": part, "seed": seed, "difficulties": _described(SCENARIOS[name])},
    )
    write_hdf5(path, dataset)
    say(f"{name} {part}: {values.shape}")
    return path
