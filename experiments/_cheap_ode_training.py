"""Training and measuring of the experiments `ernode` and `local-nde`: one loop, and what each arm adds to the loss."""

import dataclasses
import time
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax

from sciml.experiments._cheap_ode_tasks import Learner, Task
from sciml.solvers import GradientStrategy

Kind: TypeAlias = Literal["plain", "recorded", "taylor", "steer", "kinetic", "unbiased", "biased", "backsolve"]
STABILITY = 3.5068
"""Length of the interval of stability of Tsit5 on the negative axis, by which stiffness is divided."""
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "recorded": {"regulariser": "both"},
    "taylor": {"regulariser": "taylor", "order": 2},
    "steer": {"steer": 0.5},
    "kinetic": {"regulariser": "kinetic"},
    "unbiased": {"regulariser": "local-unbiased"},
    "biased": {"regulariser": "local-biased"},
    "backsolve": {"regulariser": "local-unbiased", "gradient": GradientStrategy("continuous")},
}
"""Of `NeuralODE`, by kind of arm."""


@dataclasses.dataclass(frozen=True)
class Arm:
    """What is added to the loss.

    Attributes:
        title: for tables.
        kind: how the solve is made; arms of one kind share a compiled program.
        weight: of the regulariser at the first and at the last iteration, exponential between.
        stiffness: weight of the stiffness, constant.
    """

    title: str
    kind: Kind
    weight: tuple[float, float] = (0.0, 0.0)
    stiffness: float = 0.0


class Sizes(NamedTuple):
    """How to train and to solve."""

    iterations: int
    batch: int
    learning_rate: float
    tolerance: float


class Trained(NamedTuple):
    """A trained model and its course.

    Attributes:
        model: at the end.
        steps: accepted and rejected steps of each training solve.
        losses: without the regulariser.
        seconds: of all iterations, compilation left out.
    """

    model: Learner
    steps: np.ndarray
    losses: np.ndarray
    seconds: float


class Judged(NamedTuple):
    """A trained model on the test data, solved as one system.

    Attributes:
        score: per cent.
        steps: accepted and rejected.
        evaluations: of the field.
        seconds: shortest time of a jitted prediction.
    """

    score: float
    steps: int
    evaluations: int
    seconds: float


Runs: TypeAlias = dict[str, list[tuple[Trained, Judged]]]
"""By arm, one entry for each seed."""


def compare(task: Task, arms: dict[str, Arm], sizes: Sizes, seeds: int, repeats: int, key: Array) -> Runs:
    """Train every arm from every seed and judge it; double precision, which the tolerances need."""
    trainer = Trainer(task, sizes)
    runs: Runs = {name: [] for name in arms}
    for seed in range(seeds):
        trained = {name: trainer.train(arm, jax.random.fold_in(key, seed)) for name, arm in arms.items()}
        judged = trainer.judge([one.model for one in trained.values()], repeats)
        for (name, one), verdict in zip(trained.items(), judged):
            runs[name].append((one, verdict))
    return runs


def measured(runs: Runs, sizes: Sizes) -> dict[str, dict[str, float]]:
    """Means over the seeds, by arm and quantity; times in milliseconds."""
    return {
        name: {
            "score": float(np.mean([judged.score for _, judged in done])),
            "steps": float(np.mean([judged.steps for _, judged in done])),
            "evaluations": float(np.mean([judged.evaluations for _, judged in done])),
            "prediction": 1e3 * float(np.mean([judged.seconds for _, judged in done])),
            "training": 1e3 * float(np.median([one.seconds for one, _ in done])) / sizes.iterations,
            "loss": float(np.mean([one.losses[-20:].mean() for one, _ in done])),
        }
        for name, done in runs.items()
    }


