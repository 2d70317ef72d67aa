"""A damped pendulum in the experiment `neural-de`: a network learns its speed, and regression reads the equation off it."""

import dataclasses
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from sciml.experiments._neural_de_training import train
from sciml.models import DenseField, NeuralODE, TrajectoryLoss
from sciml.models.symbolic import (
    ExpressionField,
    FunctionLibrary,
    SparseField,
    choose_candidate,
    evolve_expressions,
    fit_sparse_field,
    tune_constants,
)
from sciml.models.symbolic.expression import renumbered

GRAVITY, DAMPING, NOISE, SPAN = 1.3, 0.25, 0.02, 6.0
"""`x0' = x1`, `x1' = -GRAVITY sin(x0) - DAMPING x1`; noise of the data, and the time they reach to."""
LIBRARY = FunctionLibrary(2, degree=3, frequencies=(1.0,), angles=(0,))
TERMS = ((0, "x1", 1.0), (1, "x1", -DAMPING), (1, "sin(x0)", -GRAVITY))
"""Component, function, coefficient."""


class Sizes(NamedTuple):
    """How much data, how long to train, how long to search."""

    trajectories: int
    times: int
    width: int
    iterations: int
    learning_rate: float
    children: int
    restarts: int
    threshold: float


@dataclasses.dataclass(frozen=True)
class Found:
    """Of one seed.

    Attributes:
        network: relative error of the learned field on the states of the data.
        usual: equations by thresholded least squares.
        usual_right: whether these have the true terms alone.
        sparse: equations by elimination, constants tuned.
        right: whether these have the true terms alone.
        sparse_misses: largest relative miss of the three true coefficients before and after the constants were tuned.
        evolved: equations by evolution.
        evolved_misses: the same, of the expressions' best combination of the true terms.
        evolved_rest: what is left of them beside the true terms, relative, after tuning.
        learned: values of the learned field on `GRID`.
        tuned: the same of the tuned sparse equation.
    """

    network: float
    usual: tuple[str, ...]
    usual_right: bool
    sparse: tuple[str, ...]
    right: bool
    sparse_misses: tuple[float, float]
    evolved: tuple[str, ...]
    evolved_misses: tuple[float, float]
    evolved_rest: float
    learned: np.ndarray
    tuned: np.ndarray


GRID = np.linspace(-3.1, 3.1, 63)
"""Angles at which the acceleration is drawn, at rest."""


def true_rate(y: np.ndarray) -> np.ndarray:
    """Of states along the first axis."""
    return np.stack([y[:, 1], -GRAVITY * np.sin(y[:, 0]) - DAMPING * y[:, 1]], axis=1)


def trajectories(sizes: Sizes, generator: np.random.Generator) -> np.ndarray:
    """Noisy swings, `(trajectories, times, 2)`, from angles up to 2.5, slowly, so that none goes over the top."""
    from scipy.integrate import solve_ivp

    times = np.linspace(0, SPAN, sizes.times)
    starts = np.stack(
        [generator.uniform(-2.5, 2.5, sizes.trajectories), generator.uniform(-0.5, 0.5, sizes.trajectories)], axis=1
    )
    paths = [
        solve_ivp(lambda t, y: true_rate(y[None])[0], (0, SPAN), one, t_eval=times, rtol=1e-9, atol=1e-9).y.T
        for one in starts
    ]
    exact = np.stack(paths)
    return (exact + NOISE * generator.standard_normal(exact.shape)).astype(np.float32)


def discover(sizes: Sizes, seeds: int, key: jax.Array) -> list[Found]:
    """Learn the field of each seed's data, then look for equations."""
    data_key, train_key, search_key = jax.random.split(key, 3)
    data = np.stack([
        trajectories(sizes, np.random.default_rng(np.asarray(jax.random.key_data(jax.random.fold_in(data_key, s))).ravel().tolist()))
        for s in range(seeds)
    ])  # fmt: skip
    times = np.linspace(0, SPAN, sizes.times, dtype=np.float32)
    models = _learned(sizes, times, data, train_key)
    found = []
    for seed in range(seeds):
        field = jax.tree.map(lambda leaf: leaf[seed] if eqx.is_array(leaf) else leaf, models).vector_field  # noqa: B023
        found.append(_read_off(field, times, data[seed], sizes, jax.random.fold_in(search_key, seed)))
    return found


