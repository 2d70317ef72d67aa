"""`fit`: train a model on a loss and data, in one compiled loop."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import PRNGKeyArray

from sciml import fingerprint
from sciml.training import resume
from sciml.training.feeds import Feed, make_feed
from sciml.training.history import Log
from sciml.training.model import Parts, split
from sciml.training.outcome import FitResult, Outcome, TrainingDiverged, TrainingInterrupted
from sciml.training.program import Program
from sciml.training.session import Plan, Session
from sciml.training.step import Step
from sciml.training.validation import Validation

__all__ = ["FitResult", "Outcome", "TrainingDiverged", "TrainingInterrupted", "fit"]

# Streams drawn from the user's key.
_BATCHES, _LOSS, _VALIDATION, _POOL = range(4)


def fit(
    model: Any,
    loss: Callable[[Any, Any, PRNGKeyArray], tuple[Any, dict[str, Any]]],
    data: Any,
    *,
    optimizer: optax.GradientTransformation,
    steps: int,
    batch_size: int,
    validation: Any = None,
    validate_every: int | None = None,
    keep_best: bool | str = False,
    log: str | os.PathLike[str] | None = None,
    log_every: int = 10,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int | None = None,
    allow_changed: Sequence[str] = (),
    ema: float | None = None,
    micro_batch: int | None = None,
    seeds: int | None = None,
    mesh: jax.sharding.Mesh | None = None,
    progress: bool = True,
    throw: bool = True,
    key: PRNGKeyArray,
) -> FitResult:
    """Train `model` and give it back with its history.

    All steps run in one compiled loop whose length is an input, so nothing is compiled twice. Batch number `step` and
    the key given to the loss depend on `key` and `step` alone. The user's model is copied, never changed.

    *Resume.* When the file `checkpoint` exists, the run goes on from it, and its losses and parameters are those of an
    uninterrupted run bit for bit on the same machine, cores, device count and versions; where one of these differs a
    warning says which. A changed `steps`, `batch_size`, `micro_batch`, `ema`, `seeds`, `key`, model, optimizer (kind,
    setting or schedule: the traced program of its update and the constants in it are compared) or data is refused by
    name. The loss is compared too, with a warning.

    *Divergence.* When the loss, the gradient or a parameter stops being finite, the step and the first bad array are
    named and the last good state is kept. With `seeds` the others go on.

    *Ctrl-C* stops after the running chunk (about half a second) and writes the checkpoint; a second one stops at once.

    Args:
        model: an `eqx.Module`. What is trained is said by its method `trainable()` (a tree of booleans), if it has one,
            else all floating-point JAX arrays are. An array that occurs in two places is two parameters.
        loss: `loss(model, batch, key) -> (scalar, metrics)`; `batch` has a leading axis of samples, `metrics` is a
            dictionary of scalars.
        data: tree of arrays that share their leading axis, a `sciml.data.Dataset`, `Source` (file) or `Generator`.
        optimizer: optax transformation, with its schedule.
        steps: optimiser steps in all.
        batch_size: samples per step; a last incomplete batch of an epoch is left out.
        validation: tree of arrays or `Source` whose mean loss and metrics are taken, or `function(model)` that gives a
            dictionary of numbers. With `ema` the averaged model is validated.
        validate_every: steps between validations; default a twentieth of `steps`. The last step is validated too.
        keep_best: keep the model with the smallest validation `loss`, or with the smallest value of the metric named.
        log: file for lines of JSON, one every `log_every` steps and one per validation; cut to the restored step at
            resume.
        log_every: steps between lines.
        checkpoint: file that holds the run, written whole or not at all.
        checkpoint_every: steps between checkpoints; default about every 30 seconds. The last step is written too.
        allow_changed: names of arguments that may differ from those of the checkpoint, such as `("steps",
            "optimizer")`.
        ema: decay of an exponential average of the parameters, which starts at the initial ones.
        micro_batch: samples whose gradients are taken at a time, accumulated over the batch; for a loss that is a
            mean over samples this changes memory, not the result.
        seeds: train this many models at once: every array of `model` has this leading axis, seed `s` uses the key
            `fold_in(key, s)`; agrees with single runs up to rounding.
        mesh: devices over whose first axis the samples of a batch are spread; the state is on all of them.
        progress: show a bar when standard error is a terminal.
        throw: raise when training diverges or is interrupted; else give the result with its `outcome`.
        key: random key of everything above.

    Returns:
        The trained model, history, validation and statistics; see `FitResult`.

    Raises:
        ValueError: arguments do not fit together, or the checkpoint belongs to another run.
        FileFormatError: the checkpoint is damaged.
        TrainingDiverged: a value stopped being finite (with `seeds`: in all of them); `result` holds the last good
            state.
        TrainingInterrupted: Ctrl-C.

    Example:
        >>> import equinox as eqx, jax, jax.numpy as jnp, optax, sciml
        >>> x = jnp.linspace(-1.0, 1.0, 64)[:, None]
        >>> def loss(model, batch, key):
        ...     error = jax.vmap(model)(batch["x"]) - batch["y"]
        ...     return jnp.mean(error**2), {"largest": jnp.max(jnp.abs(error))}
        >>> result = sciml.fit(
        ...     eqx.nn.MLP(1, 1, 16, 2, key=jax.random.key(0)), loss, {"x": x, "y": x**2},
        ...     optimizer=optax.adam(1e-2), steps=200, batch_size=32, key=jax.random.key(1),
        ... )
        >>> result.history["loss"].shape, bool(result.history["loss"][-1] < 0.01)
        ((200,), True)
    """
    counts = {"steps": steps, "batch_size": batch_size, "micro_batch": micro_batch, "seeds": seeds}
    intervals = {"validate_every": validate_every, "log_every": log_every, "checkpoint_every": checkpoint_every}
    _check_counts(**counts, **intervals)
    _check_options(batch_size, micro_batch, ema, bool(keep_best) and validation is None)
    parts = split(model, seeds)
    constrain, replicated = _over_mesh(mesh, micro_batch or batch_size)
    step = Step(
        loss=loss,
        static=parts.static,
        optimizer=optax.with_extra_args_support(optimizer),
        ema=ema,
        micro_steps=1 if micro_batch is None else batch_size // micro_batch,
        constrain=constrain,
        guard=seeds is not None,
    )
    keys = _streams(key, seeds)
    feed = make_feed(data, batch_size, seeds, keys[_BATCHES], jax.random.fold_in(key, _POOL), steps)
    try:
        program = Program(step, feed, keys[_BATCHES], keys[_LOSS], seeds, replicated)
        run = {} if checkpoint is None else _facts(parts, step, feed, program, key, seeds)
        run |= {**counts, "ema": ema}
        plan = Plan(
            steps=steps,
            seeds=seeds,
            validate_every=validate_every or max(1, steps // 20),
            keep_best="loss" if keep_best is True else keep_best or None,
            checkpoint=None if checkpoint is None else Path(checkpoint),
            checkpoint_every=checkpoint_every,
            allow_changed=tuple(allow_changed),
            progress=progress,
        )
        validator = None
        if validation is not None:
            validator = Validation(validation, step, batch_size, seeds, jax.random.fold_in(key, _VALIDATION))
        session = Session(
            plan, parts, step, feed, program, validator, Log(log, log_every), run, resume.environment(mesh)
        )
        result, diagnosis = session.run()
    finally:
        feed.close()
    return _give(result, diagnosis, plan) if throw else result


def _give(result: FitResult, diagnosis: tuple[int, str, str] | None, plan: Plan) -> FitResult:
    """Give the result, or raise what it says."""
    if result.outcome is Outcome.INTERRUPTED:
        where = (
            "" if plan.checkpoint is None else f"; call again with the same arguments to go on from {plan.checkpoint}"
        )
        raise TrainingInterrupted(f"fit: stopped by Ctrl-C after {result.step} of {plan.steps} steps{where}.", result)
    if result.outcome is not Outcome.DIVERGED:
        return result
    advice = "Try a smaller learning rate, `optax.clip_by_global_norm`, a warm-up, or 64-bit types; check the data."
    if diagnosis is None:
        raise TrainingDiverged(
            f"fit: every seed met a value that is not finite, at steps {result.first_bad_step.tolist()}. {advice}",
            result,
            int(result.first_bad_step.max()),
            "",
        )
    step, leaf, sentence = diagnosis
    raise TrainingDiverged(
        f"fit: step {step} (counted from 0): {sentence}. `error.result.model` is the model before this step. {advice}",
        result,
        step,
        leaf,
    )


def _check_counts(**counts: int | None) -> None:
    for name, value in counts.items():
        if value is not None and value < 1:
            raise ValueError(f"fit: `{name}` must be at least 1, got {value}.")


def _check_options(batch_size: int, micro_batch: int | None, ema: float | None, best_of_nothing: bool) -> None:
    if micro_batch is not None and batch_size % micro_batch:
        raise ValueError(f"fit: `micro_batch` {micro_batch} must divide `batch_size` {batch_size}.")
    if ema is not None and not 0 <= ema < 1:
        raise ValueError(f"fit: `ema` is a decay in [0, 1), such as 0.999; got {ema}.")
    if best_of_nothing:
        raise ValueError("fit: `keep_best` needs `validation` to tell what is best.")


def _streams(key: PRNGKeyArray, seeds: int | None) -> tuple[Any, Any]:
    """Give the keys of batches and of the loss; with many seeds, arrays of keys."""
    if seeds is None:
        return jax.random.fold_in(key, _BATCHES), jax.random.fold_in(key, _LOSS)
    each = jax.vmap(lambda seed: jax.random.fold_in(key, seed))(jnp.arange(seeds))
    fold = jax.vmap(jax.random.fold_in, in_axes=(0, None))
    return fold(each, _BATCHES), fold(each, _LOSS)


def _over_mesh(mesh: jax.sharding.Mesh | None, size: int) -> tuple[Callable[[Any], Any], Any]:
    """Give what spreads a batch over the first axis of a mesh, and the sharding of what every device holds."""
    if mesh is None:
        return lambda batch: batch, None
    # Axes of explicit type would want every shape annotated; the compiler places the rest by itself here.
    automatic = jax.sharding.Mesh(mesh.devices, mesh.axis_names)
    axis = mesh.axis_names[0]
    if size % mesh.shape[axis]:
        raise ValueError(
            f"fit: a batch of {size} samples cannot be spread over {mesh.shape[axis]} devices; use a multiple of it."
        )
    spread = jax.sharding.NamedSharding(automatic, jax.sharding.PartitionSpec(axis))
    replicated = jax.sharding.NamedSharding(automatic, jax.sharding.PartitionSpec())
    return lambda batch: jax.lax.with_sharding_constraint(batch, spread), replicated


def _facts(
    parts: Parts, step: Step, feed: Feed, program: Program, key: PRNGKeyArray, seeds: int | None
) -> dict[str, Any]:
    """Give sums of what a resumed run must share."""
    value = step.value if seeds is None else jax.vmap(step.value)
    batch, loss_key = program.batch_shapes()
    whole = (parts.parameters, parts.frozen, parts.static)
    return {
        "key": resume.host_key(key),
        "model": fingerprint.of_structure(whole),
        "optimizer": _optimizer_sum(step, parts.parameters),
        "data": feed.fingerprint(),
        "loss": fingerprint.of_function(value, parts.parameters, parts.frozen, batch, loss_key),
    }


def _optimizer_sum(step: Step, parameters: Any) -> str:
    """Sum of the program of one update from a fresh state; a schedule and every setting are numbers in it."""

    def update(parameters: Any) -> Any:
        with jax.numpy_dtype_promotion("standard"):
            state = step.optimizer.init(parameters)
            zero = jnp.zeros((), jnp.float32)
            extra = {"value": zero, "grad": parameters, "value_fn": lambda _: zero}
            return state, step.optimizer.update(parameters, state, parameters, **extra)

    return fingerprint.of_function(update, parameters)
