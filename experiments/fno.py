"""Fourier neural operator on Burgers' equation: the same error at every resolution, a CNN's grows.

The map from `u(., 0)` to `u(., 1)` is learned from few functions at one resolution by a Fourier neural operator and by
a convolutional network of at least as many parameters, with the same optimiser, steps and batches. Both are then
evaluated on finer samples of the same test functions without any retraining. The published rows stand beside ours; the
paper trains anew at every resolution, on 1000 functions.

The convolutional network is deep enough for its receptive field to cover what moves in this time, else it could not
solve the problem at all: with 4 blocks of 40 channels its error is 0.18. Two things can be said for it. Given twice the
depth (`--cnn-width 20 --cnn-blocks 16`, as many parameters) it reaches the operator's error at the training resolution,
about 0.01; what it does not do is keep it. And who sub-samples its input to the training resolution and interpolates
its output keeps its error: the table shows that too.

The scale `ifno` adds the implicit operator, one layer iterated. With 0.3 of the parameters its error is 1.9 to 2.0 times
the operator's at these few steps, and doubling the iterations with the same weights multiplies it by 3.1 to 3.3 (three
seeds): the claims that ask for 1.5 do not hold there, and the report says so. As a start for more training the weights
are good: a quarter of the steps later the deeper network is better than the shallow one by a seventh.

Source: Li et al., "Fourier Neural Operator for Parametric Partial Differential Equations" (arXiv 2010.08895), Burgers
row of table 1; You et al., "Learning deep implicit Fourier neural operators" (arXiv 2203.08205).
"""

import dataclasses
from functools import partial
from pathlib import Path
from typing import Any, Literal

import equinox as eqx
import jax
import numpy as np
import optax
from jaxtyping import Array, Float, PRNGKeyArray

import sciml
from sciml import fingerprint
from sciml.experiment import Cell, Claim, Report, Table
from sciml.experiments._fno_data import Pairs, draw_pairs
from sciml.experiments._fno_figure import Curves, Sample, draw_figure
from sciml.fields.resampling import resample
from sciml.losses import relative_l2_loss
from sciml.metrics import energy_spectrum, relative_l2
from sciml.models import FNO, IFNO, ResNet

PUBLISHED = {
    "FCN": {256: 0.0958, 512: 0.1407, 1024: 0.1877, 2048: 0.2313, 4096: 0.2855, 8192: 0.3238},
    "FNO": {256: 0.0149, 512: 0.0158, 1024: 0.0160, 2048: 0.0146, 4096: 0.0142, 8192: 0.0139},
}
"""Relative L2 errors of the paper by resolution: a fully convolutional network and the Fourier neural operator."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes; the defaults run in about two minutes on two cores."""

    resolution: int = 128
    """Nodes of the training functions."""
    refinements: tuple[int, ...] = (1, 2, 4, 8)
    """Resolutions of the evaluation, as multiples of the training resolution; 1 comes first."""
    train_samples: int = 512
    """Functions to train on."""
    test_samples: int = 128
    """Functions to evaluate on."""
    viscosity: float = 0.1
    """Viscosity of Burgers' equation on [0, 2 pi)."""
    solver_nodes: int = 1024
    """Nodes of the solver that makes the data; a multiple of every resolution."""
    solver_steps: int = 150
    """Time steps of the solver up to t = 1."""
    width: int = 24
    """Channels of the Fourier neural operator."""
    modes: int = 12
    """Wavenumbers that its layers keep."""
    layers: int = 4
    """Fourier layers."""
    cnn_width: int = 28
    """Channels of the convolutional network."""
    cnn_blocks: int = 8
    """Its residual blocks of two convolutions with kernels of 5 nodes."""
    steps: int = 1500
    """Optimiser steps, for each model."""
    batch_size: int = 32
    """Functions per step."""
    learning_rate: float = 3e-3
    """Of Adam, at the start."""
    weight_decay: float = 0.0
    """Coupled L2 decay: added to the gradient, before Adam."""
    schedule: Literal["cosine", "halving"] = "cosine"
    """How the learning rate falls: to zero along a cosine, or by half after each fifth of the steps."""
    ifno: bool = False
    """Train an implicit operator too: one layer, iterated `layers` times, then twice as often."""


