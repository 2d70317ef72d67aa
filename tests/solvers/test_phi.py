"""Phi-functions against sixty digits."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import scipy.linalg

from sciml.solvers.exponential.phi import phi_combinations, phi_matrices

ROWS = [[0, 1], [0, 0, 1], [0, 0, 0, 1], [0, 1, -3, 4], [0, 0, 2, -4], [0, 0, -1, 4]]
ARGUMENTS = {
    "negative": -np.logspace(-6, 4, 40) + 0j,
    "imaginary": 1j * np.logspace(-6, 3, 40),
    "positive": np.logspace(-6, 1.4, 30) + 0j,
    "diagonal": (-1 + 2j) * np.logspace(-4, 2.5, 30),
    "around the switch": 2.0 * np.exp(1j * np.linspace(0, 2 * np.pi, 17)) * np.where(np.arange(17) % 2, 0.999, 1.001),
}


def exact(z, row):
    with mpmath.workdps(60):
        z = mpmath.mpc(z)
        total = mpmath.mpc(0)
        for k, weight in enumerate(row):
            if weight:
                total += weight * (mpmath.e**z - sum(z**j / mpmath.factorial(j) for j in range(k))) / z**k
        return complex(total)


@pytest.mark.parametrize("where", ARGUMENTS)
def test_scalar_combinations(where):
    z = ARGUMENTS[where]
    single = z.astype(np.complex64)
    truth = np.array([[exact(value, row) for value in z] for row in ROWS])
    truth_single = np.array([[exact(complex(value), row) for value in single] for row in ROWS])
    host = phi_combinations(z, ROWS)
    traced = np.asarray(jax.jit(lambda z: phi_combinations(z, ROWS))(jnp.asarray(z)))
    short = np.asarray(jax.jit(lambda z: phi_combinations(z, ROWS))(jnp.asarray(single)))
    assert np.max(np.abs(host - truth) / np.abs(truth)) < 1e-13
    assert np.max(np.abs(traced - truth) / np.abs(truth)) < 1e-13
    assert short.dtype == np.complex64
    # phi_1 of large imaginary numbers has zeros on the axis: there the error is measured against 1 / |z|.
    scale = np.maximum(np.abs(truth_single), 1e-2 / np.maximum(1, np.abs(single)))
    assert np.max(np.abs(short - truth_single) / scale) < 2e-5


def test_zero_and_gradients_are_finite():
    z = jnp.asarray([0.0, 1e-8, -3.0, 2.0])
    values = phi_combinations(z, [[0, 1], [0, 0, 1]])
    np.testing.assert_allclose(values[:, 0], [1.0, 0.5])
    slopes = jax.vmap(jax.grad(lambda z: phi_combinations(z, [[0, 1]])[0]))(z)
    assert bool(jnp.all(jnp.isfinite(slopes)))
    np.testing.assert_allclose(slopes[0], 0.5, atol=1e-12)


@pytest.mark.parametrize("host", [True, False])
def test_matrices_agree_with_the_definition_also_where_defective(host):
    rng = np.random.default_rng(0)
    z = np.concatenate([3 * rng.normal(size=(2, 2, 3)) + 1j * rng.normal(size=(2, 2, 3)), np.zeros((2, 2, 1))], axis=2)
    z[0, 1, 3] = 1.0  # nilpotent
    phis = [np.moveaxis(np.asarray(p), -1, 0) for p in phi_matrices(z if host else jnp.asarray(z), 3)]
    blocks = np.moveaxis(z, -1, 0)
    identity = np.eye(2)[None]
    for k, factorial in enumerate([1, 1, 2]):
        np.testing.assert_allclose(phis[k], identity / factorial + blocks @ phis[k + 1], atol=1e-12)
    np.testing.assert_allclose(phis[0][3], [[1, 1], [0, 1]], atol=1e-14)


@pytest.mark.parametrize(("dtype", "error"), [("float64", 2e-14), ("complex128", 2e-14), ("float32", 1e-5)])
def test_matrices_of_every_norm(dtype, error):
    """Damped, rotating and growing blocks against the exponential of the augmented matrix."""
    rng = np.random.default_rng(1)
    size, highest = 3, 3
    blocks = rng.normal(size=(9, size, size)) - 2 * np.eye(size)
    blocks *= np.logspace(-4, 2, 9)[:, None, None]
    blocks[-3:] -= 100 * np.eye(size)
    z = np.moveaxis(blocks, 0, -1).astype(dtype)
    augmented = np.kron(np.eye(highest + 1, k=1), np.eye(size)) + np.zeros((9, 1, 1))
    augmented[:, :size, :size] = blocks
    truth = scipy.linalg.expm(augmented)[:, :size]
    for found in (phi_matrices(z, highest), jax.jit(lambda z: phi_matrices(z, highest))(jnp.asarray(z))):
        for k, phi in enumerate(found):
            assert phi.dtype == dtype
            gap = np.abs(np.moveaxis(np.asarray(phi), -1, 0) - truth[:, :, k * size : (k + 1) * size])
            assert np.all(gap < error * np.maximum(1, np.abs(blocks).max((1, 2)))[:, None, None])


def test_matrices_at_their_edges():
    first, second = phi_matrices(jnp.zeros((2, 2)), 1)
    assert np.array_equal(first, np.eye(2)) and np.array_equal(second, np.eye(2))
    assert np.all(np.isnan(phi_matrices(jnp.full((2, 2), jnp.nan), 1)[1]))
    first, second = phi_matrices(-1e12 * jnp.eye(2), 1)
    assert np.array_equal(first, np.zeros((2, 2)))
    np.testing.assert_allclose(second, 1e-12 * np.eye(2), rtol=1e-13)
    direction, at = jnp.array([[0.3, -1.0], [0.5, 0.2]]), jnp.array([[1.0, 2.0], [-3.0, 0.5]])
    _, slope = jax.jvp(lambda z: phi_matrices(z, 0)[0], (at,), (direction,))
    np.testing.assert_allclose(slope, scipy.linalg.expm_frechet(np.asarray(at), np.asarray(direction))[1], rtol=1e-11)


def test_traced_tables_call_no_lapack():
    """Two batched LAPACK calls at the same moment lock up jaxlib 0.10 on two cores: a notebook hung for five minutes on it."""
    z = jax.ShapeDtypeStruct((2, 2, 9), jnp.float32)
    with jax.enable_x64(False):
        assert "lapack" not in jax.jit(lambda z: phi_matrices(z, 3)).lower(z).as_text()
