"""Phi-functions against sixty digits."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

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
