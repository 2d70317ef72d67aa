"""Killed and resumed runs: the same bits, or a refusal that names what changed."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import sciml
from sciml.data import ArraySource, Generator, Source
from sciml.training import resume
from sciml.training.resume import ResumeError

WORKER = Path(__file__).with_name("resume_worker.py")
KEY = jax.random.key(3)


class Crash(Exception):
    pass


class OnDisk(Source):
    def __init__(self, arrays):
        self._inner = ArraySource(arrays)

    def __len__(self):
        return len(self._inner)

    def rows(self, indices):
        return self._inner.rows(indices)

    def fingerprint(self):
        return self._inner.fingerprint()


def samples(seed=0):
    x = np.random.default_rng(seed).normal(size=(20, 4)).astype(np.float32)
    return {"x": x, "y": np.sin(x)}


def draw(key):
    x = jax.random.normal(key, (4,), jnp.float32)
    return {"x": x, "y": jnp.sin(x)}


def make(key):
    return eqx.nn.Linear(4, 4, dtype=jnp.float32, key=key)


def loss(model, batch, key):
    error = jax.vmap(model)(batch["x"]) - batch["y"]
    return jnp.mean(error**2), {"draw": jax.random.uniform(key, dtype=jnp.float32)}


def fit(folder, crash_at=None, data=None, **options):
    """Train 30 steps with a validation every 3; an exception out of the one at step `crash_at` stops the run."""

    def validation(model):
        if crash_at is not None and next(counter) * 3 + 3 == crash_at:
            raise Crash
        return {"loss": float(jnp.sum(jnp.abs(model.weight)))}

    counter = iter(range(1000))
    settings = {
        "model": make(jax.random.key(0)),
        "optimizer": optax.adam(optax.cosine_decay_schedule(1e-2, 30)),
        "steps": 30,
        "batch_size": 6,
        "validation": validation,
        "validate_every": 3,
        "ema": 0.9,
        "checkpoint": folder / "run",
        "checkpoint_every": 7,
        "log": folder / "log.jsonl",
        "log_every": 2,
        "progress": False,
        "key": KEY,
    } | options
    return sciml.fit(settings.pop("model"), settings.pop("loss", loss), samples() if data is None else data, **settings)


def same_bits(first, second):
    one, two = (jax.tree.leaves((r.model, r.average, r.history)) for r in (first, second))
    return len(one) == len(two) and all(np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in zip(one, two))


def lines_without_clock(folder):
    lines = [json.loads(text) for text in (folder / "log.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


KINDS = {
    "arrays": {},
    "disk": {"data": OnDisk(samples())},
    "generator": {"data": Generator(draw)},
    "pool": {"data": Generator(draw, refresh=4, pool=3)},
    "micro": {"micro_batch": 2},
}


@pytest.mark.parametrize(
    "kind", [name if name in ("arrays", "pool") else pytest.param(name, marks=pytest.mark.slow) for name in KINDS]
)
def test_a_crash_leaves_no_trace(tmp_path, kind):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir(), broken.mkdir()
    with pytest.raises(Crash):
        fit(broken, crash_at=18, **KINDS[kind])
    again, reference = fit(broken, **KINDS[kind]), fit(whole, **KINDS[kind])
    assert again.statistics["resumed_from"] == 14
    assert same_bits(again, reference)
    # The log had lines beyond the checkpoint: they were cut and written again.
    assert lines_without_clock(broken) == lines_without_clock(whole)
    assert [line["step"] for line in lines_without_clock(whole) if "loss" in line] == list(range(2, 31, 2))


def test_seeds_and_best_come_back(tmp_path):
    calls = []

    def crashing(model):
        calls.append(1)
        if len(calls) == 6:
            raise Crash
        return {"loss": np.asarray(jnp.sum(jnp.abs(model.weight), axis=(1, 2)), np.float64)}

    models = eqx.filter_vmap(make)(jax.random.split(jax.random.key(0), 2))
    options = {"model": models, "seeds": 2, "keep_best": True, "validation": crashing}
    with pytest.raises(Crash):
        fit(tmp_path, **options)
    again, reference = fit(tmp_path, **options), fit(tmp_path, **options, checkpoint=None)
    assert again.statistics["resumed_from"] == 14 and same_bits(again, reference)
    assert again.best_value.shape == (2,) and again.validation["loss"].shape == (10, 2)
    for name in ("best_value", "best_step"):
        np.testing.assert_array_equal(getattr(again, name), getattr(reference, name))
    assert eqx.tree_equal(again.best, reference.best)


def test_a_finished_run_is_given_back_without_work(tmp_path):
    first = fit(tmp_path)
    again = fit(tmp_path)
    assert again.statistics["chunks"] == 0 and again.statistics["compile_seconds"] == 0
    assert same_bits(first, again)


def test_checkpoint_gives_its_model(tmp_path):
    result = fit(tmp_path)
    content = sciml.load(tmp_path / "run")
    np.testing.assert_array_equal(content["model"].weight, result.model.weight)
    assert content["step"] == 30


def test_unregistered_models_resume_too(tmp_path):
    class Local(eqx.Module):
        weight: jax.Array

        def __call__(self, x):
            return self.weight * x

    result = fit(tmp_path, model=Local(jnp.ones(4, jnp.float32)))
    assert sciml.load(tmp_path / "run")["model"] is None
    assert same_bits(result, fit(tmp_path, model=Local(jnp.ones(4, jnp.float32))))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    fit(folder)
    return folder


CHANGES = {
    "steps": ({"steps": 31}, r"`steps` \(number of steps\) was 30, is now 31"),
    "batch_size": ({"batch_size": 5}, "`batch_size` .* was 6, is now 5"),
    "micro_batch": ({"micro_batch": 3}, "`micro_batch` .* was None, is now 3"),
    "ema": ({"ema": 0.99}, "`ema` .* was 0.9, is now 0.99"),
    "no ema": ({"ema": None}, "`ema` .* was 0.9, is now None"),
    "key": ({"key": jax.random.key(4)}, r"`key` \(random key\) changed"),
    "optimizer": ({"optimizer": optax.sgd(0.1)}, r"`optimizer` \(.*schedule\) changed"),
    "schedule": ({"optimizer": optax.adam(optax.cosine_decay_schedule(1e-2, 31))}, "`optimizer`"),
    "rate": ({"optimizer": optax.adam(1e-3)}, "`optimizer`"),
    "setting": ({"optimizer": optax.adam(optax.cosine_decay_schedule(1e-2, 30), b1=0.91)}, "`optimizer`"),
    "model": ({"model": eqx.nn.Linear(4, 4, False, dtype=jnp.float32, key=KEY)}, r"`model` \(structure"),
    "data": ({"data": samples(1)}, r"`data` \(training data\) changed"),
    "kind of data": ({"data": Generator(draw)}, "`data`"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changed_runs_are_refused_by_name(finished, name):
    options, message = CHANGES[name]
    before = (finished / "run").read_bytes(), (finished / "log.jsonl").read_bytes()
    with pytest.raises(ResumeError, match=message):
        fit(finished, **options)
    assert before == ((finished / "run").read_bytes(), (finished / "log.jsonl").read_bytes())


def test_several_changes_are_all_named(finished):
    with pytest.raises(ResumeError, match=r"`steps`.*`data`.*allow_changed=\('steps', 'data'\)"):
        fit(finished, steps=40, data=samples(1))


def test_a_change_that_is_asked_for_is_allowed(tmp_path):
    fit(tmp_path)
    result = fit(tmp_path, steps=33, allow_changed=("steps",))
    assert result.step == 33 and result.statistics["resumed_from"] == 30


def test_inject_hyperparams_are_seen(tmp_path):
    # Here the numbers sit in the optimiser's first state, not in its update.
    fit(tmp_path, optimizer=optax.inject_hyperparams(optax.sgd)(learning_rate=0.1))
    with pytest.raises(ResumeError, match="`optimizer`"):
        fit(tmp_path, optimizer=optax.inject_hyperparams(optax.sgd)(learning_rate=0.2))


def test_a_changed_loss_is_warned_about(finished):
    def other(model, batch, key):
        value, metrics = loss(model, batch, key)
        return 2 * value, metrics

    with pytest.warns(UserWarning, match="the loss computes something else"):
        fit(finished, loss=other)


@pytest.mark.parametrize("field", ["jax", "device count", "usable cores", "64-bit types", "matmul precision"])
def test_a_changed_environment_is_warned_about(finished, monkeypatch, field):
    here = resume.environment(None)
    monkeypatch.setattr(resume, "environment", lambda mesh: {**here, field: "other"})
    with pytest.warns(UserWarning, match=f"written with {field} {here[field]}, here it is other"):
        fit(finished)


def test_damaged_and_foreign_checkpoints_are_refused(tmp_path, finished):
    whole = (finished / "run").read_bytes()
    (tmp_path / "run").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(sciml.FileFormatError):
        fit(tmp_path)
    sciml.save(tmp_path / "run", make(KEY))
    with pytest.raises(sciml.FileFormatError, match="holds a model, not a checkpoint"):
        fit(tmp_path)


def test_a_log_cut_by_a_kill_is_mended(tmp_path):
    with pytest.raises(Crash):
        fit(tmp_path, crash_at=18)
    with open(tmp_path / "log.jsonl", "a") as stream:
        stream.write('{"step": 99, "los')
    fit(tmp_path)
    assert [line["step"] for line in lines_without_clock(tmp_path) if "loss" in line] == list(range(2, 31, 2))


# Killed processes.


def start(folder, steps, *more):
    return subprocess.Popen([sys.executable, str(WORKER), str(folder), str(steps), *more])


def kill_after_change(process, checkpoint, delay):
    """SIGKILL some time after the checkpoint changed; give False when the run had ended before."""
    before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
    while process.poll() is None and (not checkpoint.exists() or checkpoint.stat().st_mtime_ns == before):
        time.sleep(0.001)
    time.sleep(delay)
    alive = process.poll() is None
    process.kill()
    process.wait()
    return alive


def assert_same(folder):
    result, reference = np.load(folder / "result.npz"), np.load(folder / "reference.npz")
    assert sorted(result) == sorted(reference)
    different = [name for name in result if result[name].tobytes() != reference[name].tobytes()]
    assert not different
    strip = [
        [{**json.loads(line), "seconds": 0} for line in (folder / f"{name}.jsonl").read_text().splitlines()]
        for name in ("result", "reference")
    ]
    assert strip[0] == strip[1]
    assert not list(folder.glob("*.tmp*"))


def kill_and_compare(folder, steps, kills):
    chance, hits = random.Random(11), 0
    for _ in range(kills):
        process = start(folder, steps)
        hits += kill_after_change(process, folder / "result.checkpoint", chance.uniform(0, 0.1))
    last = start(folder, steps, "reference")
    assert last.wait(timeout=300) == 0
    assert_same(folder)
    return hits


def test_a_killed_process_resumes_to_the_same_bits(tmp_path):
    assert kill_and_compare(tmp_path, steps=2400, kills=1) == 1
    assert 0 < int((tmp_path / "result.resumed").read_text()) < 2400


@pytest.mark.slow
def test_many_kills_at_random_moments(tmp_path):
    assert kill_and_compare(tmp_path, steps=6000, kills=5) >= 3
