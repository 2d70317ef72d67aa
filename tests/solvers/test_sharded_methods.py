"""Integrators other than the default on fields split over devices; what a mesh does not suit is refused by name."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml import physics
from sciml.boundary import Dirichlet, Periodic
from sciml.data import read_hdf5
from sciml.parallel import domain_mesh
from sciml.solvers import ARS222, CNAB2, SBDF3, Stepper, Strang, rollout, rollout_to_file

SLABS = domain_mesh((2,), jax.devices()[:2])
GRID = sciml.Grid((12, 10), extent=(6.0, 6.0))
VORTICITY = physics.NavierStokesVorticity(viscosity=1e-2)
W0 = np.random.default_rng(0).normal(size=(1, 12, 10))


@pytest.mark.parametrize("method", [CNAB2(), SBDF3(), ARS222(), Strang()], ids=lambda method: type(method).__name__)
def test_split_equals_whole(method):
    options = {"dt": 1e-3, "steps": 6, "save_every": 2, "method": method}
    whole, split = (rollout(VORTICITY, GRID, W0, **options, mesh=mesh) for mesh in (None, SLABS))
    np.testing.assert_allclose(split.values, whole.values, atol=1e-13)
    assert split.values.sharding.spec[2] == "slab"


def test_gradient_through_a_history_that_is_split():
    def loss(viscosity, mesh):
        equation = physics.NavierStokesVorticity(viscosity=viscosity)
        solution = rollout(equation, GRID, W0, dt=1e-2, steps=4, save_every=4, method=SBDF3(), mesh=mesh, throw=False)
        return jnp.sum(solution.values[-1] ** 2)

    np.testing.assert_allclose(jax.grad(loss)(1e-2, SLABS), jax.grad(loss)(1e-2, None), rtol=1e-12)


def test_a_split_run_is_written_and_goes_on(tmp_path):
    stepper = Stepper.build(VORTICITY, GRID, dt=1e-3, method=CNAB2(), precision="float64", mesh=SLABS)
    rollout_to_file(stepper, W0, tmp_path / "w.h5", steps=4, save_every=2)
    done = rollout_to_file(stepper, W0, tmp_path / "w.h5", steps=8, save_every=2)
    assert (done.frames, done.resumed) == (5, 3)
    whole = rollout(VORTICITY, GRID, W0, dt=1e-3, steps=8, save_every=2, method=CNAB2())
    np.testing.assert_allclose(read_hdf5(done.path).trajectories[0], whole.values, atol=1e-13)


def test_an_adaptive_solve_takes_a_state_that_is_split():
    split = jax.device_put(jnp.asarray(W0), jax.NamedSharding(SLABS, jax.P(None, "slab")))
    for levels in (None, 0):
        runs = [sciml.solve(VORTICITY, GRID, w, ts=[0.0, 0.1], rtol=1e-6, step_levels=levels) for w in (W0, split)]
        np.testing.assert_allclose(runs[1].values, runs[0].values, atol=1e-12)


def test_walls_are_refused_in_one_sentence():
    channel = sciml.Grid((12, 10), extent=(6.0, 6.0), boundary=(Periodic(), Dirichlet()))
    with pytest.raises(NotImplementedError, match=r"^`mesh`: only periodic grids are split over devices, got Grid"):
        rollout(VORTICITY, channel, W0, dt=1e-3, steps=1, mesh=SLABS)
