"""Metrics against closed forms, Parseval, each other; both precisions, complex fields, gradients at zero."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml import metrics
from sciml.boundary import Dirichlet
from sciml.metrics._error import difference

GRID = sciml.Grid((24, 15), extent=(2.0, 1.0))


@pytest.fixture(scope="module", params=["float32", "float64", "complex128"])
def pair(request):
    generator = np.random.default_rng(0)
    values = generator.normal(size=(2, 2, *GRID.shape))
    if request.param.startswith("complex"):
        values = values + 1j * generator.normal(size=values.shape)
    return tuple(jnp.asarray(values.astype(request.param)))


def test_norms_are_those_of_numpy(pair):
    prediction, target = (np.asarray(p) for p in pair)
    error = np.abs(prediction - target).astype(float)
    expected = {
        "rmse": np.sqrt(np.mean(error**2)),
        "relative_l2": np.linalg.norm(error) / np.linalg.norm(target),
        "maximum_error": error.max(),
        "nrmse": np.mean([np.linalg.norm(e) / np.linalg.norm(t) for e, t in zip(error, target)]),
        "vrmse": np.mean([np.sqrt(np.mean(e**2)) / np.std(t) for e, t in zip(error, target)]),
        "conserved_rmse": np.sqrt(np.mean(np.abs(np.mean(prediction - target, axis=(1, 2))) ** 2)),
    }
    for name, value in expected.items():
        measured = getattr(metrics, name)(*pair)
        assert measured.shape == () and not jnp.iscomplexobj(measured)
        assert float(measured) == pytest.approx(value, rel=2e-6), name
    for p in (1.0, 3.0):
        relative = (np.sum(error**p) / np.sum(np.abs(target) ** p)) ** (1 / p)
        assert float(metrics.relative_lp(*pair, p=p)) == pytest.approx(relative, rel=2e-6)


def test_boundary_counts_each_node_once(pair):
    edge = np.ones(GRID.shape, bool)
    edge[1:-1, 1:-1] = False
    error = np.abs(np.asarray(pair[0]) - np.asarray(pair[1]))[:, edge]
    assert float(metrics.boundary_rmse(*pair)) == pytest.approx(float(np.sqrt(np.mean(error**2))), rel=2e-6)


def test_lp_error_integrates_over_a_grid():
    x = jnp.asarray(GRID.coordinates()[0])
    wave = jnp.sin(np.pi * x)[None]
    zero = jnp.zeros_like(wave)
    assert float(metrics.lp_error(wave, zero, grid=GRID)) == pytest.approx(1.0)  # integral of sin^2 over the box is 1
    assert float(metrics.lp_error(wave, zero, p=4.0, grid=GRID)) == pytest.approx(0.75**0.25)
    with pytest.raises(ValueError, match="periodic or of cells"):
        metrics.lp_error(wave, zero, grid=sciml.Grid(GRID.shape, extent=(2.0, 1.0), boundary=Dirichlet()))


def test_band_errors_add_up_to_the_whole(pair):
    bands = metrics.band_rmse(*pair, borders=(2, 5))
    assert bands.shape == (3,)
    assert float(jnp.sqrt(jnp.sum(bands**2))) == pytest.approx(float(metrics.rmse(*pair)), rel=1e-6)


def test_bands_separate_scales_in_two_dimensions():
    x, y = (jnp.asarray(c) for c in sciml.Grid((64, 64), extent=(1.0, 1.0)).coordinates())
    target = jnp.stack([jnp.cos(2 * np.pi * (3 * x + 2 * y)), jnp.cos(2 * np.pi * 8 * y) + jnp.cos(2 * np.pi * 20 * x)])
    prediction = target.at[0].multiply(1.1)
    relative = metrics.relative_band_errors(prediction, target)
    np.testing.assert_allclose(relative, [0.1, 0.0, 0.0], atol=1e-12)
    # Definition of the paper by hand: |k| of (3, 2) rounds to 4, low band of shells 0..4; amplitudes 1/2 at +-k.
    expected = np.sqrt(2 * 0.05**2 / 2) / 5
    np.testing.assert_allclose(metrics.fourier_rmse(prediction, target), [expected, 0.0, 0.0], atol=1e-12)


@pytest.mark.parametrize("shape", [(16,), (15,), (12, 10), (9, 8, 7)])
def test_energy_spectrum_of_one_wave(shape):
    x = np.meshgrid(*(np.arange(n) / n for n in shape), indexing="ij")
    wave = jnp.asarray(3.0 * np.cos(2 * np.pi * 2 * x[0]))[None]
    spectrum = metrics.energy_spectrum(wave)
    assert spectrum.shape == (min(shape) // 2 + 1,)
    expected = np.zeros(spectrum.shape)
    expected[2] = 9 / 4
    np.testing.assert_allclose(spectrum, expected, atol=1e-12)
    assert float(metrics.energy_spectrum(jnp.ones((1, *shape)), density=1.0)[0]) == pytest.approx(1.0)


@pytest.mark.parametrize("order", [-1.5, 0.0, 1.0, 2.0])
def test_sobolev_norm_of_waves_on_a_box(order):
    x, y = (jnp.asarray(c) for c in GRID.coordinates())
    k, m = 2 * np.pi * 3 / 2.0, 2 * np.pi * 2 / 1.0
    wave = (jnp.sin(k * x + m * y) + 0.5)[None]
    expected = np.sqrt(0.5 * (1 + k**2 + m**2) ** order + 0.25)
    assert float(metrics.sobolev_norm(wave, GRID, order=order)) == pytest.approx(expected)
    seminorm = np.sqrt(0.5 * (k**2 + m**2) ** order)
    assert float(metrics.sobolev_norm(wave, GRID, order=order, homogeneous=True)) == pytest.approx(seminorm)


def test_sobolev_of_order_zero_is_l2_and_complex_agrees(pair):
    expected = float(metrics.relative_l2(*pair))
    assert float(metrics.relative_sobolev(*pair, GRID, order=0.0)) == pytest.approx(expected, rel=2e-6)
    if not jnp.iscomplexobj(pair[0]):
        wide = tuple(p.astype(jnp.complex128) for p in pair)
        for order in (-1.0, 1.0):
            real, complex_ = (metrics.relative_sobolev(*fields, GRID, order=order) for fields in (pair, wide))
            assert float(real) == pytest.approx(float(complex_), rel=2e-5)


@pytest.mark.parametrize("name", ["relative_l2", "rmse", "nrmse", "vrmse", "maximum_error"])
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_gradients_at_zero_error_are_zero(name, dtype):
    target = jnp.asarray(np.linspace(1.0, 2.0, 6), dtype)[None]
    metric = getattr(metrics, name)
    gradient = jax.grad(lambda scale: metric((scale * target.real).astype(dtype), target))(1.0)
    assert float(gradient) == 0.0


def test_gradient_agrees_with_differences():
    target = jnp.asarray(np.random.default_rng(1).normal(size=(1, 16)))
    grid = sciml.Grid((16,), extent=(1.0,))

    def value(scale):
        return metrics.relative_sobolev(scale * target**2, target, grid, order=1.0)

    numeric = (value(1.3 + 1e-6) - value(1.3 - 1e-6)) / 2e-6
    assert float(jax.grad(value)(1.3)) == pytest.approx(float(numeric), rel=1e-6)


def test_same_field_on_two_grids_gives_the_same_figures():
    def figures(count):
        x = jnp.asarray(2 * np.pi * np.arange(count) / count)
        target, prediction = jnp.sin(x) + jnp.cos(7 * x), 1.1 * jnp.sin(x) + jnp.cos(7 * x + 0.1)
        grid = sciml.Grid((count,), extent=(1.0,))
        args = (prediction[None], target[None])
        return jnp.stack(
            [
                metrics.relative_l2(*args),
                metrics.relative_sobolev(*args, grid),
                *metrics.band_rmse(*args),
                metrics.vrmse(*args),
            ]
        )

    np.testing.assert_allclose(figures(32), figures(96), atol=1e-12)


def test_precisions_and_reality_may_differ():
    target = jnp.ones((1, 4), jnp.float32)
    for dtype in (jnp.float64, jnp.complex64, jnp.complex128):
        for metric in (metrics.relative_l2, metrics.nrmse):
            assert float(metric(1.5 * jnp.ones((1, 4), dtype), target)) == pytest.approx(0.5)


def test_shapes_are_checked():
    with pytest.raises(ValueError, match=r"\(1, 8\) and \(1, 9\)"):
        difference(jnp.ones((1, 8)), jnp.ones((1, 9)))  # the public functions' annotations refuse it first under test
    with pytest.raises(ValueError, match="borders"):
        metrics.band_rmse(jnp.ones((1, 8)), jnp.ones((1, 8)), borders=(5, 3))
    with pytest.raises(ValueError, match="periodic"):
        metrics.sobolev_norm(jnp.ones((1, 8)), sciml.Grid((9,), extent=(1.0,)))
