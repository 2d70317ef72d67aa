"""Krylov subspace recycling for data sets: sorted systems, a space carried over, far fewer products than GMRES.

A data set for a neural operator is thousands of similar linear systems. Sorted by their parameters and solved one after another with
GCRO-DR, each system starts from the space that the ones before have found. Five-point operators on the unit square, coefficients from
Gaussian random fields: Darcy's equation with two values and lognormal, and an indefinite Helmholtz equation. Every product with the
operator is counted, those that set a recycled space up and those that check a residual too. Times are those of whole sequences on this
machine, sorting included, compilation not.

What the published comparison with GMRES leaves out stands beside it. For positive definite systems conjugate gradients, deflated or
not, are the right competitor: they need about as many products or fewer, and a fraction of the time. GMRES on all systems at once
(`vmap`) is what parallel hardware would do instead of a sequence.

Source: Wang et al., "Accelerating Data Generation for Neural Operators via Krylov Subspace Recycling", ICLR 2024 (arXiv 2401.09516).
"""

import dataclasses
from functools import partial
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from sciml.experiment import Cell, Claim, Report, Table, require_at_least
from sciml.experiments._skr_figure import draw_figure
from sciml.experiments._skr_runs import METHODS, Measured, Sizes, largest_error, measure
from sciml.experiments._skr_systems import FAMILIES, draw

Runs = dict[tuple[str, str], list[Measured]]

PAPER_TIME, PAPER_STEPS = 13.9, 30.0
"""The published speed-up and reduction of iterations over GMRES, the best cases."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes; the defaults run in about a minute and a half on two cores."""

    cells: int = 32
    """Cells per side."""
    systems: int = 24
    """Systems of a sequence."""
    seeds: int = 3
    """Draws of the coefficients."""
    restart: int = 30
    """Space of GMRES and GCRO-DR; deflated CG records as many directions."""
    keep: int = 10
    """Recycled vectors."""
    max_steps: int = 6000
    """Steps after which a system counts as not solved; GMRES needs more on some Helmholtz systems."""


SCALES = {"full": Config(cells=80, systems=1000, seeds=1, max_steps=20_000)}


def run(config: Config, key: PRNGKeyArray) -> Report:
    """Solve each family by every method, for several draws.

    Args:
        config: sizes.
        key: random key of the coefficients.

    Raises:
        ValueError: sizes that do not fit.
    """
    _check(config)
    sizes = Sizes(config.restart, config.keep, config.max_steps)
    runs: Runs = {}
    errors: dict[str, float] = {}
    with jax.enable_x64(True):
        for seed, (name, family) in product(range(config.seeds), FAMILIES.items()):
            coefficients = draw(family.kind, config.cells, config.systems, jax.random.fold_in(key, seed))
            right_sides = jnp.ones_like(coefficients.diffusivity)
            for label, method in METHODS.items():
                if (method.only_positive and not family.positive) or (method.once and seed > 0):
                    continue
                done = runs.setdefault((name, label), [])
                done.append(measure(method, coefficients, right_sides, family, sizes, compiled=bool(done)))
            worst = largest_error(coefficients, runs[name, "sorted"][-1].values, 4)
            errors[name] = max(errors.get(name, 0.0), worst)
    found = _metrics(runs, errors)
    return Report(
        metrics=found,
        tables=[_products_table(runs), _time_table(found), _ratio_table(found)],
        claims=_claims(runs, found, config),
        figures={"skr": partial(draw_figure, runs)},
    )


def _check(config: Config) -> None:
    require_at_least(config, 1, "seeds", "keep", "max_steps")
    require_at_least(config, 2, "systems")
    require_at_least(config, 4, "cells")
    if config.restart <= config.keep:
        raise ValueError(f"skr: `restart` must be greater than `keep` ({config.keep}), got {config.restart}.")


def _metrics(runs: Runs, errors: dict[str, float]) -> dict[str, float]:
    found: dict[str, float] = {}
    for (family, method), done in runs.items():
        found[f"{family}_{method}_products"] = float(np.mean([one.matvecs.mean() for one in done]))
        found[f"{family}_{method}_steps"] = float(np.mean([one.steps.mean() for one in done]))
        found[f"{family}_{method}_seconds"] = float(np.mean([one.seconds for one in done]))
        found[f"{family}_{method}_solved"] = float(np.mean([one.converged / len(one.steps) for one in done]))
    return found | {f"{family}_error": error for family, error in errors.items()}


# --- report -----------------------------------------------------------------------------------------------------------


