"""The experiment `dcdm`: its systems, its preconditioner, its claims for two seeds, its files."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse

from sciml.experiments._dcdm_runs import METHODS
from sciml.experiments._dcdm_systems import (
    GEOMETRIES,
    Obstacles,
    draw_obstacles,
    incomplete_cholesky,
    right_sides,
    second_difference,
    sparse_matrix,
    unknowns,
)
from sciml.experiments.dcdm import SCALES, Config, run

CHEAP = Config(cells=16, steps=300, refinements=(1, 2), samples=2, geometries=1, keep=8, pairs=(1, 2))


@pytest.mark.parametrize("shape", [(9,), (11, 14), (5, 6, 7)])
@pytest.mark.parametrize("walls", [False, True])
def test_operators_are_symmetric_and_right_beside_obstacles(shape, walls):
    free = np.ones(shape, bool)
    free[tuple(slice(2, 4) for _ in shape)] = False
    operator = second_difference(free, walls=walls)
    matrix, dense = sparse_matrix(operator).toarray(), np.asarray(operator.as_matrix())
    np.testing.assert_array_equal(dense, dense.T)
    np.testing.assert_array_equal(matrix, dense + np.diag(1.0 * ~free.ravel()))
    assert np.all(np.linalg.eigvalsh(matrix) > 0)
    # A constant next to an obstacle flows into it where it is held at zero, and nowhere at a wall.
    image = np.asarray(operator.mv(jnp.asarray(1.0 * free)))
    beside = (1, *(2 for _ in shape[1:]))
    assert image[beside] == (0 if walls else 1)
    assert np.all(image[~free] == 0) and image[(0,) * len(shape)] == len(shape)


def test_obstacles_are_the_same_on_every_grid_and_leave_room():
    shares = []
    for seed in range(20):
        obstacles = draw_obstacles(2, jax.random.key(seed))
        coarse, fine = unknowns((31, 31), obstacles), unknowns((63, 63), obstacles)
        np.testing.assert_array_equal(coarse, fine[1::2, 1::2])
        shares.append(1 - fine.mean())
        loads = np.asarray(right_sides(coarse, 3, jax.random.key(seed)))
        assert loads.shape == (3, 3, 31, 31) and np.all(loads[:, :, ~coarse] == 0)
        assert np.all(np.linalg.norm(loads.reshape(9, -1), axis=1) > 0)
    assert 0 < min(shares) < max(shares) < 0.3


def test_a_ball_hidden_by_an_obstacle_gives_way():
    everywhere = Obstacles(np.full((3, 2), 0.5), np.full(2, 0.6), np.full(2, 0.1))
    free = unknowns((16, 16), everywhere)
    loads = right_sides(free, 2, jax.random.key(0))
    np.testing.assert_array_equal(loads[2], np.stack([free, free]))


def test_the_incomplete_factor_keeps_the_pattern_and_the_matrix_on_it():
    free = unknowns((8, 9), draw_obstacles(2, jax.random.key(4)))
    matrix = sparse_matrix(second_difference(free, walls=True))
    inverse = incomplete_cholesky(matrix)
    approximation = np.linalg.inv(np.stack([inverse.matvec(e) for e in np.eye(72)], axis=1))
    np.testing.assert_allclose(approximation, approximation.T, atol=1e-10)
    on_pattern = matrix.toarray() != 0
    np.testing.assert_allclose(approximation[on_pattern], matrix.toarray()[on_pattern], atol=1e-10)
    line = sparse_matrix(second_difference(np.ones(12, bool), walls=False))
    exact = incomplete_cholesky(scipy.sparse.csr_array(line))
    np.testing.assert_allclose(exact.matvec(line @ np.arange(12.0)), np.arange(12.0), atol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cells": 4}, "`cells` must be at least 8, got 4"),
        ({"refinements": (2, 4)}, "`refinements` must begin with 1"),
        ({"refinements": (1,)}, "and have a second entry"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run(dataclasses.replace(CHEAP, **change), jax.random.key(0))


@pytest.fixture(scope="module", params=[0, 2])
def report(request):
    # Single precision outside: the experiment turns to double by itself.
    with jax.enable_x64(False):
        return run(CHEAP, jax.random.key(request.param))


@pytest.mark.slow
def test_counted_claims_hold_for_every_seed(report):
    found = report.metrics
    for geometry in GEOMETRIES:
        for cells in (16, 32):
            # Measured at this tiny training, seeds 0 to 2: 0.14 to 0.48. Long waves alone are left out: on the box
            # there are so few of them that CG is done after ten steps.
            ratio = found[f"{geometry}_{cells}_dcdm_steps"] / found[f"{geometry}_{cells}_cg_steps"]
            assert ratio < 0.6, (geometry, cells)
            assert found[f"{geometry}_{cells}_multigrid_steps"] < found[f"{geometry}_{cells}_dcdm_steps"]
    claims = {claim.text: claim for claim in report.claims}
    for start in ("obstacles held at zero, 16", "obstacles with walls, 16", "largest residual"):
        (claim,) = (claim for text, claim in claims.items() if text.startswith(start))
        assert claim.holds, claim


@pytest.mark.slow
def test_the_tables_the_summary_and_the_figure(report, tmp_path):
    steps, seconds, set_up = report.tables
    assert len(steps.rows) == len(seconds.rows) == len(set_up.rows) == 2 * len(GEOMETRIES)
    assert len(steps.columns) == len(METHODS) + 1
    summary = json.loads(json.dumps(report.summary(), allow_nan=False))
    assert summary["metrics"]["parameters"] == 4761 and summary["metrics"]["loss"] < 0.05
    (path,) = report.save(tmp_path)
    assert path.name == "dcdm.png" and path.stat().st_size > 50_000


@pytest.mark.slow
def test_three_dimensions_ritz_vectors_and_files(tmp_path):
    tiny = Config(
        dimension=3,
        cells=8,
        refinements=(1, 2),
        samples=1,
        geometries=1,
        width=2,
        pairs=(1, 1),
        steps=20,
        ritz=40,
        keep=4,
    )
    report = run(tiny, jax.random.key(0), out=tmp_path)
    assert report.metrics["walls_16_multigrid_steps"] < 10
    (folder,) = tmp_path.iterdir()
    assert {path.name for path in folder.iterdir()} >= {"network.sciml", "loss.jsonl", "checkpoint"}
    assert SCALES["full"].dimension == 3
    (path,) = report.save(tmp_path)
    assert path.stat().st_size > 50_000
