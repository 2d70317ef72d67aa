"""The training loop: what it computes, when it stops, what it keeps."""

import json
import os
import signal
import threading
import time

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import sciml
from sciml.data import ArraySource, Generator, Source
from sciml.training.outcome import Outcome

KEY = jax.random.key(5)
BATCH = 8


class Line(eqx.Module):
    """y = weight x + offset: few compiled operations, everything checkable by hand."""

    weight: jax.Array
    offset: jax.Array
    name: str = eqx.field(static=True, default="line")

    def __call__(self, x, *, key=None):
        return self.weight * x + self.offset


def line(weight=0.5, offset=0.0):
    return Line(jnp.asarray([weight], jnp.float32), jnp.asarray([offset], jnp.float32))


def samples(count=32, seed=0):
    x = np.random.default_rng(seed).uniform(-1, 1, (count, 1)).astype(np.float32)
    return {"x": x, "y": 3 * x - 1}


def loss(model, batch, key):
    error = jax.vmap(model)(batch["x"]) - batch["y"]
    return jnp.mean(error**2), {"largest": jnp.max(jnp.abs(error))}


def fit(model=None, loss=loss, data=None, **options):
    settings = {"optimizer": optax.adam(1e-2), "steps": 20, "batch_size": BATCH, "progress": False, "key": KEY}
    return sciml.fit(
        line() if model is None else model, loss, samples() if data is None else data, **settings | options
    )


def by_hand(steps, optimizer, model=None, data=None, key=KEY):
    """The same training, one plain step at a time."""
    data, model = samples() if data is None else data, line() if model is None else model
    state, losses = None, []
    with jax.numpy_dtype_promotion("standard"):
        state = optimizer.init(model)
    count = len(data["x"])
    for step in range(steps):
        epoch, position = divmod(step, count // BATCH)
        order = jax.random.permutation(jax.random.fold_in(jax.random.fold_in(key, 0), epoch), count)
        batch = {name: value[order[position * BATCH : (position + 1) * BATCH]] for name, value in data.items()}
        (value, _), gradients = jax.value_and_grad(loss, has_aux=True)(model, batch, key)
        with jax.numpy_dtype_promotion("standard"):
            updates, state = optimizer.update(gradients, state, model)
            model = optax.apply_updates(model, updates)
        losses.append(float(value))
    return model, losses


def test_fit_is_the_plain_loop():
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(optax.cosine_decay_schedule(0.1, 20)))
    result = fit(optimizer=optimizer, steps=10)
    model, losses = by_hand(10, optimizer)
    np.testing.assert_allclose(result.history["loss"], losses, rtol=1e-5)
    np.testing.assert_allclose(result.model.weight, model.weight, rtol=1e-5)
    assert result.step == 10 and result.outcome is Outcome.FINISHED
    assert set(result.history) == {"loss", "gradient_norm", "largest"}
    assert all(values.shape == (10,) and values.dtype == np.float32 for values in result.history.values())


def test_users_model_and_data_survive():
    model, data = line(), jax.tree.map(jnp.asarray, samples())
    fit(model, data=data, steps=3, ema=0.9)
    assert float(model.weight[0]) == 0.5 and not data["x"].is_deleted()


def test_shared_arrays_do_not_break_donation():
    shared = jnp.zeros((1,), jnp.float32)
    result = fit(Line(shared, shared), steps=3, ema=0.5)
    assert float(result.model.weight[0]) != float(result.model.offset[0])
    assert not shared.is_deleted()


def test_nothing_is_traced_per_chunk():
    counts = []

    def counted(model, batch, key):
        counts[-1] += 1
        return loss(model, batch, key)

    for steps in (2, 700):
        counts.append(0)
        assert fit(loss=counted, steps=steps).statistics["chunks"] > (steps > 2)
    assert counts[0] == counts[1] <= 3


def test_statistics_split_out_compilation():
    statistics = fit(steps=3).statistics
    assert statistics["compile_seconds"] > 0 and statistics["train_seconds"] > 0 and statistics["steps_per_second"] > 0


def test_data_order_visits_every_sample_once_per_epoch():
    data = {"x": np.arange(32, dtype=np.float32)[:, None], "y": np.zeros((32, 1), np.float32)}

    def sums(model, batch, key):
        return 0.0 * jnp.sum(model.weight), {"first": batch["x"][0, 0], "sum": jnp.sum(batch["x"])}

    history = fit(data=data, loss=sums, steps=8).history
    assert history["sum"][:4].sum() == history["sum"][4:].sum() == np.arange(32).sum()
    assert not np.array_equal(history["first"][:4], history["first"][4:])


