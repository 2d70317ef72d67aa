"""Deep conjugate directions: a network proposes where to descend, and Poisson systems take a fraction of CG's iterations.

A small multi-level convolutional network is trained without solutions on right-hand sides mixed from the modes of the Laplacian on one
square. A conjugate direction method then asks it for directions: on new right-hand sides, on squares with obstacles that training
never saw (held at zero, or walls that let nothing through), and on grids two and four times as fine, all without retraining.

Iterations are half of the story. Beside them stand the iterations and times of plain and deflated conjugate gradients, of an incomplete
Cholesky factor (SciPy, on the host) and of a multigrid cycle as preconditioners. Multigrid is what the network imitates: it needs fewer
iterations still, no training, and a fraction of the time. Times are medians of single solves on this machine, compilation and set-up
left out; those of training and set-up stand in the tables.

Source: Kaneda et al., "A Deep Conjugate Direction Method for Iteratively Solving Linear Systems", ICML 2023 (arXiv 2205.10763).
"""

import dataclasses
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np
import optax
from jaxtyping import PRNGKeyArray

import sciml
from sciml import fingerprint
from sciml.data import Generator
from sciml.experiment import Cell, Claim, Report, Table, require_at_least
from sciml.experiments import _dcdm_systems as systems
from sciml.experiments._dcdm_figure import Findings, draw_figure, picture_of
from sciml.experiments._dcdm_runs import METHODS, Bench, Measured, System, make_system
from sciml.experiments._dcdm_systems import GEOMETRIES, RIGHT_SIDES
from sciml.models import DirectionCNN, DirectionLoss, ritz_mixtures, sine_mixtures
from sciml.solvers import ritz_pairs

Runs = dict[tuple[int, str], list[dict[str, Measured]]]
"""By unknowns per axis and geometry: one entry per drawn geometry."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes; the defaults run in about two minutes on two cores."""

    dimension: int = 2
    """Axes."""
    cells: int = 32
    """Unknowns per axis of the training grid."""
    refinements: tuple[int, ...] = (1, 2, 4)
    """Grids of the comparison, as multiples of the training grid; 1 comes first."""
    geometries: int = 2
    """Draws of obstacles, fewer by one for every refinement but at least one."""
    samples: int = 4
    """Right-hand sides of each kind and geometry."""
    tolerance: float = 1e-4
    """Of the residual relative to the right-hand side."""
    width: int = 8
    """Channels of the network."""
    pairs: tuple[int, ...] = (1, 1, 2)
    """Its residual pairs by level, finest first."""
    steps: int = 800
    """Optimiser steps."""
    batch_size: int = 16
    """Right-hand sides per step."""
    learning_rate: float = 2e-3
    """Of Adam, at the start; it falls to zero along a cosine."""
    ritz: int = 0
    """Lanczos steps whose Ritz vectors are mixed for training; 0 for the exact modes."""
    keep: int = 16
    """Ritz vectors that deflated CG takes out."""


SCALES = {
    "full": Config(
        dimension=3,
        cells=64,
        refinements=(1, 2),
        width=16,
        pairs=(2, 3),
        steps=60_000,
        batch_size=10,
        learning_rate=1e-4,
        ritz=2000,
    )
}


def run(config: Config, key: PRNGKeyArray, *, out: Path | None = None) -> Report:
    """Train on the box, compare on everything else.

    Args:
        config: sizes.
        key: random key of weights, training data, obstacles and right-hand sides.
        out: folder for log, checkpoint and the trained network; a second call with the same arguments goes on from there.

    Raises:
        ValueError: sizes that do not fit.
    """
    _check(config)
    train_key, test_key = jax.random.split(key)
    with jax.enable_x64(False):
        trained = _train(config, train_key, None if out is None else _training_folder(out, config, key))
    runs: Runs = {}
    with jax.enable_x64(True):
        bench = Bench(trained.model, config.keep, config.tolerance)
        for system in _systems(config, test_key):
            done = runs.setdefault((system.free.shape[0], system.geometry), [])
            done.append(bench.measure(system, timed=not done))
        shown = _obstructed(config, "walls", config.cells, 0, test_key)
        curves = bench.curve(shown)
        picture = picture_of(trained.model, _obstructed(config, "walls", 2 * config.cells, 0, test_key))
    found = _metrics(config, runs, trained)
    findings = Findings(curves, _steps_by_size(runs), _seconds_by_size(runs), config.cells, picture)
    return Report(
        metrics=found,
        tables=[_steps_table(runs), _time_table(runs), _set_up_table(runs, trained)],
        claims=_claims(config, runs),
        figures={"dcdm": partial(draw_figure, findings)},
    )