SCALES = {
    "ifno": Config(ifno=True),
    "full": Config(
        resolution=1024,
        train_samples=1000,
        test_samples=200,
        solver_nodes=8192,
        solver_steps=200,
        width=64,
        modes=16,
        cnn_width=64,
        cnn_blocks=14,
        steps=25_000,
        batch_size=20,
        learning_rate=1e-3,
        weight_decay=1e-4,
        schedule="halving",
        ifno=True,
    ),
}


@dataclasses.dataclass(frozen=True)
class _Trained:
    """A model after training: parameters counted, loss of every step, seconds, and its test errors by resolution."""

    model: Any
    parameters: int
    loss: np.ndarray
    seconds: float
    errors: dict[int, float]


def run(config: Config, key: PRNGKeyArray, *, out: Path | None = None) -> Report:
    """Make the data, train, evaluate at all resolutions, compare.

    Args:
        config: sizes.
        key: random key of data, weights and batches.
        out: folder for logs, checkpoints and trained models; a second call with the same arguments goes on from there.

    Raises:
        ValueError: the sizes do not fit together.
    """
    _check(config)
    data_key, *keys = jax.random.split(key, 4)
    pairs = draw_pairs(
        samples=config.train_samples + config.test_samples,
        nodes=config.solver_nodes,
        steps=config.solver_steps,
        viscosity=config.viscosity,
        key=data_key,
    )
    job = _Job(config, pairs, None if out is None else _training_folder(out, config, key))
    models = {"FNO": job.train("fno", _fno, keys[0]), "CNN": job.train("cnn", _cnn, keys[1])}
    if config.ifno:
        models |= _train_ifno(job, keys[2])
    through = job.through_training_resolution(models["CNN"].model)
    return Report(
        metrics=_metrics(models, through, pairs),
        tables=[_error_table(config, models, through), _model_table(models), _data_table(config, pairs)],
        claims=_claims(config, models, pairs),
        figures={"fno": partial(draw_figure, _curves(job, models, through))},
    )


def _check(config: Config) -> None:
    if config.refinements[:1] != (1,) or len(config.refinements) < 2:
        raise ValueError(f"fno: `refinements` must begin with 1 and have a second entry, got {config.refinements}.")
    wrong = [r for r in config.refinements if config.solver_nodes % (r * config.resolution)]
    if wrong:
        raise ValueError(
            f"fno: `solver_nodes` must be a multiple of `resolution` times each of `refinements`; {config.solver_nodes} "
            f"is none of {[r * config.resolution for r in wrong]}."
        )


def _training_folder(out: Path, config: Config, key: PRNGKeyArray) -> Path:
    """A folder of its own for every configuration and seed, so that none meets the checkpoint of another."""
    name = fingerprint.of_text(repr(config), repr(np.asarray(jax.random.key_data(key)).tolist()))[:8]
    folder = out / f"training-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


# --- models -----------------------------------------------------------------------------------------------------------


def _fno(config: Config, key: PRNGKeyArray) -> FNO:
    return FNO(1, 1, 1, width=config.width, modes=config.modes, layers=config.layers, key=key)


def _cnn(config: Config, key: PRNGKeyArray) -> ResNet:
    return ResNet(1, 1, 1, width=config.cnn_width, blocks=config.cnn_blocks, kernel_size=5, key=key)


def _ifno(config: Config, key: PRNGKeyArray) -> IFNO:
    return IFNO(1, 1, 1, width=config.width, modes=config.modes, iterations=config.layers, key=key)


