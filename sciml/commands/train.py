"""`sciml train MODEL --data FILE`: a model trained on pairs of inputs and outputs, saved to one file."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import tyro

from sciml.commands import environment
from sciml.commands.architectures import ARCHITECTURES, build
from sciml.commands.datafiles import Pairs, read_pairs
from sciml.commands.errors import UsageError, unknown
from sciml.commands.options import HelpShown, combine, parse
from sciml.commands.output import pairs, quiet_stdout, say, write, write_json

_HELP = """usage: sciml train MODEL --data FILE [options]

Train a model on a data set. sciml train MODEL --help shows all options.

models:
{models}

example: sciml train fno --data data.h5 -o model.sciml"""


@dataclass(frozen=True)
class TrainOptions:
    """How to train."""

    data: Path | None = None
    """HDF5 file with inputs and outputs, or with trajectories (first to last state); needed."""
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("model.sciml")
    """File for the trained model."""
    steps: int = 1500
    """Optimiser steps."""
    batch_size: int = 32
    """Samples per step."""
    learning_rate: float = 2e-3
    """Of Adam at the start; it falls to zero along a cosine."""
    loss: Literal["l2", "h1"] = "l2"
    """Relative error that is minimised, in physical units; h1 needs a periodic box."""
    normalise: Literal["channel", "none"] = "channel"
    """Scale inputs and outputs by the mean and deviation of the training split."""
    test_fraction: float = 0.2
    """Part of the samples, at the end of the file, kept out of training."""
    checkpoint: Path | None = None
    """File to resume from, kept at the end; by default OUT.checkpoint, removed at the end."""
    log: Path | None = None
    """File for losses, one line of JSON each."""
    seed: int = 0
    """Seed of weights and batches."""
    json: bool = False
    """Print one JSON object on standard output."""


def main(argv: Sequence[str]) -> int:
    """Train a model."""
    if argv and argv[0] in ("-h", "--help"):
        write(_HELP.format(models=pairs({name: entry.help for name, entry in ARCHITECTURES.items()})))
        return 0
    if not argv or argv[0].startswith("-"):
        raise UsageError(f"missing MODEL, one of: {', '.join(ARCHITECTURES)} (sciml train --help)")
    name = argv[0]
    if name not in ARCHITECTURES:
        raise UsageError(unknown("model", name, ARCHITECTURES) + " (sciml train --help)")
    entry = ARCHITECTURES[name]
    kind, default = combine({"training": TrainOptions, "size": entry.options}, {})
    example = f"sciml train {name} --data data.h5 -o model.sciml"
    try:
        options = parse(
            kind, argv[1:], command=f"sciml train {name}", help=entry.help, example=example, default=default
        )
    except HelpShown:
        return 0
    training, size = options.training, options.size
    _check(training, name)
    environment.prepare()
    with quiet_stdout():
        data = read_pairs(training.data)
        found = _train(name, size, training, data)
    write_json(found) if training.json else write(pairs(found))
    return 0


def _check(training: TrainOptions, name: str) -> None:
    if training.data is None:
        raise UsageError(f"missing --data FILE, such as: sciml train {name} --data data.h5")
    if not training.out.parent.is_dir():
        raise UsageError(f"--out: no such folder: {training.out.parent}")
    if not 0 <= training.test_fraction < 1:
        raise UsageError(f"--test-fraction must be in [0, 1), got {training.test_fraction:g}")
    if min(training.steps, training.batch_size) < 1 or training.learning_rate <= 0:
        raise UsageError("--steps, --batch-size and --learning-rate must be positive")


def _train(name: str, size: Any, training: TrainOptions, data: Pairs) -> dict[str, Any]:
    import jax
    import jax.numpy as jnp
    import optax

    import sciml

    fitted, held = data.split(training.test_fraction)
    if fitted.samples < training.batch_size:
        raise UsageError(f"--batch-size {training.batch_size} exceeds the {fitted.samples} samples left for training")
    model_key, fit_key = jax.random.split(jax.random.key(training.seed))
    model = _normalised(build(name, size, data, model_key), fitted, training)
    loss = _loss(training, data)
    say(f"training {name} on {fitted.samples} samples of {data.shape} nodes, {held.samples} held out")
    checkpoint = training.checkpoint or training.out.with_name(training.out.name + ".checkpoint")
    result = sciml.fit(
        model,
        loss,
        _arrays(fitted, jnp),
        optimizer=optax.adam(optax.cosine_decay_schedule(training.learning_rate, training.steps)),
        steps=training.steps,
        batch_size=training.batch_size,
        validation=_arrays(held, jnp) if held.samples else None,
        log=training.log,
        checkpoint=checkpoint,
        key=fit_key,
    )
    sciml.save(training.out, result.model, config=_config(name, size, training, data))
    if training.checkpoint is None:
        checkpoint.unlink(missing_ok=True)
    return _summary(name, training, result, held.samples)


def _normalised(model: Any, fitted: Pairs, training: TrainOptions) -> Any:
    from sciml.normalisation import GaussianNormaliser, Normalised

    if training.normalise == "none":
        return model
    return Normalised(model, input=GaussianNormaliser.fit(fitted.inputs), output=GaussianNormaliser.fit(fitted.outputs))


def _loss(training: TrainOptions, data: Pairs) -> Any:
    import sciml

    if training.loss == "l2":
        return sciml.losses.relative_l2_loss()
    if data.extent is None:
        raise UsageError(f"--loss h1 needs the extent of the box, which {data.source} does not tell; use --loss l2")
    return sciml.losses.relative_sobolev_loss(sciml.Grid(data.shape, extent=data.extent), order=1.0)


def _arrays(data: Pairs, jnp: Any) -> dict[str, Any]:
    return {"inputs": jnp.asarray(data.inputs), "outputs": jnp.asarray(data.outputs)}


def _config(name: str, size: Any, training: TrainOptions, data: Pairs) -> dict[str, Any]:
    from sciml import fingerprint

    return {
        "model": name,
        "size": dataclasses.asdict(size),
        "channels": [data.inputs.shape[1], data.outputs.shape[1]],
        "axes": len(data.shape),
        "training": {k: str(v) if isinstance(v, Path) else v for k, v in dataclasses.asdict(training).items()},
        "data": fingerprint.of_arrays((data.inputs, data.outputs)),
        "test_samples": data.samples - data.split(training.test_fraction)[0].samples,
    }


def _summary(name: str, training: TrainOptions, result: Any, held: int) -> dict[str, Any]:
    import equinox as eqx
    import jax

    trained = result.model.trainable() if callable(getattr(result.model, "trainable", None)) else eqx.is_inexact_array
    parameters = sum(leaf.size for leaf in jax.tree.leaves(eqx.filter(result.model, trained)))
    last = np.asarray(result.history["loss"])[-50:]
    found: dict[str, Any] = {
        "model": name,
        "file": str(training.out),
        "parameters": int(parameters),
        "steps": result.step,
        "training_loss": float(f"{last.mean():.4g}"),
    }
    if held:
        found["test_loss"] = float(f"{float(np.asarray(result.validation['loss'])[-1]):.4g}")
    found["seconds"] = round(result.statistics["train_seconds"], 1)
    return found | {"compile_seconds": round(result.statistics["compile_seconds"], 1)}