def test_key_of_the_loss_changes_each_step():
    def noisy(model, batch, key):
        return loss(model, batch, key)[0], {"draw": jax.random.uniform(key, dtype=jnp.float32)}

    first, second = (fit(loss=noisy, steps=5).history["draw"] for _ in range(2))
    assert len(set(first.tolist())) == 5
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("micro_batch", [2, 4])
def test_micro_batches_change_memory_not_the_result(micro_batch):
    whole, parts = fit(steps=5), fit(steps=5, micro_batch=micro_batch)
    np.testing.assert_allclose(parts.history["loss"], whole.history["loss"], rtol=1e-5)
    np.testing.assert_allclose(parts.history["gradient_norm"], whole.history["gradient_norm"], rtol=1e-5)
    np.testing.assert_allclose(parts.model.weight, whole.model.weight, rtol=1e-5)


def test_average_follows_its_formula():
    weights = [fit(steps=steps).model.weight for steps in (1, 2, 3)]
    expected = line().weight
    for weight in weights:
        expected = 0.9 * expected + (1 - 0.9) * weight
    np.testing.assert_allclose(fit(steps=3, ema=0.9).average.weight, expected, rtol=1e-5)


def test_validation_and_best():
    held_out = samples(13, seed=1)
    result = fit(steps=40, optimizer=optax.sgd(0.9), validation=held_out, validate_every=7, keep_best=True)
    np.testing.assert_array_equal(result.validation["step"], [7, 14, 21, 28, 35, 40])
    values = result.validation["loss"]
    np.testing.assert_allclose(values[-1], loss(result.model, held_out, KEY)[0], rtol=1e-3)
    best = int(np.argmin(values))
    assert result.best_step == result.validation["step"][best] and result.best_value == values[best]
    np.testing.assert_allclose(loss(result.best, held_out, KEY)[0], values[best], rtol=1e-3)


def test_validation_by_a_function_and_best_by_name():
    result = fit(
        steps=6, validation=lambda model: {"distance": abs(3 - model.weight[0])}, validate_every=2, keep_best="distance"
    )
    assert np.all(np.diff(result.validation["distance"]) < 0) and result.best_step == 6
    np.testing.assert_array_equal(result.best.weight, result.model.weight)


def test_only_what_the_model_says_is_trained():
    class Half(eqx.Module):
        free: jax.Array
        fixed: jax.Array
        table: np.ndarray
        count: jax.Array

        def trainable(self):
            return eqx.tree_at(lambda m: m.free, jax.tree.map(lambda _: False, self), True)

        def __call__(self, x):
            return self.free * x + self.fixed + self.table

    model = Half(jnp.ones(1), jnp.ones(1), np.ones(1), jnp.asarray(3))
    data = jax.tree.map(lambda leaf: leaf.astype(np.float64), samples())
    result = fit(model, data=data, steps=3)
    assert float(result.model.free[0]) != 1 and float(result.model.fixed[0]) == 1 and int(result.model.count) == 3
    assert result.model.table is model.table


def test_float64_and_float32_stay_what_they_are():
    model = Line(jnp.ones(1, jnp.float64), jnp.ones(1, jnp.float64))
    data = jax.tree.map(lambda leaf: leaf.astype(np.float64), samples())
    result = fit(model, data=data, steps=2, ema=0.9)
    assert result.model.weight.dtype == result.average.weight.dtype == result.history["loss"].dtype == np.float64


@pytest.mark.parametrize(
    "optimizer",
    [
        optax.adamw(1e-2),
        optax.lamb(1e-2),
        optax.contrib.schedule_free_adamw(1e-2),
        optax.lbfgs(),
        optax.contrib.muon(1e-2),
    ],
    ids=["adamw", "lamb", "schedule_free", "lbfgs", "muon"],
)
@pytest.mark.slow
def test_other_optimizers_run_under_strict_promotion(optimizer):
    result = fit(optimizer=optimizer, steps=12)
    assert result.history["loss"][-1] < result.history["loss"][0]


# Sources and generators.


