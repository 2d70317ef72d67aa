"""The experiment `darcy-multigrid` at small size: counts, what holds for more than one seed, the figure."""

import jax
import numpy as np
import pytest

from sciml.experiments.darcy_multigrid import RUGE_STUEBEN, Config, draw, grid_of, run

SMALL = Config(cells=32, fields=2, batch=4, seeds=2)


@pytest.fixture(scope="module")
def report():
    return run(SMALL, jax.random.key(0))


@pytest.mark.slow
def test_what_does_not_depend_on_size_or_clock_holds(report):
    holding = {claim.text: claim.holds for claim in report.claims}
    for words in (
        "iterations of multigrid",
        "beyond those known of Ruge",
        "growth of iterations",
        "gradient from central",
        "round-off",
    ):
        (statement,) = (one for one in holding if words in one)
        assert holding[statement], statement


@pytest.mark.slow
def test_the_figure_is_drawn(report):
    assert len(report.figures["darcy-multigrid"]().axes) >= 4


def test_fields_have_their_laws():
    fields = draw(grid_of(32), 64, jax.random.key(3))
    assert set(fields) == set(RUGE_STUEBEN)
    assert set(np.unique(np.asarray(fields["12/3"]))) == {3.0, 12.0}
    assert abs(float(np.log(np.asarray(fields["lognormal"])).std()) - 1) < 0.2


def test_too_small_a_problem_is_refused():
    with pytest.raises(ValueError, match="at least 32 cells"):
        run(Config(cells=16), jax.random.key(0))
