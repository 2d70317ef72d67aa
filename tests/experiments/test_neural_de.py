"""The experiment `neural-de`: exact gradients, a short training for two seeds, its report and files, what is refused."""

import dataclasses
import json

import jax
import numpy as np
import pytest

from sciml.experiments import _neural_de_adjoint as adjoint
from sciml.experiments import _neural_de_latent as latent
from sciml.experiments import _neural_de_pendulum as pendulum
from sciml.experiments import _neural_de_predators as predators
from sciml.experiments import _neural_de_spirals as spirals
from sciml.experiments import neural_de
from sciml.experiments.neural_de import Config, run

CHEAP = Config(seeds=2, adjoint_steps=(20,), memory_steps=(20, 400), latent_steps=(1, 2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seeds": 0}, "`seeds` must be at least 1, got 0"),
        ({"dropped": 1.0}, r"`dropped` must be in \[0, 1\)"),
        ({"memory_steps": ()}, "`memory_steps` must be positive numbers"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run(dataclasses.replace(CHEAP, **change), jax.random.key(0))


def test_the_evidence_of_the_chain_nears_that_of_the_process():
    values = latent.observed(50, 6, np.random.default_rng(0))[:, :, 0].astype(np.float64)
    truth = latent.log_evidence(values, np.zeros(6), latent.true_covariance(6)).mean()
    start = 0.0, latent.SCALE / np.sqrt(2 * latent.RATE)
    gaps = []
    for steps in (10, 100):
        mean, covariance = latent.chain_moments(latent.RATE, latent.SCALE, start, steps, 6)
        own = latent.log_evidence(values, mean, covariance + latent.NOISE**2 * np.eye(6)).mean()
        gaps.append(abs(own - truth))
    assert gaps[1] < 0.2 * gaps[0] and gaps[0] < 0.05, gaps


def test_spirals_lose_what_is_dropped_and_turn_as_they_say():
    ts, xs, _ = spirals.spirals(200, 16, 0.3, np.random.default_rng(0))
    assert (np.diff(ts) >= 0).all() and abs(np.isnan(xs).mean() - 0.3) < 0.03
    whole = spirals.spirals(200, 64, 0.0, np.random.default_rng(1))
    area = np.sum(whole[1][:, :-1, 0] * whole[1][:, 1:, 1] - whole[1][:, :-1, 1] * whole[1][:, 1:, 0], axis=1)
    assert ((area > 0) == (whole[2] == 1)).all()


def test_the_misses_of_a_field_are_those_of_its_coefficients():
    states = np.random.default_rng(0).uniform(-2, 2, (60, 2)).astype(np.float32)

    def field(t, y, args):
        return jax.numpy.stack([1.02 * y[1], -1.3 * jax.numpy.sin(y[0]) - 0.27 * y[1]])

    miss, rest = pendulum.coefficients_off(field, jax.numpy.asarray(states))
    assert miss == pytest.approx(0.08, rel=1e-4) and rest < 1e-6


def test_the_reversible_gradient_is_exact_and_its_memory_flat_for_two_seeds():
    problem = adjoint.Problem(3, 4, 2, 2.0)
    with jax.enable_x64(True):
        given = [adjoint._drawn(problem, key) for key in jax.random.split(jax.random.key(0))]
        truth, ours, other = (
            adjoint._all(adjoint._program(problem, 20, kind), given)
            for kind in ("direct", "reversible", "adjoint equation")
        )
        memory = [adjoint._bytes(adjoint._program(problem, steps, "reversible"), given[0]) for steps in (20, 400)]
    assert max(adjoint._apart(ours, truth)) < 1e-13
    assert all(off > 1e3 * own for off, own in zip(adjoint._apart(other, truth), adjoint._apart(ours, truth)))
    assert memory[1] <= 1.05 * memory[0]


def made_up():
    """What the trained parts may give, for the report."""
    gradients = adjoint.Gradients(
        {name: {20: [1e-15, 2e-15]} for name in adjoint.GRADIENTS[:3]} | {"adjoint equation": {20: [1e-3, 1e-4]}},
        {20: [1e-4, 1e-4]},
        {"reversible": {20: 100, 400: 100}, "checkpoints": {20: 200, 400: 800}, "all stored": {20: 2000, 400: 40000}},
    )
    accuracy = {name: {share: [98.0, 97.0] for share in neural_de.SHARES} for name in spirals.ARMS}
    fit = latent.Fitted(-9.9, -9.5, -9.3, 0.05, 0.6, 0.9, 0.3, np.zeros(3))
    times = np.linspace(0, predators.SPAN, 121)
    errors = {name: [0.1, 0.2] for name in predators.ARMS}
    found = pendulum.Found(
        0.03, ("x0' = x1", "x1' = x0"), False, ("x0' = x1", "x1' = -1.3 sin(x0)"), True, (0.02, 0.01), ("x1", "x0"), (0.02, 0.01),
        0.0, np.zeros(63), np.zeros(63),
    )  # fmt: skip
    return {
        "measure": gradients,
        "_spirals": spirals.Judged(accuracy, {}, dict.fromkeys(spirals.ARMS, 7)),
        "_latent": {"a": [fit, fit], "b": [fit._replace(own=-9.6), fit], "c": [fit._replace(own=None), fit]},
        "_predators": predators.Extrapolated(
            errors, errors | {"form": [0.01, 0.02]}, errors, {}, dict.fromkeys(predators.ARMS, 9), times,
            {name: np.full((2, 121), 0.1) for name in predators.ARMS},
        ),
        "_pendulum": [found, found],
    }  # fmt: skip


def test_the_report_its_tables_and_its_figure(monkeypatch, tmp_path):
    parts = made_up()
    monkeypatch.setattr(adjoint, "measure", lambda *args: parts["measure"])
    for name in ("_spirals", "_latent", "_predators", "_pendulum"):
        monkeypatch.setattr(neural_de, name, lambda config, key, name=name: parts[name])
    report = run(CHEAP, jax.random.key(0))
    wrong = [claim.text for claim in report.claims if not claim.holds]
    assert len(report.claims) == 19 and len(wrong) == 2, wrong
    assert wrong[0].startswith("Lotka-Volterra: the same") and "thresholding" in wrong[1]
    assert len(report.tables) == 7
    assert json.loads(json.dumps(report.summary(), allow_nan=False))["metrics"]["spirals_cde_0.3"] == 97.5
    (path,) = report.save(tmp_path)
    assert path.name == "neural-de.png" and path.stat().st_size > 50_000


@pytest.mark.slow
def test_the_bound_stays_below_exact_evidences_for_two_seeds():
    with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"):
        fits = latent.fit(latent.Sizes(128, 6, 1, 16, 150, 32, 1e-2), True, 128, 4, 2, jax.random.key(2))
    for one in fits:
        assert one.own is not None and one.bound < one.own < one.truth
        assert one.losses[-20:].mean() < one.losses[:5].mean()
