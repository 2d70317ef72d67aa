"""The experiment `ernode`: two seeds of a small classifier, what is refused, the error without scikit-learn."""

import dataclasses
import sys

import jax
import numpy as np
import pytest

from sciml.data import load_digits
from sciml.experiments._cheap_ode_tasks import digits
from sciml.experiments._cheap_ode_training import Sizes, compare, measured
from sciml.experiments.ernode import ARMS, Config, run


@pytest.mark.parametrize(
    ("change", "message"),
    [({"seeds": 0}, "`seeds` must be at least 1, got 0"), ({"tolerance": 2.0}, r"`tolerance` must be in \(0, 1\)")],
)
def test_sizes_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run(dataclasses.replace(Config(), **change), jax.random.key(0))


def test_without_scikit_learn_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match=r"pip install 'sciml\[data\]'"):
        load_digits()


@pytest.mark.slow
def test_penalised_errors_take_fewer_steps_for_two_seeds():
    sizes = Sizes(100, 32, 5e-3, 1e-6)
    arms = {name: ARMS[name] for name in ("none", "error")}
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        runs = compare(digits(16), arms, sizes, 2, 1, jax.random.key(1))
    means = measured(runs, sizes)
    for (plain, before), (penalised, after) in zip(runs["none"], runs["error"]):
        assert after.steps < before.steps
        assert after.evaluations == 6 * after.steps + 1
        assert np.isfinite(penalised.losses).all() and penalised.losses[-1] < plain.losses[0]
    assert means["error"]["score"] > 60
