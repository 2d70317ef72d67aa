"""The experiment `fno`: its functions, its claims at a size of seconds for two seeds, its files."""

import dataclasses
import json
import math

import jax
import numpy as np
import pytest

from sciml.experiments._fno_data import draw_pairs
from sciml.experiments.fno import PUBLISHED, SCALES, Config, run

# Large enough for every claim to hold with room; the CNN is smaller than the operator here, to save time.
CHEAP = Config(
    resolution=64,
    refinements=(1, 2),
    solver_nodes=512,
    solver_steps=100,
    test_samples=64,
    width=20,
    cnn_width=16,
    cnn_blocks=3,
    steps=1000,
    batch_size=16,
)
TINY = Config(
    resolution=16,
    refinements=(1, 2),
    train_samples=8,
    test_samples=4,
    solver_nodes=64,
    solver_steps=40,
    width=4,
    modes=3,
    layers=2,
    cnn_width=4,
    cnn_blocks=1,
    steps=3,
    batch_size=4,
    schedule="halving",
    weight_decay=1e-4,
    ifno=True,
)


# --- data -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pairs():
    return draw_pairs(samples=48, nodes=256, steps=100, viscosity=0.1, key=jax.random.key(0))


def test_the_solutions_are_near_the_exact_ones(pairs):
    assert pairs.largest_error < 1e-4 and pairs.relative_error < 1e-5
    coarse = draw_pairs(samples=48, nodes=256, steps=25, viscosity=0.1, key=jax.random.key(0))
    assert coarse.largest_error > 10 * pairs.largest_error


def test_initial_data_have_the_published_variance(pairs):
    means = np.mean(np.asarray(pairs.inputs) ** 2, axis=(1, 2))
    assert abs(means.mean() - 1.0908) < 4 * means.std() / math.sqrt(means.size)
    assert np.abs(np.mean(pairs.inputs, axis=-1)).max() < 1e-6


def test_every_resolution_sees_the_same_functions(pairs):
    inputs, outputs = pairs.at(64)
    np.testing.assert_array_equal(inputs, pairs.inputs[..., ::4])
    np.testing.assert_array_equal(outputs, pairs.outputs[..., ::4])


def test_more_samples_add_functions_and_change_none(pairs):
    few = draw_pairs(samples=3, nodes=256, steps=100, viscosity=0.1, key=jax.random.key(0))
    np.testing.assert_allclose(few.inputs, pairs.inputs[:3], atol=1e-12)
    np.testing.assert_allclose(few.outputs, pairs.outputs[:3], atol=1e-12)


# --- options ----------------------------------------------------------------------------------------------------------


def test_every_scale_is_consistent_and_the_baseline_is_not_smaller():
    from sciml.experiments.fno import _check, _cnn, _fno

    for config in (Config(), *SCALES.values()):
        _check(config)
        sizes = [
            sum(
                leaf.size for leaf in jax.tree.leaves(jax.eval_shape(lambda c=config, b=build: b(c, jax.random.key(0))))
            )
            for build in (_fno, _cnn)
        ]
        assert sizes[0] <= sizes[1] <= 1.1 * sizes[0]
        assert config.train_samples >= config.batch_size
    assert set(PUBLISHED["FNO"]) == set(PUBLISHED["FCN"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"refinements": (2, 4)}, "must begin with 1"),
        ({"refinements": (1,)}, "second entry"),
        ({"refinements": (1, 3)}, r"is none of \[48\]"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run(dataclasses.replace(TINY, **change), jax.random.key(0))


# --- the whole --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[0, 1])
def report(request):
    return run(CHEAP, jax.random.key(request.param))


@pytest.mark.slow
def test_the_claims_hold_for_every_seed(report):
    assert {claim.text: claim.value for claim in report.claims if not claim.holds} == {}
    operator, growth, cnn_growth, ratio, data = (claim.value for claim in report.claims)
    # What was seen over four seeds, with a margin: a change of kind shows here before a claim fails.
    assert 0.01 < operator < 0.03 and 0.7 < growth < 1.05 and cnn_growth > 6 and ratio < 0.8 and data < 1e-4


@pytest.mark.slow
def test_the_cnn_keeps_its_error_when_its_output_is_interpolated(report):
    found = report.metrics
    assert found["cnn_interpolated_error_64"] == found["cnn_error_64"]
    assert found["cnn_interpolated_error_128"] == pytest.approx(found["cnn_error_64"], rel=0.02)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fno")


@pytest.fixture(scope="module")
def tiny(folder):
    return run(TINY, jax.random.key(0), out=folder)


@pytest.mark.slow
def test_claims_that_do_not_hold_are_reported(tiny):
    assert not tiny.holds and len(tiny.claims) == 8
    summary = json.loads(json.dumps(tiny.summary(), allow_nan=False))
    assert {"fno_error_16", "cnn_error_32", "ifno_l2_error_16", "ifno_l4_trained_on_error_32"} <= set(
        summary["metrics"]
    )
    errors, models, data = tiny.tables
    assert errors.columns[:4] == ("grid", "paper: FCN", "paper: FNO", "CNN") and len(errors.rows) == 2
    assert [row[0] for row in models.rows] == ["FNO", "CNN", "IFNO L=2", "IFNO L=4", "IFNO L=4, trained on"]
    assert [row[2] for row in models.rows] == [3, 3, 3, 3, 1]
    assert data.rows[0][1] == tiny.metrics["data_largest_error"]


@pytest.mark.slow
def test_a_second_run_finds_its_work_done(tiny, folder):
    (made,) = folder.iterdir()
    before = {path.name: path.read_bytes() for path in made.glob("*.sciml")}
    assert set(before) == {"fno.sciml", "cnn.sciml", "ifno.sciml", "ifno-deep.sciml"}
    again = run(TINY, jax.random.key(0), out=folder)
    assert {path.name: path.read_bytes() for path in made.glob("*.sciml")} == before

    def plain(metrics):
        return {name: value for name, value in metrics.items() if not name.endswith("seconds")}

    assert plain(again.metrics) == plain(tiny.metrics)


@pytest.mark.slow
def test_the_figure(tiny, tmp_path):
    (path,) = tiny.save(tmp_path)
    assert path.name == "fno.png" and path.stat().st_size > 20_000
    page = tiny.figures["fno"]()
    assert len(page.axes) == 4
    profiles = {line.get_label(): line.get_ydata() for line in page.axes[1].lines}
    assert set(profiles) == {"u(x, 0)", "exact u(x, 1)", "FNO", "CNN"}
    assert all(line.size == 33 and line[0] == line[-1] for line in profiles.values())
