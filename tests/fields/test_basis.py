"""Fourier bases: transforms, retained modes, resampling."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sciml
from sciml.fields import make_basis, resample

SHAPES = [(8,), (9,), (8, 9), (9, 8), (6, 5, 8), (5, 6, 7)]


def noise(shape, *, is_complex=False, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=shape)
    return values + 1j * rng.normal(size=shape) if is_complex else values


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize("dealiasing", ["truncation", "padding", "none"])
def test_decode_after_encode_is_a_projection(shape, is_complex, dealiasing):
    grid = sciml.Grid(shape, extent=(1.5,) * len(shape))
    basis = make_basis(grid, degree=2, dealiasing=dealiasing, is_complex=is_complex, precision="float64")
    values = jnp.asarray(noise((2, *shape), is_complex=is_complex))
    coefficients = basis.encode(values)
    assert coefficients.shape == (2, *basis.storage)
    once = basis.decode(coefficients)
    np.testing.assert_allclose(basis.decode(basis.encode(once)), once, atol=1e-13)
    odd_everywhere = all(n % 2 for n in shape)
    keeps_all = dealiasing != "truncation" and odd_everywhere
    assert np.allclose(once, values, atol=1e-12) == keeps_all


@pytest.mark.parametrize("shape", SHAPES)
def test_quadrature_round_trip_and_series_scaling(shape):
    grid = sciml.Grid(shape, extent=(2.0,) * len(shape))
    basis = make_basis(grid, degree=2, dealiasing="padding", precision="float64")
    coefficients = basis.encode(jnp.asarray(noise((1, *shape))))
    np.testing.assert_allclose(basis.from_points(basis.to_points(coefficients)), coefficients, atol=1e-11)
    shifted = basis.add_mean(coefficients, jnp.asarray([3.0]))
    np.testing.assert_allclose(basis.decode(shifted) - basis.decode(coefficients), 3.0, atol=1e-12)
    mean = basis.series_coefficients(coefficients)[(0, *([0] * len(shape)))]
    np.testing.assert_allclose(mean, jnp.mean(basis.decode(coefficients)), atol=1e-12)


@pytest.mark.parametrize("shape", [(9, 8), (6, 5, 8)])
def test_symmetrised_keeps_real_fields_and_removes_the_rest(shape):
    basis = make_basis(sciml.Grid(shape, extent=(1.0,) * len(shape)), degree=2, precision="float64")
    coefficients = basis.encode(jnp.asarray(noise((1, *shape))))
    np.testing.assert_allclose(basis.symmetrised(coefficients), coefficients, atol=1e-12)
    rough = coefficients + noise(coefficients.shape, is_complex=True)
    mended = basis.symmetrised(rough)
    np.testing.assert_allclose(
        basis.to_points(mended), basis.to_points(basis.from_points(basis.to_points(rough))), atol=1e-12
    )
    # What a transform to points cannot see is gone.
    again = basis.from_points(basis.to_points(mended))
    np.testing.assert_allclose(
        again[..., 0],
        mended[..., 0].at[(..., *([0] * (len(shape) - 1)))].set(again[(..., *([0] * len(shape)))]),
        atol=1e-11,
    )


@settings(max_examples=25, deadline=None)
@given(old=st.integers(2, 13), new=st.integers(2, 13), is_complex=st.booleans(), seed=st.integers(0, 1000))
def test_resampling_up_and_back_returns_the_data(old, new, is_complex, seed):
    values = noise((old,), is_complex=is_complex, seed=seed)
    there = resample(values, (new,))
    assert there.shape == (new,)
    if new > old:
        np.testing.assert_allclose(resample(there, (old,)), values, atol=1e-12)
    np.testing.assert_allclose(there.mean(), values.mean(), atol=1e-12) if new >= old else None


@pytest.mark.parametrize(("old", "new"), [((8,), (20,)), ((9, 8), (15, 20)), ((20, 15), (8, 9))])
def test_resampling_is_exact_for_band_limited_data(old, new):
    def wave(shape):
        grid = sciml.Grid(shape, extent=(1.0,) * len(shape))
        return sum(np.cos(2 * np.pi * (i + 2) * x + i) for i, x in enumerate(grid.coordinates()))

    np.testing.assert_allclose(resample(wave(old), new), wave(new), atol=1e-12)


def test_bases_refuse_what_they_cannot_do():
    from sciml.boundary import Dirichlet

    with pytest.raises(ValueError, match="periodic grid"):
        make_basis(sciml.Grid((8,), extent=(1.0,), boundary=Dirichlet()), degree=2)
    with pytest.raises(ValueError, match="too coarse"):
        make_basis(sciml.Grid((3,), extent=(1.0,)), degree=2)


@pytest.mark.parametrize("shape", [(31,), (32,)])
def test_short_lines_by_matrix_products_equal_the_fast_transform(shape, monkeypatch):
    """On an even count the fast one is a complex transform of half the length."""
    from sciml.fields import matrix_transform

    basis = make_basis(sciml.Grid(shape, extent=(1.0,)), degree=2, precision="float64")
    values = jnp.asarray(noise((2, *shape)))
    short = basis.encode(values), basis.decode(basis.encode(values))
    monkeypatch.setattr(matrix_transform, "LONGEST", 0)
    fast = basis.encode(values), basis.decode(basis.encode(values))
    np.testing.assert_allclose(short[0], fast[0], atol=1e-12)
    np.testing.assert_allclose(short[1], fast[1], atol=1e-13)


@pytest.mark.parametrize("count", [4, 6, 254, 1024])
@pytest.mark.parametrize("dealiasing", ["truncation", "none"])
def test_half_length_transform_of_a_line_is_the_real_transform(count, dealiasing):
    from sciml.fields import half_length

    highest = (count - 1) // 3 if dealiasing == "truncation" else count // 2 - 1
    values = noise((3, count))
    exact = np.fft.rfft(values)[:, : highest + 1]
    np.testing.assert_allclose(half_length.analyse(jnp.asarray(values), highest), exact, atol=1e-12)
    kept = np.fft.irfft(np.pad(exact, ((0, 0), (0, count // 2 - highest))), count)
    np.testing.assert_allclose(half_length.synthesise(jnp.asarray(exact), count), kept, atol=1e-13)


@settings(max_examples=12, deadline=None)
@given(shape=st.lists(st.integers(4, 8), min_size=1, max_size=3), components=st.integers(1, 3), seed=st.integers(0, 99))
def test_retained_coefficients_are_those_of_the_discrete_fourier_transform(shape, components, seed):
    """Whatever way the transform takes: single, in pairs, as a matrix product."""
    basis = make_basis(sciml.Grid(shape, extent=(1.0,) * len(shape)), degree=2, precision="float64")
    values = noise((components, *shape), seed=seed)
    full = np.fft.fftn(values, axes=range(1, len(shape) + 1))
    index = np.ix_(range(components), *(basis.mode_numbers(axis) for axis in range(len(shape))))
    np.testing.assert_allclose(basis.encode(jnp.asarray(values)), full[index], atol=1e-12)