@dataclasses.dataclass(frozen=True)
class _Job:
    """What all models share: sizes, functions, and the folder for their files, if any."""

    config: Config
    pairs: Pairs
    folder: Path | None

    @property
    def resolutions(self) -> list[int]:
        return [self.config.resolution * refinement for refinement in self.config.refinements]

    def test(self, resolution: int) -> tuple[Array, Array]:
        inputs, outputs = self.pairs.at(resolution)
        return inputs[self.config.train_samples :], outputs[self.config.train_samples :]

    def train(self, name: str, build: Any, key: PRNGKeyArray, steps: int | None = None) -> _Trained:
        """Build a model, train it at the training resolution, evaluate it at all."""
        model_key, fit_key = jax.random.split(key)
        steps = self.config.steps if steps is None else steps
        count = self.config.train_samples
        inputs, outputs = self.pairs.at(self.config.resolution)
        result = sciml.fit(
            build(self.config, model_key),
            relative_l2_loss(),
            {"inputs": inputs[:count], "outputs": outputs[:count]},
            optimizer=_optimizer(self.config, steps),
            steps=steps,
            batch_size=self.config.batch_size,
            log=None if self.folder is None else self.folder / f"{name}.jsonl",
            checkpoint=None if self.folder is None else self.folder / f"{name}.checkpoint",
            key=fit_key,
        )
        if self.folder is not None:
            sciml.save(self.folder / f"{name}.sciml", result.model, config=dataclasses.asdict(self.config))
        seconds = result.statistics["train_seconds"]
        return self.evaluated(result.model, np.asarray(result.history["loss"]), seconds)

    def evaluated(self, model: Any, loss: np.ndarray, seconds: float) -> _Trained:
        errors = {
            resolution: _error(_predict(model, x), y)
            for resolution in self.resolutions
            for x, y in [self.test(resolution)]
        }
        arrays = jax.tree.leaves(eqx.filter(model, eqx.is_inexact_array))
        return _Trained(model, sum(leaf.size for leaf in arrays), loss, seconds, errors)

    def through_training_resolution(self, model: Any) -> dict[int, float]:
        """Errors of a model that only ever sees the training resolution: its output is interpolated."""
        coarse = _predict(model, self.test(self.config.resolution)[0])
        return {
            resolution: _error(resample(coarse, (resolution,)), self.test(resolution)[1])
            for resolution in self.resolutions
        }