class Trainer:
    """Trains the arms of one task; a program is compiled once for all arms of its kind and all seeds."""

    def __init__(self, task: Task, sizes: Sizes):
        self.task, self.sizes = task, sizes
        self._compiled: dict[str, Any] = {}

    def train(self, arm: Arm, key: Array) -> Trained:
        """From the initial model and with the batches that belong to the key, the same for every arm."""
        make_key, loop_key = jax.random.split(key)
        options = {"rtol": self.sizes.tolerance, "atol": self.sizes.tolerance, **OPTIONS[arm.kind]}
        if arm.kind == "steer" and self.task.times is not None:
            options = {**options, "steer": 0.0}
        model = self.task.make(make_key, **options)
        keys, weights = jax.random.split(loop_key, self.sizes.iterations), jnp.asarray(self._weights(arm))
        trained, static = eqx.partition(model, eqx.is_inexact_array)
        if arm.kind not in self._compiled:
            loop = jax.jit(_loop(static, self.task, self.sizes, arm.kind))
            self._compiled[arm.kind] = loop.lower(trained, keys, weights).compile()
        begun = time.perf_counter()
        trained, (steps, losses) = jax.block_until_ready(self._compiled[arm.kind](trained, keys, weights))
        seconds = time.perf_counter() - begun
        return Trained(eqx.combine(trained, static), np.asarray(steps), np.asarray(losses), seconds)

    def _weights(self, arm: Arm) -> np.ndarray:
        """Of regulariser and stiffness, for each iteration."""
        count, (first, last) = self.sizes.iterations, arm.weight
        weights = np.zeros((count, 2))
        if first > 0:
            weights[:, 0] = first * (last / first) ** (np.arange(count) / max(count - 1, 1))
        weights[:, 1] = arm.stiffness
        return weights

    def judge(self, models: Sequence[Learner], repeats: int) -> list[Judged]:
        """On the test data; the models take turns in the timing."""
        options = {"rtol": self.sizes.tolerance, "atol": self.sizes.tolerance}
        # The plain equation with the trained numbers: one program for all arms.
        plain = self.task.make(jax.random.key(0), **options)
        models = [
            eqx.tree_at(lambda m: (m.equation.vector_field, m.readout), plain,
                        (one.equation.vector_field, one.readout), is_leaf=lambda leaf: leaf is None)
            for one in models
        ]  # fmt: skip
        inputs, targets = jnp.asarray(self.task.test_inputs), jnp.asarray(self.task.test_targets)
        times = None if self.task.times is None else jnp.asarray(self.task.times)
        found = [[one.item() for one in _judge(model, inputs, targets, times, self.task)] for model in models]
        best = [np.inf] * len(models)
        for turn in range(repeats + 1):
            for place, model in enumerate(models):
                begun = time.perf_counter()
                jax.block_until_ready(_predict(model.equation, inputs, times))
                if turn > 0:
                    best[place] = min(best[place], time.perf_counter() - begun)
        return [Judged(score, steps, evaluations, seconds) for (score, steps, evaluations), seconds in zip(found, best)]


def _loop(static: Any, task: Task, sizes: Sizes, kind: Kind) -> Any:
    """All iterations as one function of numbers."""
    optimizer = optax.adam(optax.cosine_decay_schedule(sizes.learning_rate, sizes.iterations))
    inputs, targets = jnp.asarray(task.inputs), jnp.asarray(task.targets)

    def loss(trained: Any, key: Array, weights: Array) -> tuple[Array, tuple[Array, Array]]:
        model = eqx.combine(trained, static)
        batch_key, time_key, solve_key = jax.random.split(key, 3)
        batch = inputs, targets
        if sizes.batch < len(task.inputs):
            index = jax.random.choice(batch_key, len(task.inputs), (sizes.batch,), replace=False)
            batch = inputs[index], targets[index]
        times = None if task.times is None else _times(task.times, kind, time_key)
        solution = model.equation.solve_batch(batch[0], ts=times, key=solve_key)
        value = task.loss(model, solution.ys, batch[1])
        return value + _penalty(solution, weights), (solution.steps, value)

    def step(carry: tuple[Any, Any], given: tuple[Array, Array]) -> tuple[tuple[Any, Any], tuple[Array, Array]]:
        trained, state = carry
        (_, found), gradient = jax.value_and_grad(loss, has_aux=True)(trained, *given)
        updates, state = optimizer.update(gradient, state)
        return (optax.apply_updates(trained, updates), state), found

    def loop(trained: Any, keys: Array, weights: Array) -> Any:
        (trained, _), found = lax.scan(step, (trained, optimizer.init(trained)), (keys, weights))
        return trained, found

    return loop


def _times(times: tuple[float, ...], kind: Kind, key: Array) -> Array:
    """STEER for a series: each time is moved by up to half the distance to the next, so that their order stays."""
    grid = jnp.asarray(times)
    if kind != "steer":
        return grid
    moved = (grid[1] - grid[0]) * jax.random.uniform(key, grid[1:].shape, grid.dtype, -0.5, 0.5)
    return grid.at[1:].add(moved)


def _penalty(solution: Any, weights: Array) -> Array:
    numbers = solution.statistics
    if numbers is None:
        return weights[0] * solution.regulariser
    return weights[0] * numbers.mean_error + weights[1] * numbers.largest_stiffness / STABILITY


@eqx.filter_jit
def _predict(equation: Any, inputs: Array, times: Array | None) -> Array:
    return equation.solve_batch(inputs, ts=times).ys


@eqx.filter_jit
def _judge(model: Learner, inputs: Array, targets: Array, times: Array | None, task: Task) -> tuple[Array, Array, Any]:
    solution = model.equation.solve_batch(inputs, ts=times)
    return task.score(model, solution.ys, targets), solution.steps, solution.evaluations