class Slow(Source):
    """Rows that are only given by index, as from a file."""

    def __init__(self, arrays):
        self._inner = ArraySource(arrays)
        self.threads = set()

    def __len__(self):
        return len(self._inner)

    def rows(self, indices):
        self.threads.add(threading.current_thread().name)
        return self._inner.rows(indices)

    def fingerprint(self):
        return self._inner.fingerprint()


def test_source_read_by_a_thread_gives_the_same_training():
    source = Slow(samples())
    # More than one block of batches.
    streamed, resident = fit(data=source, steps=150), fit(steps=150)
    np.testing.assert_allclose(streamed.history["loss"], resident.history["loss"], rtol=1e-4, atol=1e-7)
    assert any(name.startswith("sciml-reader") for name in source.threads)
    assert not any(thread.name.startswith("sciml-reader") for thread in threading.enumerate())


def draw(key):
    x = jax.random.uniform(key, (1,), jnp.float32, -1, 1)
    return {"x": x, "y": 3 * x - 1}


def watch(model, batch, key):
    return loss(model, batch, key)[0], {"sum": jnp.sum(batch["x"])}


def test_generator_makes_each_batch_anew():
    sums = fit(data=Generator(draw), loss=watch, steps=6).history["sum"]
    assert len(set(sums.tolist())) == 6
    key = jax.random.fold_in(jax.random.fold_in(KEY, 0), 3)
    np.testing.assert_allclose(sums[3], jnp.sum(Generator(draw).draw(key, BATCH)["x"]), rtol=1e-5)


def test_generator_refreshes_its_pool():
    once = fit(data=Generator(draw, refresh=3), loss=watch, steps=9).history["sum"]
    np.testing.assert_allclose(once.reshape(3, 3), np.repeat(once[::3], 3).reshape(3, 3), rtol=1e-4, atol=1e-5)
    assert len(set(np.round(once, 3).tolist())) == 3

    def seen(model, batch, key):
        return loss(model, batch, key)[0], {f"x{i}": batch["x"][i, 0] for i in range(BATCH)}

    history = fit(data=Generator(draw, refresh=6, pool=2), loss=seen, steps=12).history
    values = np.stack([history[f"x{i}"] for i in range(BATCH)], axis=1)
    first, second = set(values[:6].ravel().tolist()), set(values[6:].ravel().tolist())
    # One of the two batches of the pool was renewed after six steps.
    assert len(first) == len(second) == 2 * BATCH and len(first & second) == BATCH


# Many seeds.


@pytest.fixture(scope="module")
def seeded():
    models = jax.vmap(lambda w: Line(w[None], jnp.zeros(1, jnp.float32)))(jnp.asarray([0.5, -1.0, 2.0], jnp.float32))
    return models, fit(models, steps=9, seeds=3, ema=0.9, validation=samples(16, 1), validate_every=3, keep_best=True)


def test_seeds_agree_with_single_runs(seeded):
    models, together = seeded
    assert together.history["loss"].shape == (9, 3)
    np.testing.assert_array_equal(together.first_bad_step, [-1, -1, -1])
    for seed in range(3):
        alone = fit(
            jax.tree.map(lambda leaf, seed=seed: leaf[seed], models), steps=9, key=jax.random.fold_in(KEY, seed)
        )
        np.testing.assert_allclose(together.history["loss"][:, seed], alone.history["loss"], rtol=1e-4)
        np.testing.assert_allclose(together.model.weight[seed], alone.model.weight, rtol=1e-4)


def test_each_seed_keeps_its_best(seeded):
    _, together = seeded
    assert together.best_value.shape == together.best_step.shape == (3,)
    np.testing.assert_array_equal(together.best_value, together.validation["loss"].min(axis=0))


def trapped_above(limit):
    """The usual loss, NaN once the weight is above a limit."""

    def trapped(model, batch, key):
        value, metrics = loss(model, batch, key)
        return jnp.where(model.weight[0] > limit, jnp.nan, value), metrics

    return trapped