def _check(config: Config) -> None:
    require_at_least(config, 0, "ritz")
    require_at_least(config, 1, "dimension", "geometries", "samples", "keep", "steps")
    require_at_least(config, 8, "cells")
    if config.refinements[:1] != (1,) or len(config.refinements) < 2:
        raise ValueError(f"dcdm: `refinements` must begin with 1 and have a second entry, got {config.refinements}.")


# --- training ---------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Trained:
    """The network, its loss at each step, seconds of training, count of its parameters."""

    model: Any
    loss: np.ndarray
    seconds: float
    parameters: int


def _training_folder(out: Path, config: Config, key: PRNGKeyArray) -> Path:
    """A folder of its own for every configuration and seed."""
    name = fingerprint.of_text(repr(config), repr(np.asarray(jax.random.key_data(key)).tolist()))[:8]
    folder = out / f"training-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _train(config: Config, key: PRNGKeyArray, folder: Path | None) -> _Trained:
    model_key, fit_key, ritz_key = jax.random.split(key, 3)
    shape = (config.cells,) * config.dimension
    operator = systems.second_difference(np.ones(shape, bool), walls=False).as_lineax()
    if config.ritz > 0:
        start = operator.mv(jax.random.normal(ritz_key, shape))
        sample = ritz_mixtures(ritz_pairs(operator, start, config.ritz))
    else:
        sample = sine_mixtures(shape)
    result = sciml.fit(
        DirectionCNN(config.dimension, width=config.width, pairs=config.pairs, key=model_key),
        DirectionLoss(operator),
        Generator(sample),
        optimizer=optax.adam(optax.cosine_decay_schedule(config.learning_rate, config.steps)),
        steps=config.steps,
        batch_size=config.batch_size,
        log=None if folder is None else folder / "loss.jsonl",
        checkpoint=None if folder is None else folder / "checkpoint",
        key=fit_key,
    )
    if folder is not None:
        sciml.save(folder / "network.sciml", result.model, config=dataclasses.asdict(config))
    arrays = jax.tree.leaves(eqx.filter(result.model, eqx.is_inexact_array))
    parameters = sum(leaf.size for leaf in arrays)
    return _Trained(result.model, np.asarray(result.history["loss"]), result.statistics["train_seconds"], parameters)


# --- systems ----------------------------------------------------------------------------------------------------------


def _systems(config: Config, key: PRNGKeyArray) -> list[System]:
    """The box and the obstacles, each on all grids; obstacles are the same ones on every grid."""
    found = []
    for number, refinement in enumerate(config.refinements):
        n = refinement * config.cells
        shape = (n,) * config.dimension
        found.append(make_system("box", shape, None, config.samples, jax.random.fold_in(key, n)))
        draws = range(max(1, config.geometries - number))
        found += [_obstructed(config, kind, n, draw, key) for kind, draw in product(("held", "walls"), draws)]
    return found


def _obstructed(config: Config, kind: str, n: int, draw: int, key: PRNGKeyArray) -> System:
    geometry_key, loads_key = jax.random.split(jax.random.fold_in(key, 2**20 + draw))
    obstacles = systems.draw_obstacles(config.dimension, geometry_key)
    loads_key = jax.random.fold_in(loads_key, n)
    return make_system(kind, (n,) * config.dimension, obstacles, config.samples, loads_key)


# --- report -----------------------------------------------------------------------------------------------------------


def _median(runs: Runs, n: int, geometry: str, method: str, kind: int | None = None) -> float:
    """Median iterations, of one kind of right-hand side or all."""
    chosen = slice(None) if kind is None else slice(kind, kind + 1)
    return float(np.median(np.concatenate([one[method].steps[chosen].ravel() for one in runs[n, geometry]])))


def _ratio(runs: Runs, n: int, geometry: str, other: str) -> float:
    """Iterations of deep conjugate directions divided by those of another method, worst kind of right-hand side."""
    kinds = range(len(RIGHT_SIDES))
    return max(_median(runs, n, geometry, "dcdm", k) / _median(runs, n, geometry, other, k) for k in kinds)


def _seconds(runs: Runs, n: int, geometry: str, method: str) -> float:
    return float(np.median(runs[n, geometry][0][method].seconds))


def _steps_by_size(runs: Runs) -> dict[tuple[int, str], dict[str, float]]:
    return {(n, geometry): {m: _median(runs, n, geometry, m) for m in METHODS} for n, geometry in runs}


def _seconds_by_size(runs: Runs) -> dict[tuple[int, str], dict[str, float]]:
    return {(n, geometry): {m: _seconds(runs, n, geometry, m) for m in METHODS} for n, geometry in runs}


