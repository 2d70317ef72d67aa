"""One optimiser step: loss, gradient, update, average."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax

# Names in the history that the loop itself fills.
RESERVED = ("loss", "gradient_norm", "step", "seconds")


class TrainState(eqx.Module):
    """What a step changes.

    Attributes:
        parameters: trained arrays.
        optimizer_state: state of the optimiser.
        average: averaged parameters or None.
        first_bad_step: with many seeds, the step at which each stopped, -1 while all is well; else None.
    """

    parameters: Any
    optimizer_state: Any
    average: Any
    first_bad_step: Any


@dataclass(frozen=True)
class Step:
    """One step as a function of the state, the batch and the key.

    Attributes:
        loss: the user's loss.
        static: the part of the model that is not arrays.
        optimizer: optax transformation.
        ema: decay of the average, or None.
        micro_steps: number of parts of a batch whose gradients are accumulated.
        constrain: places the leading axis of a batch over the devices.
        guard: keep the old state, inside the step, when a value is not finite.
    """

    loss: Callable[..., Any]
    static: Any
    optimizer: optax.GradientTransformationExtraArgs
    ema: float | None
    micro_steps: int
    constrain: Callable[[Any], Any]
    guard: bool

    def initial(self, parameters: Any) -> TrainState:
        """Make the state at step 0. Arrays may be shared; copy before donating."""
        with jax.numpy_dtype_promotion("standard"):
            optimizer_state = self.optimizer.init(parameters)
        average = None if self.ema is None else parameters
        bad = jnp.asarray(-1, jnp.int32) if self.guard else None
        return TrainState(parameters, optimizer_state, average, bad)

    def value(self, parameters: Any, frozen: Any, batch: Any, key: Any) -> tuple[Any, dict[str, Any]]:
        """Call the loss and check what it gives."""
        return check_loss(self.loss(eqx.combine(parameters, frozen, self.static), batch, key))

    def gradients(self, parameters: Any, frozen: Any, batch: Any, key: Any) -> tuple[Any, dict[str, Any], Any]:
        """Give loss, metrics and gradients, accumulated over the parts of the batch."""
        both = jax.value_and_grad(self.value, has_aux=True)
        if self.micro_steps == 1:
            (value, metrics), gradients = both(parameters, frozen, self.constrain(batch), key)
            return value, metrics, gradients

        def part(total: Any, given: Any) -> tuple[Any, None]:
            micro, micro_key = given
            return jax.tree.map(jnp.add, total, both(parameters, frozen, self.constrain(micro), micro_key)), None

        count = self.micro_steps
        parts = jax.tree.map(lambda leaf: leaf.reshape(count, -1, *leaf.shape[1:]), batch)
        keys = jax.random.split(key, count)
        first = jax.tree.map(lambda leaf: leaf[0], (parts, keys))
        shapes = jax.eval_shape(both, parameters, frozen, *first)
        zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
        total, _ = jax.lax.scan(part, zeros, (parts, keys))
        (value, metrics), gradients = jax.tree.map(lambda leaf: (leaf / count).astype(leaf.dtype), total)
        return value, metrics, gradients

    def update(self, state: TrainState, value: Any, gradients: Any, frozen: Any, batch: Any, key: Any) -> TrainState:
        """Apply the optimiser and the average."""
        # optax mixes integer counters with floats; the context holds while tracing and costs nothing after.
        with jax.numpy_dtype_promotion("standard"):
            updates, optimizer_state = self.optimizer.update(
                gradients,
                state.optimizer_state,
                state.parameters,
                value=value,
                grad=gradients,
                value_fn=lambda parameters: self.value(parameters, frozen, batch, key)[0],
            )
            parameters = optax.apply_updates(state.parameters, updates)
            average = state.average
            if self.ema is not None:
                average = optax.incremental_update(parameters, average, 1 - self.ema)
        new = TrainState(parameters, optimizer_state, average, state.first_bad_step)
        return jax.tree.map(_as_before, new, state)

    def __call__(
        self, state: TrainState, frozen: Any, batch: Any, key: Any, step: Any
    ) -> tuple[TrainState, dict[str, Any]]:
        """Do one step; the metrics are those before the update."""
        value, metrics, gradients = self.gradients(state.parameters, frozen, batch, key)
        norm = global_norm(gradients)
        new = self.update(state, value, gradients, frozen, batch, key)
        metrics = {"loss": value, "gradient_norm": norm, **metrics}
        return _guarded(state, new, metrics, step) if self.guard else (new, metrics)


def _as_before(made: Any, old: Any) -> Any:
    # Promotion inside the optimiser must not widen what the loop carries.
    return made if jnp.issubdtype(old.dtype, jax.dtypes.prng_key) else made.astype(old.dtype)


def _guarded(
    state: TrainState, new: TrainState, metrics: dict[str, Any], step: Any
) -> tuple[TrainState, dict[str, Any]]:
    running = state.first_bad_step < 0
    good = jnp.isfinite(metrics["loss"]) & jnp.isfinite(metrics["gradient_norm"]) & all_finite(new.parameters)
    kept = jax.tree.map(lambda made, old: jnp.where(running & good, made, old), new, state)
    bad = jnp.where(running & ~good, step, state.first_bad_step)
    kept = eqx.tree_at(lambda tree: tree.first_bad_step, kept, bad)
    return kept, {name: _mark(running, value) for name, value in metrics.items()}


def _mark(running: Any, value: Any) -> Any:
    # A seed that has stopped has no loss any more.
    floating = jnp.issubdtype(value.dtype, jnp.floating)
    return jnp.where(running, value, jnp.asarray(jnp.nan if floating else 0, value.dtype))


def all_finite(tree: Any) -> Any:
    """Whether every number of a tree of floating-point arrays is finite."""
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(tree)]))


def global_norm(tree: Any) -> Any:
    """Euclidean norm over all arrays of a tree, in the widest dtype among them, at least float32."""
    leaves = jax.tree.leaves(tree)
    wide = jnp.float64 if any(leaf.dtype == jnp.float64 for leaf in leaves) else jnp.float32
    return jnp.sqrt(jnp.sum(jnp.stack([jnp.sum(jnp.square(leaf.astype(wide))) for leaf in leaves])))


def check_loss(given: Any) -> tuple[Any, dict[str, Any]]:
    """Check what a loss gave: a real scalar and a dictionary of scalars.

    Raises:
        TypeError: it is not such a pair.
        ValueError: something is not a scalar, or a metric takes a name of the loop.
    """
    if not (isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], dict)):
        raise TypeError(
            f"fit: `loss(model, batch, key)` must give `(scalar, metrics)` with a dictionary of metrics, got "
            f"{type(given).__name__}; without metrics write `return value, {{}}`."
        )
    value = jnp.asarray(given[0])
    if value.shape != () or not jnp.issubdtype(value.dtype, jnp.floating):
        raise ValueError(
            f"fit: `loss` must give one real number, got {value.dtype} of shape {value.shape}; take a mean."
        )
    metrics = {name: jnp.asarray(metric) for name, metric in given[1].items()}
    for name, metric in metrics.items():
        if name in RESERVED:
            raise ValueError(f"fit: the metric name {name!r} is used by the loop itself; rename it.")
        if metric.shape != ():
            raise ValueError(f"fit: metric {name!r} must be a scalar, got shape {metric.shape}.")
    return value, metrics