def test_one_bad_seed_does_not_stop_the_others():
    models = jax.vmap(lambda w: Line(w[None], jnp.zeros(1, jnp.float32)))(jnp.asarray([0.5, 0.975, 0.0], jnp.float32))
    # Adam moves the weight by about 0.01 per step: seed 1 crosses 1 after three steps.
    result = fit(models, loss=trapped_above(1.0), steps=12, seeds=3)
    assert result.outcome is Outcome.FINISHED
    np.testing.assert_array_equal(result.first_bad_step, [-1, 3, -1])
    assert np.isfinite(result.history["loss"][:3, 1]).all() and np.isnan(result.history["loss"][4:, 1]).all()
    assert 1 < float(result.model.weight[1, 0]) < 1.02
    with pytest.raises(sciml.TrainingDiverged, match=r"every seed .* at steps \[0, 0, 0\]"):
        fit(models, loss=trapped_above(-1.0), steps=12, seeds=3)


def test_seeds_need_a_leading_axis():
    with pytest.raises(ValueError, match=r"model\.weight.*shape \(1,\)"):
        fit(seeds=2)


# Divergence. The weight climbs by 0.01 per step from 0, so it is 0.5 at step 50.


def climbing(trap):
    return lambda model, batch, key: (trap(model.weight[0], -jnp.sum(model.weight) + 0.0 * jnp.sum(batch["x"])), {})


def climb(trap=lambda weight, value: value, learning_rate=0.01, **options):
    with pytest.raises(sciml.TrainingDiverged) as caught:
        fit(line(0.0), loss=climbing(trap), steps=200, optimizer=optax.sgd(learning_rate), **options)
    return caught.value


def bad_rate(count):
    return jnp.where(count == 50, jnp.inf, 0.01)


@pytest.mark.parametrize(
    ("leaf", "arguments"),
    [
        ("loss", {"trap": lambda weight, value: jnp.where(weight > 0.495, jnp.nan, value)}),
        # A finite loss with a gradient that is not: the root of zero.
        (
            "gradients.weight",
            {"trap": lambda weight, value: value - 1 + jnp.sqrt(jnp.where(weight > 0.495, 0 * weight, 1))},
        ),
        # Everything is finite but the update.
        ("updated parameters.weight", {"learning_rate": bad_rate}),
    ],
    ids=["loss", "gradient", "update"],
)
def test_divergence_is_located_and_the_last_good_state_kept(leaf, arguments):
    error = climb(**arguments)
    assert error.leaf == leaf and leaf in str(error) and "step 50 " in str(error)
    result = error.result
    assert error.step == 50 == result.first_bad_step == result.step and result.outcome is Outcome.DIVERGED
    np.testing.assert_allclose(result.model.weight, [0.5], atol=1e-5)
    assert result.history["loss"].shape == (50,) and np.isfinite(result.history["loss"]).all()
    np.testing.assert_allclose(result.history["loss"], -0.01 * np.arange(50), atol=1e-5)


def test_bad_data_are_named():
    data = samples()
    data["y"][11] = np.nan
    with pytest.raises(sciml.TrainingDiverged, match=r"batch\['y'\] has 1 of 8 values") as caught:
        fit(data=data)
    error = caught.value
    order = jax.random.permutation(jax.random.fold_in(jax.random.fold_in(KEY, 0), 0), 32)
    assert error.step == int(np.argmax(np.asarray(order) == 11)) // BATCH


def test_bad_start_is_named():
    with pytest.raises(sciml.TrainingDiverged, match=r"step 0 .*parameters\.offset") as caught:
        fit(line(offset=np.nan))
    assert caught.value.result.history["loss"].shape == (0,)


def test_without_throw_the_result_says_so():
    result = fit(loss=trapped_above(-1.0), throw=False)
    assert result.outcome is Outcome.DIVERGED and result.step == 0 and "loss" in result.diagnosis


# Ctrl-C.


def interrupting(times):
    def validation(model):
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
        return {"loss": 0.0}

    return validation


def test_ctrl_c_stops_cleanly_and_leaves_a_checkpoint(tmp_path):
    options = {"steps": 12, "checkpoint": tmp_path / "run", "validate_every": 5}
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(sciml.TrainingInterrupted, match="after 5 of 12 steps; call again") as caught:
        fit(validation=interrupting(1), **options)
    assert caught.value.result.step == 5 and signal.getsignal(signal.SIGINT) is before
    again = fit(validation=lambda model: {"loss": 0.0}, **options)
    assert again.statistics["resumed_from"] == 5
    np.testing.assert_array_equal(again.history["loss"], fit(steps=12).history["loss"])
    assert fit(steps=12, validation=interrupting(1), validate_every=5, throw=False).outcome is Outcome.INTERRUPTED