def _ratios(runs: Runs, family: str, above: str, below: str) -> list[float]:
    """Ratios of products, seed by seed."""
    pairs = zip(runs[family, above], runs[family, below])
    return [float(a.matvecs.sum() / b.matvecs.sum()) for a, b in pairs]


def _claims(runs: Runs, found: dict[str, float], config: Config) -> list[Claim]:
    positive = [name for name, family in FAMILIES.items() if family.positive]
    claims = [
        Claim(
            f"{family.title}: products of GMRES divided by those recycled and sorted, worst seed",
            min(_ratios(runs, name, "gmres", "sorted")), family.floor, ">=",
        )
        for name, family in FAMILIES.items()
        if family.floor is not None
    ]  # fmt: skip
    order = np.mean([_ratios(runs, name, "sorted", "given") for name in FAMILIES])
    warm = min(min(_ratios(runs, name, "warm", "sorted")) for name in FAMILIES)
    faster = [found[f"{name}_gmres_seconds"] / found[f"{name}_sorted_seconds"] for name in FAMILIES]
    batched = [found[f"{name}_batched_seconds"] / runs[name, "sorted"][0].seconds for name in FAMILIES]
    deflated = [np.mean(_ratios(runs, name, "sorted", "deflated")) for name in positive]
    cycles = [found[f"{name}_sorted_seconds"] / found[f"{name}_multigrid_seconds"] for name in positive]
    plain = [found[f"{name}_sorted_seconds"] / found[f"{name}_cg_seconds"] for name in positive]
    return [
        *claims,
        Claim("products sorted divided by given order, mean over families and seeds", float(order), 1.0),
        Claim("products of warm-started GMRES divided by recycled and sorted, worst family and seed", warm, 1.0, ">="),
        Claim("time of GMRES, one after another, divided by recycled and sorted, best family", max(faster), PAPER_TIME, ">="),
        Claim("time of GMRES, all at once on this machine, divided by recycled and sorted, worst family", min(batched), 1.0, ">="),
        Claim("recycled and sorted: share of systems solved, worst family",
              min(found[f"{name}_sorted_solved"] for name in FAMILIES), 1.0, ">="),
        Claim("recycled and sorted: largest relative difference from a sparse direct solve",
              max(found[f"{name}_error"] for name in FAMILIES), 1e-5),
        Claim("positive definite: products recycled and sorted divided by those of deflated CG, best family",
              float(min(deflated)), 1.0),
        Claim("positive definite: time recycled and sorted divided by that of plain CG, best family", min(plain), 1.0),
        Claim("positive definite: time recycled and sorted divided by that of multigrid CG, best family", min(cycles), 1.0),
    ]  # fmt: skip


def _products_table(runs: Runs) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, family in FAMILIES.items():
        cells: list[Cell] = [family.title]
        for label in METHODS:
            done = runs.get((name, label))
            cells.append(None if done is None else _products_cell(done))
        rows.append(tuple(cells))
    columns = ("family", *(method.title for method in METHODS.values()))
    return Table("Products with the operator per system, set-up and checks included", columns, tuple(rows))


def _products_cell(done: list[Measured]) -> str:
    """The mean, and how many systems were not solved."""
    mean = np.mean([one.matvecs.mean() for one in done])
    missed = sum(len(one.steps) - one.converged for one in done)
    return f"{mean:.0f}" + (f" ({missed} unsolved)" if missed else "")


def _time_table(found: dict[str, float]) -> Table:
    rows = tuple(
        (family.title, *(found.get(f"{name}_{label}_seconds") for label in METHODS))
        for name, family in FAMILIES.items()
    )
    columns = ("family", *(method.title for method in METHODS.values()))
    return Table("Seconds for all systems of a sequence, compilation left out", columns, rows)


def _ratio_table(found: dict[str, float]) -> Table:
    """Beside the best published ratios."""
    rows: list[tuple[Cell, ...]] = []
    for quantity, paper in (("steps", PAPER_STEPS), ("products", None), ("seconds", PAPER_TIME)):
        best = f"up to {paper:g}" if paper else None
        for name, family in FAMILIES.items():
            ratios = [
                found[f"{name}_gmres_{quantity}"] / found[f"{name}_{label}_{quantity}"] for label in ("given", "sorted")
            ]
            rows.append((f"{quantity}: {family.title}", best, *ratios))
    columns = ("GMRES divided by recycled", "paper", "ours, given order", "ours, sorted")
    return Table("Gain over GMRES, one system after another", columns, tuple(rows))
