"""Solutions that were made elsewhere, by other codes. Skipped, saying so, where the folder of data is absent."""

import os
from pathlib import Path

import numpy as np
import pytest
import scipy.io

import sciml
from sciml import physics

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("SCIML_REFERENCE_DATA", ROOT.parent / "shared" / "data"))


def load(name):
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"reference data {name} not found; set SCIML_REFERENCE_DATA to the folder that holds it")
    return scipy.io.loadmat(path)


@pytest.mark.slow
def test_burgers_shock():
    """u_t + u u_x = (0.01 / pi) u_xx from -sin(pi x): a shock of width 0.002 at the origin, given on 256 nodes."""
    data = load("burgers_shock.mat")
    x, times, reference = data["x"].ravel(), data["t"].ravel(), data["usol"]
    grid = sciml.Grid((2048,), extent=((-1.0, 1.0),))
    u0 = -np.sin(np.pi * grid.coordinates()[0])[None]
    equation = physics.Burgers(viscosity=0.01 / np.pi)
    solution = sciml.solvers.rollout(equation, grid, u0, dt=1e-4, steps=9900, save_every=100)
    np.testing.assert_allclose(solution.times, times, atol=1e-12)
    basis = sciml.fields.make_basis(grid, degree=1, precision="float64")
    series = np.asarray(basis.series_coefficients(basis.encode(solution.values)))[:, 0]
    waves = (
        np.exp(1j * np.outer(np.pi * np.arange(series.shape[1]), x + 1))
        * np.where(np.arange(series.shape[1]), 2, 1)[:, None]
    )
    ours = (series @ waves).real.T
    assert np.abs(ours - reference).max() < 1e-9, np.abs(ours - reference).max()


def test_schroedinger_second_order_soliton():
    """i h_t + h_xx / 2 + |h|^2 h = 0 from 2 sech(x) on [-5, 5), to t = pi / 2."""
    data = load("nls.mat")
    times, reference = data["tt"].ravel(), data["uu"]
    grid = sciml.Grid((256,), extent=((-5.0, 5.0),))
    np.testing.assert_allclose(grid.axes[0].coordinates(), data["x"].ravel(), atol=1e-2)
    psi0 = (2 / np.cosh(grid.coordinates()[0]))[None].astype(complex)
    dt = times[1] / 8
    solution = sciml.solvers.rollout(
        physics.NonlinearSchroedinger(), grid, psi0, dt=dt, steps=1600, save_every=8, dealiasing="padding"
    )
    np.testing.assert_allclose(solution.times, times, atol=1e-12)
    ours = np.asarray(solution.values)[:, 0].T
    error = np.linalg.norm(ours - reference) / np.linalg.norm(reference)
    assert error < 1e-5, error
