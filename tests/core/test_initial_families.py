"""Families of initial states: one function per key on every grid, formulas, refusals, saving."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.boundary import Neumann
from sciml.fields import SpectralField, make_basis
from sciml.random import (
    DiffusedNoise,
    GaussianBlobs,
    PiecewiseConstant,
    RandomBoxes,
    RandomFourierSeries,
    Rescaled,
    ShearLayers,
    SineFlow,
)

KEY = jax.random.key(3)
COARSE, FINE = (sciml.Grid((n, 2 * n), extent=(1.0, 1.5)) for n in (24, 48))
FAMILIES = {
    "blobs": lambda grid, **o: GaussianBlobs(grid, count=20, width=(0.01, 0.1), per_width=True, **o),
    "pieces": lambda grid, **o: PiecewiseConstant(grid, pieces=(3, 4), **o),
    "boxes": lambda grid, **o: RandomBoxes(grid, **o),
    "sines": lambda grid, **o: SineFlow(grid, modes=5, **o),
    "vorticity": lambda grid, **o: SineFlow(grid, modes=5, of="vorticity", **o),
    "shear": lambda grid, **o: ShearLayers(grid, **o),
    "sheets": lambda grid, **o: ShearLayers(grid, of="vorticity", **o),
    "noise": lambda grid, **o: DiffusedNoise(grid, smoothing=1e-2, **o),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_one_key_is_one_function_on_every_grid_and_in_both_precisions(name):
    make = FAMILIES[name]
    coarse, fine = make(COARSE, dtype="float64").sample(KEY), make(FINE, dtype="float64").sample(KEY)
    # Round-off decides which side of a jump of zero width a node is on, nothing else differs.
    np.testing.assert_allclose(coarse, fine[:, ::2, ::2], atol=1e-9 * float(jnp.abs(fine).max()))
    single = make(COARSE, dtype="float32").sample(KEY)
    assert single.dtype == jnp.float32 and coarse.dtype == jnp.float64
    np.testing.assert_allclose(single, coarse, atol=1e-4 * float(jnp.abs(coarse).max()))
    assert not np.allclose(coarse, make(COARSE, dtype="float64")(key=jax.random.key(4)))
    batch = jax.vmap(make(COARSE, dtype="float32").sample)(jax.random.split(KEY, 3))
    assert batch.shape == (3, *single.shape)


def test_blobs_are_gaussians_that_go_round():
    grid = sciml.Grid((40, 40), extent=(1.0, 1.0))
    values = np.asarray(GaussianBlobs(grid, count=1, width=(0.05, 0.05), amplitude=(2.0, 2.0)).sample(KEY))[0]
    # The integral of a bump is 2 pi s^2 a wherever it sits.
    assert values.mean() == pytest.approx(2 * np.pi * 0.05**2 * 2, rel=1e-9)
    long = sciml.Grid((20, 40), extent=(1.0, 2.0))
    tall = GaussianBlobs(long, count=1, width=(0.1, 0.1), amplitude=(1.0, 1.0), per_width=True).sample(KEY)
    assert float(jnp.mean(tall)) * 2 == pytest.approx(2 * np.pi * 0.1**2 / 0.1, rel=1e-6)


def test_pieces_are_constant_and_uniform():
    grid = sciml.Grid((40, 40), extent=(1.0, 1.0))
    values = np.asarray(PiecewiseConstant(grid, pieces=10).sample(KEY))[0]
    blocks = values.reshape(10, 4, 10, 4)
    assert (blocks == blocks[:, :1, :, :1]).all() and len(np.unique(blocks)) == 100
    draws = jax.vmap(PiecewiseConstant(grid, pieces=10, amplitude=(2.0, 4.0)).sample)(jax.random.split(KEY, 40))
    assert float(draws.min()) > 2 and float(draws.max()) < 4 and abs(float(draws.mean()) - 3) < 0.05
    walls = sciml.Grid((8,), extent=(1.0,), boundary=Neumann())
    assert len(np.unique(PiecewiseConstant(walls, pieces=2).sample(KEY))) == 2


def test_boxes_take_the_values_of_sums_of_heights():
    values = np.asarray(RandomBoxes(FINE, count=1, amplitude=(3.0, 3.0)).sample(KEY))
    assert set(np.unique(values)) == {0.0, 3.0}
    one = np.asarray(RandomBoxes(FINE, count=1, amplitude=(1.0, 1.0), width=(0.5, 0.5)).sample(KEY))
    assert one.mean() == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize("name", ["sines", "shear"])
def test_vorticity_is_that_of_the_velocity(name):
    grid = sciml.Grid((64, 256), extent=(1.0, 2.0))
    # The bend has waves up to 12 within the profile: straight layers, whose spectrum the nodes resolve.
    make = (lambda of: SineFlow(grid, of=of)) if name == "sines" else (lambda of: ShearLayers(grid, bend=0.0, of=of))
    velocity, vorticity = make("velocity").sample(KEY), make("vorticity").sample(KEY)
    basis = make_basis(grid, degree=1, precision="float64")
    curl = SpectralField.state(basis, basis.encode(velocity)).curl().values
    np.testing.assert_allclose(vorticity[0], curl, atol=1e-5 * float(jnp.abs(vorticity).max()))


def test_shear_layers_bend():
    grid = sciml.Grid((64, 128), extent=(1.0, 1.0))
    straight, bent = (np.asarray(ShearLayers(grid, bend=b).sample(KEY)) for b in (0.0, 1.0))
    assert np.ptp(straight[0], axis=0).max() < 1e-12 and np.ptp(bent[0], axis=0).max() > 1
    assert abs(bent[0]).max() <= 1 and not bent[1].any()
    assert straight[0, 0, 64] == pytest.approx(1, abs=1e-5) and straight[0, 0, 0] == pytest.approx(-1, abs=1e-5)


def test_noise_has_unit_variance_and_is_rescaled_to_bounds():
    grid = sciml.Grid((32,), extent=(2.0,))
    draws = jax.vmap(DiffusedNoise(grid, smoothing=1e-2).sample)(jax.random.split(KEY, 4000))
    assert float(jnp.mean(draws**2)) == pytest.approx(1, abs=0.05)
    white = jax.vmap(DiffusedNoise(grid, smoothing=0.0, mean_free=False).sample)(jax.random.split(KEY, 4000))
    neighbours = float(jnp.mean(white[..., 1:] * white[..., :-1]))
    assert abs(neighbours) < 0.08
    values = Rescaled(SineFlow(COARSE, modes=3), bounds=(-2.0, 5.0)).sample(KEY)
    np.testing.assert_allclose(jnp.min(values, axis=(1, 2)), -2, atol=1e-12)
    np.testing.assert_allclose(jnp.max(values, axis=(1, 2)), 5, atol=1e-12)


@pytest.mark.parametrize("name", FAMILIES)
def test_families_are_saved_and_loaded(tmp_path, name):
    family = Rescaled(FAMILIES[name](COARSE, dtype="float32"))
    sciml.save(tmp_path / "family.sciml", family)
    again = sciml.load(tmp_path / "family.sciml")
    np.testing.assert_array_equal(again.sample(KEY), family.sample(KEY))


def test_what_cannot_be_is_refused():
    line, walls = sciml.Grid((16,), extent=(1.0,)), sciml.Grid((16,), extent=(1.0,), boundary=Neumann())
    with pytest.raises(ValueError, match="periodic grid"):
        GaussianBlobs(walls)
    with pytest.raises(ValueError, match="`width` up to"):
        GaussianBlobs(line, width=(0.1, 0.3))
    with pytest.raises(ValueError, match="two positive rising numbers"):
        RandomBoxes(line, width=(0.5, 0.1))
    with pytest.raises(ValueError, match="periodic 2-dimensional"):
        SineFlow(line)
    with pytest.raises(ValueError, match="`modes` must be"):
        SineFlow(COARSE, modes=12)
    with pytest.raises(ValueError, match="`thickness`"):
        ShearLayers(COARSE, thickness=(0.1, 0.5))
    with pytest.raises(ValueError, match="one positive count per axis"):
        PiecewiseConstant(COARSE, pieces=(2, 0))
    with pytest.raises(ValueError, match="`smoothing`"):
        DiffusedNoise(line, smoothing=-1.0)
    with pytest.raises(TypeError, match="`sample"):
        Rescaled(object())
    assert RandomFourierSeries(line).sample(KEY).shape == (1, 16)
