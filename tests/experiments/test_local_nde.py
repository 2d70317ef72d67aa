"""The experiment `local-nde`: what is refused, what the global regulariser cannot do, the adjoint equation for two seeds."""

import dataclasses

import jax
import numpy as np
import pytest

from sciml.experiments._cheap_ode_tasks import digits
from sciml.experiments._cheap_ode_training import Sizes, compare
from sciml.experiments.local_nde import ARMS, Config, _global_refuses_the_adjoint_equation, run


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="`batch` must be at least 1, got 0"):
        run(dataclasses.replace(Config(), batch=0), jax.random.key(0))


def test_the_global_regulariser_refuses_the_adjoint_equation():
    assert _global_refuses_the_adjoint_equation()


@pytest.mark.slow
def test_the_local_regulariser_trains_through_the_adjoint_equation_for_two_seeds():
    sizes = Sizes(20, 32, 5e-3, 1e-4)
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        runs = compare(digits(16), {"backsolve": ARMS["backsolve"]}, sizes, 2, 1, jax.random.key(1))
    for trained, judged in runs["backsolve"]:
        assert np.isfinite(trained.losses).all() and trained.losses[-1] < trained.losses[0]
        assert judged.steps > 0