def test_second_ctrl_c_stops_at_once():
    with pytest.raises(KeyboardInterrupt) as caught:
        fit(validation=interrupting(2), validate_every=5)
    assert not isinstance(caught.value, sciml.TrainingInterrupted)


# Log, mesh, mistakes.


def test_log_holds_one_line_per_interval_and_validation(tmp_path):
    result = fit(steps=9, log=tmp_path / "log.jsonl", log_every=4, validation=samples(8, 1), validate_every=9)
    lines = [json.loads(text) for text in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [4, 8, 9]
    assert lines[1]["loss"] == float(result.history["loss"][7]) and lines[1]["largest"] > 0
    assert lines[2]["validation_loss"] == float(result.validation["loss"][0]) and "loss" not in lines[2]
    fit(steps=4, log=tmp_path / "log.jsonl", log_every=4)
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize("options", [{}, {"micro_batch": 4}], ids=["whole", "micro"])
def test_batches_spread_over_a_mesh(options):
    mesh = jax.make_mesh((2,), ("data",))
    alone, spread = fit(steps=5, ema=0.9, **options), fit(steps=5, ema=0.9, mesh=mesh, **options)
    assert len(spread.model.weight.sharding.device_set) == 2
    np.testing.assert_allclose(spread.history["loss"], alone.history["loss"], rtol=1e-5)
    np.testing.assert_allclose(spread.model.weight, alone.model.weight, rtol=1e-5)


def test_seeds_over_a_mesh():
    models = jax.vmap(lambda w: Line(w[None], jnp.zeros(1, jnp.float32)))(jnp.asarray([0.5, -1.0], jnp.float32))
    alone, spread = fit(models, steps=3, seeds=2), fit(models, steps=3, seeds=2, mesh=jax.make_mesh((2,), ("data",)))
    np.testing.assert_allclose(spread.history["loss"], alone.history["loss"], rtol=1e-5)


def test_data_are_used_by_both_devices():
    mesh = jax.make_mesh((2,), ("data",))
    with pytest.raises(ValueError, match="batch of 7 samples cannot be spread over 2 devices"):
        fit(batch_size=7, mesh=mesh)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"steps": 0}, ValueError, "`steps` must be at least 1, got 0"),
        ({"batch_size": 33}, ValueError, "`batch_size` is 33, but the data hold only 32"),
        ({"micro_batch": 3}, ValueError, "`micro_batch` 3 must divide `batch_size` 8"),
        ({"ema": 1.0}, ValueError, "`ema` is a decay"),
        ({"keep_best": True}, ValueError, "`keep_best` needs `validation`"),
        ({"keep_best": "other", "validation": lambda m: {"a": 1.0}}, ValueError, r"names 'other'.*\['a'\]"),
        ({"validation": Generator(draw)}, ValueError, "must be a fixed set"),
        ({"validation": lambda m: 3.0, "steps": 1}, TypeError, "must give a dictionary"),
        ({"data": {"x": np.ones((8, 1)), "y": np.ones((9, 1))}}, ValueError, "share their leading axis"),
        ({"data": {}}, ValueError, "at least one array"),
        ({"model": Line(np.ones(1), np.ones(1))}, ValueError, "no trainable array"),
        ({"model": Line(jnp.ones(1, complex), jnp.ones(1))}, ValueError, "model.weight` is complex128"),
        ({"loss": lambda m, b, k: jnp.sum(m.weight)}, TypeError, r"must give `\(scalar, metrics\)`"),
        ({"loss": lambda m, b, k: (m.weight, {})}, ValueError, r"one real number, got float32 of shape \(1,\)"),
        ({"loss": lambda m, b, k: (m.weight[0], {"loss": 1.0})}, ValueError, "'loss' is used by the loop"),
        ({"loss": lambda m, b, k: (m.weight[0], {"w": m.weight})}, ValueError, "metric 'w' must be a scalar"),
    ],
)
def test_mistakes_are_named(options, error, message):
    with pytest.raises(error, match=message):
        fit(**options)


def test_bar_shows_steps_speed_loss_and_compile_time(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")
    fit(progress=True, validation=samples(8, 1), validate_every=10)
    shown = capsys.readouterr()
    assert shown.out == ""
    for part in ("20/20", "steps/s", "loss", "validation", "compiled in"):
        assert part in shown.err
