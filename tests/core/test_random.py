"""Random fields: known variances, one function per key on every grid, gradients, refusals."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.boundary import Dirichlet, Neumann
from sciml.random import GaussianRandomField, RandomFourierSeries, lattice_noise

UNIT = (1.0, 1.0)
BURGERS = {"variance_scale": 625.0, "tau": 5.0, "alpha": 2.0}
VORTICITY = {"variance_scale": 7.0**3, "tau": 7.0, "alpha": 2.5}
DARCY = {"variance_scale": 9.0, "tau": 3.0, "alpha": 2.0}


@pytest.mark.parametrize(
    ("shape", "extent", "options", "expected"),
    [
        ((256, 256), UNIT, VORTICITY, 0.034311),
        ((64, 64), UNIT, VORTICITY, 0.034310),
        ((256, 256), UNIT, VORTICITY | {"variance_scale": 7.0**1.5}, 0.0018526),
        ((8192,), (1.0,), BURGERS, 0.35233),
        ((8192,), (2 * math.pi,), BURGERS, 1.0908),
        ((421, 421), UNIT, DARCY | {"boundary": Neumann()}, 0.085313),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_variance_is_the_published_one(shape, extent, options, expected, dtype):
    options = dict(options)
    grid = sciml.Grid(shape, extent=extent, boundary=options.pop("boundary", None))
    variance = GaussianRandomField(grid, dtype=dtype, **options).variance()
    assert variance.dtype == dtype
    digits = 4 if expected in (0.0018526, 1.0908) else 5
    assert float(variance) == pytest.approx(expected, rel=0.6 * 10.0**-digits * 10)


@pytest.mark.parametrize(
    "grid",
    [
        sciml.Grid((33,), extent=(2 * math.pi,)),
        sciml.Grid((17,), extent=(1.5,), boundary=Neumann(), nodes="cell"),
        sciml.Grid((12, 9), extent=(1.0, 2.0)),
        sciml.Grid((8, 9, 6), extent=(1.0, 2.0, 1.0)),
    ],
    ids=["periodic", "neumann", "2d", "3d"],
)
def test_samples_have_the_stated_variance(grid):
    field = GaussianRandomField(grid, variance_scale=2.0, tau=3.0, alpha=2.0, mean_free=False)
    samples = jax.jit(jax.vmap(field.sample))(jax.random.split(jax.random.key(1), 4000))
    assert samples.shape == (4000, 1, *grid.shape)
    # Mean square over nodes equals the mean over the box here: cosines on cells and waves are orthogonal on the nodes.
    assert float(jnp.mean(samples**2)) == pytest.approx(float(field.variance()), rel=0.06)
    assert abs(float(jnp.mean(samples))) < 5 * math.sqrt(float(field.variance()) / 4000)


def test_covariance_of_nodes_is_that_of_the_kernel():
    grid = sciml.Grid((15,), extent=(2.0,))
    field = GaussianRandomField(grid, variance_scale=1.0, tau=2.0, alpha=1.5, mean_free=False)
    samples = jax.vmap(field.sample)(jax.random.split(jax.random.key(2), 20000))[:, 0]
    waves = 2 * np.pi / 2.0 * np.arange(-7, 8)
    distance = grid.axes[0].coordinates()
    exact = (np.cos(np.outer(distance, waves)) @ (waves**2 + 4.0) ** -1.5) / 2.0
    measured = jnp.mean(samples[:, :1] * samples, axis=0)
    assert np.max(np.abs(np.asarray(measured) - exact)) < 0.05 * exact[0]


@pytest.mark.parametrize(
    ("coarse", "fine"), [((16,), (48,)), ((15,), (64,)), ((8, 12), (20, 15)), ((6, 6, 5), (8, 7, 9))]
)
def test_grids_share_the_modes_of_the_coarser_one(coarse, fine):
    extent = tuple(1.0 + 0.5 * i for i in range(len(coarse)))
    options = {"variance_scale": 2.0, "tau": 3.0, "alpha": 2.0, "dtype": "float64"}
    key = jax.random.key(3)
    spectra = [
        np.asarray(
            jnp.fft.fftn(GaussianRandomField(sciml.Grid(s, extent=extent), **options)(key=key)[0], norm="forward")
        )
        for s in (coarse, fine)
    ]
    keep = [np.arange(-((n - 1) // 2), (n - 1) // 2 + 1) for n in coarse]
    shared = [spectrum[np.ix_(*keep)] for spectrum in spectra]
    np.testing.assert_allclose(shared[0], shared[1], atol=1e-15)
    assert np.max(np.abs(shared[0])) > 1e-3


@pytest.mark.parametrize(
    ("boundary", "nodes"), [(None, "vertex"), (Neumann(), "vertex"), (None, "cell"), (Neumann(), "cell")]
)
def test_a_mode_budget_makes_the_same_function_on_all_grids(boundary, nodes):
    def sample(count):
        grid = sciml.Grid((count,), extent=((-1.0, 2.0),), boundary=boundary, nodes=nodes)
        field = GaussianRandomField(grid, tau=2.0, alpha=2.0, modes=7, dtype="float64")
        return grid.axes[0].coordinates(), np.asarray(field.sample(jax.random.key(4)))[0]

    fine = 45 if nodes == "cell" else (46 if boundary else 45)
    (coarse_x, coarse_u), (fine_x, fine_u) = sample(16 if boundary and nodes == "vertex" else 15), sample(fine)
    shared = np.array([int(np.argmin(np.abs(fine_x - x))) for x in coarse_x])
    np.testing.assert_allclose(fine_x[shared], coarse_x, atol=1e-12)
    np.testing.assert_allclose(fine_u[shared], coarse_u, atol=1e-12)


def test_cell_centred_fields_of_two_dimensions_are_drawn_without_rank_promotion():
    for boundary in (None, Neumann()):
        grid = sciml.Grid((12, 10), extent=(1.0, 1.0), boundary=boundary, nodes="cell")
        assert GaussianRandomField(grid, tau=3.0, alpha=2.0).sample(jax.random.key(0)).shape == (1, 12, 10)


def test_both_precisions_give_the_same_function():
    grid = sciml.Grid((32,), extent=(1.0,))
    single, double = (
        GaussianRandomField(grid, tau=3.0, alpha=2.0, dtype=dtype).sample(jax.random.key(5))
        for dtype in ("float32", "float64")
    )
    assert (single.dtype, double.dtype) == (jnp.float32, jnp.float64)
    np.testing.assert_allclose(single, double, atol=1e-6 * float(jnp.max(jnp.abs(double))))


def test_neumann_samples_have_zero_slope_at_the_ends():
    grid = sciml.Grid((401,), extent=(1.0,), boundary=Neumann())
    values = GaussianRandomField(grid, tau=3.0, alpha=3.0, modes=12, dtype="float64").sample(jax.random.key(6))[0]
    slopes = np.gradient(np.asarray(values), grid.spacings[0], edge_order=2)
    assert max(abs(slopes[0]), abs(slopes[-1])) < 1e-3 * np.max(np.abs(slopes))


def test_mean_free_field_has_no_mean_and_may_have_zero_tau():
    field = GaussianRandomField(sciml.Grid((20, 20), extent=UNIT), tau=0.0, alpha=2.0)
    sample = field.sample(jax.random.key(7))
    assert float(jnp.abs(jnp.mean(sample))) < 1e-12 < float(jnp.max(jnp.abs(sample)))


def test_parameters_are_differentiable_and_batch():
    grid = sciml.Grid((16,), extent=(1.0,))

    def energy(parameters):
        scale, tau, alpha = parameters
        return jnp.sum(
            GaussianRandomField(grid, variance_scale=scale, tau=tau, alpha=alpha).sample(jax.random.key(8)) ** 2
        )

    at = jnp.array([2.0, 3.0, 1.5])
    gradient = jax.grad(energy)(at)
    for i in range(3):
        step = jnp.zeros(3).at[i].set(1e-5)
        assert float(gradient[i]) == pytest.approx(float(energy(at + step) - energy(at - step)) / 2e-5, rel=1e-5)
    batch = jax.vmap(energy)(jnp.stack([at, 2 * at]))
    assert float(batch[1]) == pytest.approx(float(energy(2 * at)))


def test_noise_is_normal_and_nested():
    large = lattice_noise((300, 401), key=jax.random.key(9))
    np.testing.assert_array_equal(lattice_noise((40, 30), key=jax.random.key(9)), large[:40, :30])
    values = np.asarray(large, np.float64).ravel()
    assert abs(values.mean()) < 4 / math.sqrt(values.size)
    assert abs(values.var() - 1) < 4 * math.sqrt(2 / values.size)
    assert abs((values**4).mean() - 3) < 4 * math.sqrt(96 / values.size)
    for row in (large[:, :-1] * large[:, 1:], large[:-1] * large[1:]):
        assert abs(float(jnp.mean(row))) < 4 / math.sqrt(row.size)
    assert not np.array_equal(lattice_noise((40, 30), key=jax.random.key(10)), large[:40, :30])


def test_old_style_keys_and_other_generators_work():
    assert lattice_noise((3,), key=jax.random.key(0, impl="rbg")).shape == (3,)


@pytest.mark.parametrize("shapes", [((24,), (40,)), ((14, 15), (28, 45)), ((8, 9, 10), (16, 9, 20))])
def test_random_fourier_series_is_one_function(shapes):
    extent = tuple(1.0 + i for i in range(len(shapes[0])))
    key = jax.random.key(11)
    series = [RandomFourierSeries(sciml.Grid(s, extent=extent), modes=3, dtype="float64") for s in shapes]
    coarse, fine = (np.asarray(s.sample(key))[0] for s in series)
    spectra = [np.fft.fftn(u, norm="forward") for u in (coarse, fine)]
    keep = [np.arange(-3, 4)] * coarse.ndim
    np.testing.assert_allclose(spectra[0][np.ix_(*keep)], spectra[1][np.ix_(*keep)], atol=1e-13)
    inside = np.zeros_like(spectra[1])
    inside[np.ix_(*keep)] = spectra[1][np.ix_(*keep)]
    np.testing.assert_allclose(inside, spectra[1], atol=1e-13)
    assert abs(spectra[0].flat[0]) < 1e-13


def test_random_fourier_series_options():
    grid = sciml.Grid((256,), extent=(2.0,))
    keys = jax.random.split(jax.random.key(12), 50)
    scaled = jax.vmap(RandomFourierSeries(grid, modes=5).sample)(keys)
    peaks = jnp.max(jnp.abs(scaled), axis=(1, 2))
    assert float(jnp.max(jnp.abs(peaks - 1))) < 2e-3
    plain = jax.vmap(RandomFourierSeries(grid, modes=5, zero_mean=False, max_one=False).sample)(keys)
    assert float(jnp.max(jnp.abs(jnp.mean(plain, axis=(1, 2))))) > 0.1
    # A ~ U(-1, 1), phase uniform: E[A^2 cos^2] = 1/6 for each of five waves and the constant.
    many = jax.vmap(RandomFourierSeries(grid, modes=5, zero_mean=False, max_one=False).sample)(
        jax.random.split(jax.random.key(13), 4000)
    )
    assert float(jnp.mean(many**2)) == pytest.approx(1.0, rel=0.05)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: GaussianRandomField(sciml.Grid((8,), extent=(1.0,), boundary=Dirichlet()), tau=1.0, alpha=1.0),
            "Dirichlet",
        ),
        (lambda: GaussianRandomField(sciml.Grid((8,), extent=(1.0,)), tau=1.0, alpha=1.0, modes=9), "modes"),
        (lambda: RandomFourierSeries(sciml.Grid((8,), extent=(1.0,)), modes=4), "between 1 and 3"),
        (lambda: RandomFourierSeries(sciml.Grid((8,), extent=(1.0,), boundary=Neumann()), modes=2), "periodic"),
    ],
)
def test_misuse_is_refused_by_name(make, words):
    with pytest.raises(ValueError, match=words):
        make()
