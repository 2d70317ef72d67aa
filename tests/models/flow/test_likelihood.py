"""Likelihoods of flows whose law is known."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.models import (
    CondOT,
    ContinuousFlow,
    GaussianMixture,
    NeuralODE,
    OrnsteinUhlenbeck,
    log_likelihood,
    probability_flow,
)

LAW = GaussianMixture(jnp.asarray([[2.0, 0.0], [-1.0, 1.7]]), jnp.asarray(0.3))
POINTS = LAW.sample(5, key=jax.random.key(0))
TIMES = jnp.linspace(0.0, 1.0, 129)


def velocity(t, x, args):
    return LAW.velocity(CondOT(), t, x[None])[0]


def log_density(x):
    squares = jnp.sum((x[None] - LAW.means) ** 2, axis=1)
    return jax.nn.logsumexp(-squares / 0.6) - jnp.log(2 * 2 * jnp.pi * 0.3)


EXACT = np.asarray(jax.vmap(log_density)(POINTS))


def test_the_exact_velocity_of_a_mixture_gives_its_density():
    found = jax.jit(jax.vmap(lambda x: log_likelihood(velocity, x, TIMES, solver=diffrax.Bosh3())))(POINTS)
    np.testing.assert_allclose(found, EXACT, atol=1e-4)


def test_a_continuous_flow_takes_a_velocity_that_was_trained_otherwise():
    flow = ContinuousFlow(NeuralODE(velocity))
    np.testing.assert_allclose(jax.jit(jax.vmap(flow.log_density))(POINTS), EXACT, atol=1e-2)


def test_the_estimate_is_right_in_the_mean_for_a_linear_flow():
    matrix = jnp.asarray([[0.3, 0.5], [0.1, -0.6]])

    def found(key):
        return log_likelihood(lambda t, x, args: args @ x, POINTS[0], TIMES, args=matrix, key=key)

    estimates = jax.jit(jax.vmap(found))(jax.random.split(jax.random.key(1), 400))
    exact = jax.jit(lambda: log_likelihood(lambda t, x, args: args @ x, POINTS[0], TIMES, args=matrix))()
    assert float(jnp.std(estimates)) > 0.1
    np.testing.assert_allclose(estimates.mean(), exact, atol=4 * float(jnp.std(estimates)) / 20)


def test_the_probability_flow_of_a_diffusion_with_its_own_noise():
    process = OrnsteinUhlenbeck(horizon=5.0)
    variance = process.noise_variance(jnp.asarray(5.0))

    def score(t, x):
        def phi(x):
            scale, width = process.data_scale(t), process.data_scale(t) ** 2 * 0.3 + process.noise_variance(t)
            return jax.nn.logsumexp(-jnp.sum((x[None] - scale * LAW.means) ** 2, axis=1) / (2 * width))

        return jax.grad(phi)(x)

    def noise(y):
        return -jnp.sum(y**2) / (2 * variance) - jnp.log(2 * jnp.pi * variance)

    times = 5.0 - 5.0 * jnp.linspace(1.0, 0.0, 129) ** 2
    flow = probability_flow(process, score)
    found = jax.jit(jax.vmap(lambda x: log_likelihood(flow, x, times, noise_log_density=noise)))(POINTS)
    # The law at the horizon is normal up to exp(-5).
    np.testing.assert_allclose(found, EXACT, atol=0.03)


def test_images_are_samples_too():
    image = jax.random.normal(jax.random.key(2), (1, 3, 3))
    found = log_likelihood(lambda t, x, args: -x, image, jnp.linspace(0.0, 1.0, 65), solver=diffrax.Bosh3())
    normal = -jnp.sum((jnp.e * image) ** 2) / 2 - 4.5 * jnp.log(2 * jnp.pi) + 9
    np.testing.assert_allclose(found, normal, rtol=1e-5)


def test_one_time_is_refused():
    with pytest.raises(ValueError, match="at least two"):
        log_likelihood(velocity, POINTS[0], TIMES[:1])
