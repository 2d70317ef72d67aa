"""Diagnostics of tails: normal, Lipschitz and heavy-tailed samples whose figures are known."""

import math

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.metrics import (
    gaussian_universality_gap,
    hill_estimator,
    lipschitz_statistics,
    lipschitz_tail,
    sampler_lipschitz,
    sub_gaussian_proxy,
)
from sciml.solvers import solve_on_times

DRAW = np.random.default_rng(0)
NORMAL = DRAW.normal(size=(100000, 8))
HEAVY = NORMAL / np.sqrt(DRAW.gamma(1.5, 1 / 1.5, size=(100000, 1)))
"""Student's law with three degrees of freedom."""
MATRIX = DRAW.normal(size=(8, 8))


def columns(samples):
    found = lipschitz_statistics(jnp.asarray(samples), projections=4, key=jax.random.key(0))
    return [np.asarray(found["norm"]), np.asarray(found["largest"]), *np.asarray(found["projections"]).T]


def test_linear_images_of_normal_noise_obey_the_bound_with_their_largest_singular_value():
    scale = float(np.linalg.norm(MATRIX, 2))
    for values in columns(NORMAL @ MATRIX.T + 3.0):
        assert lipschitz_tail(values, scale) <= math.log(2)
        assert sub_gaussian_proxy(values) <= scale


def test_heavy_tails_break_it_for_the_norm_and_for_projections():
    for values in columns(HEAVY):
        assert lipschitz_tail(values, float(values.std())) > 5
        assert sub_gaussian_proxy(values) > 1.5 * values.std()


def test_the_tail_index_of_student_s_law_is_its_degrees_of_freedom():
    assert abs(hill_estimator(np.linalg.norm(HEAVY, axis=1)) - 3) < 0.3
    assert hill_estimator(np.linalg.norm(NORMAL, axis=1)) > 15


def test_the_constant_of_a_curved_sampler_is_that_of_its_derivative():
    def sampler(z):
        return jnp.tanh(jnp.asarray(MATRIX) @ z)

    noise = 0.1 * jnp.asarray(NORMAL[0])
    found = jax.jit(lambda z: sampler_lipschitz(sampler, z, iterations=60, key=jax.random.key(1)))(noise)
    np.testing.assert_allclose(found, np.linalg.norm(jax.jacobian(sampler)(noise), 2), rtol=1e-4)


def test_a_solver_of_diffrax_is_a_sampler_when_it_has_both_modes():
    def sampler(z):
        rates = jnp.asarray([0.0, 1.0])
        solver = diffrax.Heun(scan_kind="bounded")
        return solve_on_times(lambda t, x, args: -rates * x, solver, jnp.linspace(0.0, 1.0, 5), z)

    np.testing.assert_allclose(sampler_lipschitz(sampler, jnp.ones(2), key=jax.random.key(2)), 1, rtol=1e-6)


def test_linear_classifiers_cannot_tell_lipschitz_images_from_normal_laws():
    labels = DRAW.integers(0, 2, 4000)
    bent = NORMAL[:4000] + 0.5 * np.tanh(NORMAL[:4000]) + 0.3 * labels[:, None]
    found = gaussian_universality_gap(bent, labels, training=400)
    assert abs(found.samples - found.normal) < 0.015
    # The sign of a coordinate tells the class; a few large values drown that for the law with its moments.
    far = np.where(DRAW.random((4000, 1)) < 0.02, 40.0, 0.5) * np.sign(labels - 0.5)[:, None]
    found = gaussian_universality_gap(np.concatenate([1e-3 * NORMAL[:4000, :2], far], axis=1), labels, training=400)
    assert found.samples < 0.15 and found.normal > 0.3


def test_arguments_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="must be positive, got 0"):
        lipschitz_tail(NORMAL[:, 0], 0.0)
    with pytest.raises(ValueError, match="twenty samples"):
        sub_gaussian_proxy(NORMAL[:5, 0])
    with pytest.raises(ValueError, match="ten positive values"):
        hill_estimator(NORMAL[:100, 0])
    with pytest.raises(ValueError, match="labels 0 and 1"):
        gaussian_universality_gap(NORMAL[:100], np.zeros(100, int), training=50)
