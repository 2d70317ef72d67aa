"""Turbulence diagnostics: exact on single modes in any box, consistent on random flows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.fields import SpectralField, make_basis
from sciml.metrics import (
    dissipation,
    enstrophy,
    increments,
    spectral_density,
    structure_functions,
    turbulence_scales,
)

BOX = sciml.Grid((24, 16), extent=(2.0, 5.0))
CUBE = sciml.Grid((8, 10, 8), extent=(2 * np.pi, 2 * np.pi, 4 * np.pi))


def shear(wave=2):
    _, y = BOX.coordinates()
    return jnp.asarray(np.stack([3 * np.sin(2 * np.pi * wave * y / 5.0), 0 * y]))


def random_flow(grid, seed=0):
    """Divergence-free, from a smooth stream function or vector potential."""
    basis = make_basis(grid, degree=2, precision="float64")
    rng = np.random.default_rng(seed)
    potential = jnp.asarray(rng.normal(size=(1 if grid.dimension == 2 else 3, *grid.shape)))
    field = SpectralField.state(basis, basis.encode(potential))
    return field.curl().values


def test_one_mode_has_known_figures():
    k = 2 * np.pi * 2 / 5.0
    assert float(enstrophy(shear(), BOX)) == pytest.approx(0.5 * 4.5 * k**2)
    assert float(dissipation(shear(), BOX, 0.02)) == pytest.approx(0.02 * 4.5 * k**2)
    scales = turbulence_scales(shear() + jnp.asarray([7.0, -1.0])[:, None, None] * jnp.ones((1, *BOX.shape)), BOX, 0.02)
    assert float(scales.energy) == pytest.approx(2.25) and float(scales.speed) == pytest.approx(1.5)
    assert float(scales.taylor_length) == pytest.approx(np.sqrt(8 * 2.25 / (4.5 * k**2)))
    assert float(scales.kolmogorov_length) == pytest.approx((0.02**2 / (4.5 * k**2)) ** 0.25)
    assert float(scales.taylor_reynolds) == pytest.approx(1.5 * float(scales.taylor_length) / 0.02)


def test_compression_dissipates_twice_its_gradient():
    x, _ = BOX.coordinates()
    sound = jnp.asarray(np.stack([np.sin(np.pi * x), 0 * x]))
    assert float(enstrophy(sound, BOX)) == pytest.approx(0, abs=1e-12)
    assert float(dissipation(sound, BOX, 1.0)) == pytest.approx(2 * np.pi**2 / 2)


@pytest.mark.parametrize("grid", [BOX, CUBE], ids=["plane", "space"])
def test_spectra_sum_to_energy_and_enstrophy(grid):
    u = random_flow(grid)
    k, density = spectral_density(u, grid)
    width = k[1] - k[0]
    assert float(jnp.sum(density) * width) == pytest.approx(0.5 * float(jnp.sum(u**2)) / grid.size)
    basis = make_basis(grid, degree=1, precision="float64")
    curl = SpectralField.state(basis, basis.encode(u)).curl().values
    vorticity = curl[None] if grid.dimension == 2 else curl
    np.testing.assert_allclose(
        spectral_density(vorticity, grid, of="vorticity")[1], density, atol=1e-10 * density.max()
    )
    assert float(enstrophy(u, grid)) == pytest.approx(0.5 * float(jnp.sum(vorticity**2)) / grid.size)
    assert float(dissipation(u, grid, 0.1)) == pytest.approx(0.2 * float(enstrophy(u, grid)))


def test_increments_are_differences_of_nodes():
    u = random_flow(CUBE)
    along, across = increments(u, 3, axis=1)
    assert along.shape == CUBE.shape and across.shape == (2, *CUBE.shape)
    np.testing.assert_allclose(along[2, 4, 5], u[1, 2, 7, 5] - u[1, 2, 4, 5])
    np.testing.assert_allclose(across[1, 2, 9, 5], u[2, 2, 2, 5] - u[2, 2, 9, 5])


def test_structure_functions_of_one_mode():
    grid = sciml.Grid((32, 32), extent=(1.0, 1.0))
    x, _ = grid.coordinates()
    u = jnp.asarray(np.stack([0 * x, np.sin(2 * np.pi * x)]))
    separations = [1, 4, 8]
    along, across = structure_functions(u, separations=separations)
    np.testing.assert_allclose(along, 0, atol=1e-14)
    # Along x the increment has the mean square 1 - cos(2 pi r); along y it is zero.
    np.testing.assert_allclose(across, 0.5 * (1 - np.cos(2 * np.pi * np.asarray(separations) / 32)), atol=1e-12)
    assert structure_functions(u)[0].shape == (5,)
    np.testing.assert_allclose(structure_functions(u, order=3)[1], 0, atol=1e-12)


def test_transformations_and_refusals():
    batch = jnp.stack([shear(1), shear(2)]).astype(jnp.float32)
    rates = jax.jit(jax.vmap(lambda u: turbulence_scales(u, BOX, 0.1).dissipation))(batch)
    assert rates.dtype == jnp.float32 and float(rates[1] / rates[0]) == pytest.approx(4, rel=1e-5)
    slope = jax.grad(lambda nu: dissipation(shear(), BOX, nu))(0.3)
    assert float(slope) == pytest.approx(2 * float(enstrophy(shear(), BOX)))
    with pytest.raises(ValueError, match="dissipation: needs shape"):
        dissipation(shear()[:1], BOX, 0.1)
    with pytest.raises(ValueError, match="`axis`"):
        increments(shear(), 1, axis=2)
    with pytest.raises(ValueError, match="spectral_density: needs"):
        spectral_density(shear(), CUBE)