def _metrics(config: Config, runs: Runs, trained: _Trained) -> dict[str, float]:
    found = {
        "parameters": float(trained.parameters),
        "training_seconds": trained.seconds,
        "loss": float(np.mean(trained.loss[-max(1, config.steps // 20) :])),
    }
    for (n, geometry), method in product(runs, METHODS):
        found[f"{geometry}_{n}_{method}_steps"] = _median(runs, n, geometry, method)
        found[f"{geometry}_{n}_{method}_seconds"] = _seconds(runs, n, geometry, method)
    return found


def _claims(config: Config, runs: Runs) -> list[Claim]:
    coarse, *finer = (refinement * config.cells for refinement in config.refinements)
    last = finer[-1]
    fewer = [
        Claim(f"{GEOMETRIES[kind]}, {coarse}: iterations divided by CG's, worst kind of right-hand side",
              _ratio(runs, coarse, kind, "cg"), 0.6)
        for kind in GEOMETRIES
    ]  # fmt: skip
    everywhere = [(n, kind) for n, kind in runs if n == coarse]
    growth = max(_median(runs, finer[0], kind, "dcdm") / _median(runs, coarse, kind, "dcdm") for kind in GEOMETRIES)
    times = {m: max(_seconds(runs, last, k, m) / _seconds(runs, last, k, "cg") for k in GEOMETRIES) for m in METHODS}
    others = [
        _seconds(runs, last, kind, "multigrid") / min(_seconds(runs, last, kind, m) for m in METHODS if m != "multigrid")
        for kind in GEOMETRIES
    ]  # fmt: skip
    residual = float(np.max([one[m].residual for done in runs.values() for one in done for m in METHODS]))
    return [
        *fewer,
        Claim(f"finer grids without retraining, up to {last}: iterations divided by CG's, worst of all",
              max(_ratio(runs, n, kind, "cg") for n, kind in runs if n > coarse), 0.6),
        Claim("iterations divided by those of deflated CG, worst geometry and kind",
              max(_ratio(runs, n, kind, "deflated") for n, kind in everywhere), 1.0),
        Claim("iterations divided by those of incomplete Cholesky CG, worst geometry and kind",
              max(_ratio(runs, n, kind, "ic") for n, kind in everywhere), 1.0),
        Claim(f"independent of the grid: iterations at {finer[0]} divided by those at {coarse}, worst geometry", growth, 1.2),
        Claim("largest residual left by any method relative to the right-hand side", residual, 1.01 * config.tolerance),
        Claim("multigrid CG: its iterations divided by those of deep conjugate directions, worst geometry",
              max(_median(runs, n, k, "multigrid") / _median(runs, n, k, "dcdm") for n, k in runs), 1.0),
        Claim(f"multigrid CG: its time divided by that of the fastest other, {last}, worst geometry", max(others), 1.0),
        Claim(f"time divided by that of CG on this machine, {last}, worst geometry", times["dcdm"], 1.0),
    ]  # fmt: skip


def _rows(runs: Runs, of: Any) -> tuple[tuple[Cell, ...], ...]:
    return tuple((f"{GEOMETRIES[kind]}, {n}", *(of(n, kind, method) for method in METHODS)) for n, kind in runs)


def _steps_table(runs: Runs) -> Table:
    """One number per kind of right-hand side."""

    def cell(n: int, kind: str, method: str) -> str:
        return " / ".join(f"{_median(runs, n, kind, method, k):g}" for k in range(len(RIGHT_SIDES)))

    title = f"Median iterations: {', '.join(RIGHT_SIDES)}"
    return Table(title, ("geometry, unknowns per axis", *METHODS.values()), _rows(runs, cell))


def _time_table(runs: Runs) -> Table:
    rows = _rows(runs, lambda n, kind, method: 1e3 * _seconds(runs, n, kind, method))
    return Table("Milliseconds of one solve, median", ("geometry, unknowns per axis", *METHODS.values()), rows)


def _set_up_table(runs: Runs, trained: _Trained) -> Table:
    """Training is done once for all; the others anew for every operator."""
    rows: list[tuple[Cell, ...]] = [
        (f"{GEOMETRIES[kind]}, {n}", *(1e3 * runs[n, kind][0][method].set_up for method in METHODS if method != "dcdm"))
        for n, kind in runs
    ]
    columns = ("geometry, unknowns per axis", *(title for name, title in METHODS.items() if name != "dcdm"))
    title = (
        f"Milliseconds of set-up ({trained.parameters} parameters were trained in {trained.seconds:.0f} seconds, once)"
    )
    return Table(title, columns, tuple(rows))
