"""The experiment `log-bessel`: a short run, with and without mpmath, its files."""

import dataclasses
import json
import sys

import jax
import mpmath
import numpy as np
import pytest

from sciml.experiments import _log_bessel_runs as runs
from sciml.experiments.log_bessel import Config, run

CHEAP = Config(pairs=20, timed=1000, rounds=1, dimensions=(64, 4096), points=100, seeds=1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pairs": 0}, "`pairs` must be at least 1, got 0"),
        ({"points": 1}, "`timed` and `points` must be at least 2"),
        ({"length": 1.0}, "a `length` between 0 and 1"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run(dataclasses.replace(CHEAP, **change), jax.random.key(0))


def test_the_reference_for_k_is_mpmath_s_where_that_converges():
    with mpmath.workdps(40):
        for v, x in ((0.5, 1.0), (20.0, 3.0), (2.0, 100.0), (0.01, 0.2)):
            exact = float(mpmath.log(mpmath.besselk(v, x)))
            np.testing.assert_allclose(float(runs._log_k_by_quadrature(mpmath, v, x)), exact, rtol=1e-15)


@pytest.mark.slow
def test_a_short_run_and_its_files(tmp_path):
    report = run(CHEAP, jax.random.key(1))
    claims = {claim.text: claim for claim in report.claims}
    assert all(claim.holds for text, claim in claims.items() if "range" in text)
    assert next(claim.value for text, claim in claims.items() if text.startswith("directions")) < 5
    assert [path.name for path in report.save(tmp_path)] == ["log-bessel.png"]
    assert len(json.loads((tmp_path / "report.json").read_text())["claims"]) == len(report.claims)


def test_without_mpmath_the_accuracy_is_left_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpmath", None)
    assert runs.measure_accuracy(5, "small", 0) is None