def _train_ifno(job: _Job, key: PRNGKeyArray) -> dict[str, _Trained]:
    """One layer iterated; then twice as often, first as it is, then after a quarter of the steps more."""
    depth = job.config.layers
    shallow = job.train("ifno", _ifno, key)
    deep = job.evaluated(shallow.model.with_iterations(2 * depth), shallow.loss, shallow.seconds)
    tuned = job.train("ifno-deep", lambda config, key: deep.model, key, steps=max(1, job.config.steps // 4))
    return {f"IFNO L={depth}": shallow, f"IFNO L={2 * depth}": deep, f"IFNO L={2 * depth}, trained on": tuned}


def _optimizer(config: Config, steps: int) -> optax.GradientTransformation:
    if config.schedule == "cosine":
        rate = optax.cosine_decay_schedule(config.learning_rate, steps)
    else:
        rate = optax.exponential_decay(config.learning_rate, max(1, steps // 5), 0.5, staircase=True)
    decay = [optax.add_decayed_weights(config.weight_decay)] if config.weight_decay else []
    return optax.chain(*decay, optax.adam(rate))


@eqx.filter_jit
def _predict(model: Any, inputs: Float[Array, "samples 1 n"]) -> Float[Array, "samples 1 n"]:
    return jax.vmap(model)(inputs)


@jax.jit
def _errors(predictions: Float[Array, "samples 1 n"], targets: Float[Array, "samples 1 n"]) -> Float[Array, "samples"]:
    return jax.vmap(relative_l2)(predictions, targets)


def _error(predictions: Float[Array, "samples 1 n"], targets: Float[Array, "samples 1 n"]) -> float:
    """Mean over the test functions of the relative L2 error."""
    return float(np.mean(np.asarray(_errors(predictions, targets), np.float64)))


# --- report -----------------------------------------------------------------------------------------------------------


def _claims(config: Config, models: dict[str, _Trained], pairs: Pairs) -> list[Claim]:
    coarse, *finer = (config.resolution * refinement for refinement in config.refinements)
    fno, cnn = models["FNO"].errors, models["CNN"].errors
    span = "-".join(str(s) for s in dict.fromkeys((finer[0], finer[-1])))
    claims = [
        Claim(f"FNO: relative L2 error at the training resolution, s={coarse}", fno[coarse], 0.03),
        Claim(
            f"FNO: largest error at s={span}, divided by that at s={coarse}",
            max(fno[s] for s in finer) / fno[coarse],
            1.3,
        ),
        Claim(
            f"CNN: least error at s={span}, divided by that at s={coarse}",
            min(cnn[s] for s in finer) / cnn[coarse],
            3.0,
            ">=",
        ),
        Claim(f"FNO's error divided by the CNN's at s={coarse}", fno[coarse] / cnn[coarse], 1.0, "<"),
        Claim("data: largest difference from Cole and Hopf's solution", pairs.largest_error, 1e-4),
    ]
    if config.ifno:
        shallow, deep, tuned = (trained.errors[coarse] for name, trained in models.items() if name.startswith("IFNO"))
        claims += [
            Claim(f"IFNO: error divided by the FNO's at s={coarse}", shallow / fno[coarse], 1.5),
            Claim(
                "IFNO: error with twice the iterations and the same weights, divided by that before",
                deep / shallow,
                1.5,
            ),
            Claim("IFNO: the same after training on for a quarter of the steps", tuned / shallow, 1.0),
        ]
    return claims


def _metrics(models: dict[str, _Trained], through: dict[int, float], pairs: Pairs) -> dict[str, float]:
    found = {"data_largest_error": pairs.largest_error, "data_relative_error": pairs.relative_error}
    for name, trained in models.items():
        short = name.lower().replace(", ", "_").replace(" ", "_").replace("=", "")
        found |= {f"{short}_error_{s}": error for s, error in trained.errors.items()}
        found |= {f"{short}_parameters": trained.parameters, f"{short}_seconds": trained.seconds}
    return found | {f"cnn_interpolated_error_{s}": error for s, error in through.items()}


def _error_table(config: Config, models: dict[str, _Trained], through: dict[int, float]) -> Table:
    ours = {name: trained.errors for name, trained in models.items() if name != "CNN"}
    columns = {
        "paper: FCN": PUBLISHED["FCN"],
        "paper: FNO": PUBLISHED["FNO"],
        "CNN": models["CNN"].errors,
        f"CNN at {config.resolution}, interpolated": through,
    } | {f"ours: {name}": errors for name, errors in ours.items()}
    rows: list[tuple[Cell, ...]] = [(f"s={s}", *(errors.get(s) for errors in columns.values())) for s in through]
    title = (
        f"Relative L2 error on {config.test_samples} new functions. Ours and the CNN: trained once, on "
        f"{config.train_samples} functions at s={config.resolution}.\nThe paper: trained anew at each s, on 1000 functions."
    )
    return Table(title, ("grid", *columns), tuple(rows))


def _model_table(models: dict[str, _Trained]) -> Table:
    rows = [(name, m.parameters, len(m.loss), float(m.loss[-50:].mean()), m.seconds) for name, m in models.items()]
    return Table("Models, trained alike", ("model", "parameters", "steps", "training error", "seconds"), tuple(rows))


def _data_table(config: Config, pairs: Pairs) -> Table:
    rows = (("largest absolute", pairs.largest_error), ("mean relative L2", pairs.relative_error))
    title = f"Data ({config.solver_nodes} nodes, {config.solver_steps} steps) against Cole and Hopf's exact solution"
    return Table(title, ("difference", "value"), rows)


def _curves(job: _Job, models: dict[str, _Trained], through: dict[int, float]) -> Curves:
    """What the figure shows: the test function on which the FNO's error is the median one, not a chosen one."""
    coarse, fine = job.resolutions[0], job.resolutions[min(2, len(job.resolutions) - 1)]
    shown = {name: models[name] for name in ("FNO", "CNN")}
    predictions = {s: {name: _predict(m.model, job.test(s)[0]) for name, m in shown.items()} for s in (coarse, fine)}
    outputs = job.test(fine)[1]
    ranked = np.argsort(np.asarray(_errors(predictions[fine]["FNO"], outputs)))
    median = int(ranked[len(ranked) // 2])

    def sample(s: int) -> Sample:
        initial, exact = (np.asarray(values[median, 0]) for values in job.test(s))
        return Sample(initial, exact, {name: np.asarray(values[median, 0]) for name, values in predictions[s].items()})

    return Curves(
        samples=(sample(coarse), sample(fine)),
        modes=job.config.modes,
        errors={name: trained.errors for name, trained in shown.items()},
        interpolated=through,
        published=PUBLISHED,
        target_spectrum=_spectrum(outputs),
        error_spectra={name: _spectrum(values - outputs) for name, values in predictions[fine].items()},
    )


def _spectrum(values: Float[Array, "samples 1 n"]) -> np.ndarray:
    """Root mean square over the functions of the amplitude of each wavenumber."""
    return np.sqrt(np.asarray(jax.vmap(partial(energy_spectrum, density=1.0))(values), np.float64).mean(axis=0))