def _learned(sizes: Sizes, times: np.ndarray, data: np.ndarray, key: jax.Array) -> Any:
    """Neural ODEs fitted to pieces of the swings, each beginning at a noisy value."""
    piece = max(2, sizes.times // 6 + 1)
    at = np.arange(sizes.times - piece + 1)[:, None] + np.arange(piece)
    pieces = data[:, :, at].reshape(data.shape[0], -1, piece, 2)
    return train(
        lambda one: NeuralODE(DenseField(2, width=sizes.width, depth=2, time=False, key=one), rtol=1e-4, atol=1e-4, expected_steps=16),
        TrajectoryLoss(jnp.asarray(times[:piece])), pieces, steps=sizes.iterations, batch_size=min(64, pieces.shape[1]),
        learning_rate=sizes.learning_rate, key=key,
    )[0]  # fmt: skip


def _read_off(field: Any, times: np.ndarray, data: np.ndarray, sizes: Sizes, key: jax.Array) -> Found:
    """Equations of one learned field, and the constants fitted to its data through the solve."""
    states = jnp.asarray(data.reshape(-1, 2))
    rates = np.asarray(_field_values(field, states), np.float64)
    exact = true_rate(np.asarray(states, np.float64))
    network = float(np.linalg.norm(rates - exact) / np.linalg.norm(exact))
    usual, sparse = (
        fit_sparse_field(states, jnp.asarray(rates, jnp.float32), LIBRARY, method=method, threshold=sizes.threshold)
        for method in ("threshold", "eliminate")
    )
    tuned = tune_constants(sparse, times, jnp.asarray(data), rtol=1e-4, atol=1e-5, fit_starts=True)
    chosen = np.random.default_rng(0).choice(states.shape[0], min(200, states.shape[0]), replace=False)
    evolved = _evolved(np.asarray(states)[chosen], rates[chosen], sizes, key)
    better = tune_constants(evolved, times, jnp.asarray(data), rtol=1e-4, atol=1e-5, fit_starts=True)
    at_rest = jnp.asarray(np.stack([GRID, np.zeros_like(GRID)], axis=1), jnp.float32)
    return Found(
        network,
        usual.equations(),
        _right(usual),
        tuned.equations(),
        _right(sparse),
        (coefficients_off(sparse, states)[0], coefficients_off(tuned, states)[0]),
        better.equations(),
        (coefficients_off(evolved, states)[0], coefficients_off(better, states)[0]),
        coefficients_off(better, states)[1],
        np.asarray(_field_values(field, at_rest))[:, 1],
        np.asarray(_field_values(tuned, at_rest))[:, 1],
    )


def _evolved(states: np.ndarray, rates: np.ndarray, sizes: Sizes, key: jax.Array) -> ExpressionField:
    """For each component the simplest expression within a factor of the best."""
    expressions, constants = [], []
    for j, one in enumerate(jax.random.split(key)):
        front = evolve_expressions(
            states, rates[:, j], unary=("sin", "cos"), nested=False, largest=12, population=min(300, sizes.children),
            children=sizes.children, restarts=sizes.restarts, precision=5e-4, key=one,
        )  # fmt: skip
        chosen = choose_candidate(front, factor=3.0, floor=5e-4)
        expressions.append(renumbered(chosen.expression, len(constants)))
        constants += chosen.constants
    return ExpressionField(jnp.asarray(constants, jnp.float32), tuple(expressions))


def _right(field: SparseField) -> bool:
    """Whether it has the true terms alone."""
    terms = {(row, field.library.names[column]) for row, column in field.support}
    return terms == {(row, name) for row, name, _ in TERMS}


def coefficients_off(field: Any, states: jax.Array) -> tuple[float, float]:
    """A field as a combination of the true terms: largest relative miss of a coefficient, and the relative rest."""
    y = np.asarray(states, np.float64)
    values = np.asarray(_field_values(field, states), np.float64)
    functions = {"x1": y[:, 1], "sin(x0)": np.sin(y[:, 0])}
    misses, rest = [], 0.0
    for row in (0, 1):
        wanted = [(functions[name], truth) for component, name, truth in TERMS if component == row]
        features = np.stack([one for one, _ in wanted], axis=1)
        best = np.linalg.lstsq(features, values[:, row], rcond=None)[0]
        misses += [abs(found / truth - 1) for found, (_, truth) in zip(best, wanted)]
        rest = max(rest, float(np.linalg.norm(values[:, row] - features @ best) / np.linalg.norm(values[:, row])))
    return max(misses), rest


@eqx.filter_jit
def _field_values(field: Any, states: jax.Array) -> jax.Array:
    return jax.vmap(lambda y: field(0.0, y, None))(states)
