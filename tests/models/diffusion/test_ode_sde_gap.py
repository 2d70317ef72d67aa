"""Flow and reverse-time equation: one law with the exact score, two laws with a wrong one, apart in proportion to the error."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.metrics import sliced_wasserstein2
from sciml.models.diffusion import OrnsteinUhlenbeck, probability_flow, sample_reverse
from sciml.solvers import solve_on_times

PROCESS = OrnsteinUhlenbeck(horizon=2.0)
COUNT = 4000


@pytest.fixture(scope="module")
def both():
    """Samples of both from normal data of variance 1/2, which are stationary, with a constant added to the score."""
    times = jnp.linspace(2.0, 0.0, 201)
    noise = 0.5**0.5 * jax.random.normal(jax.random.key(0), (2, COUNT, 2))

    @jax.jit
    def sampled(offset):
        def score(t, x):
            return -2 * x + offset

        flow = solve_on_times(probability_flow(PROCESS, score), diffrax.Heun(), 2.0 - times, noise[0])
        return flow, sample_reverse(PROCESS, score, noise[1], times, key=jax.random.key(1))

    return sampled


def test_with_the_exact_score_the_two_are_as_close_as_two_draws(both):
    flow, noisy = both(0.0)
    pairs = 0.5**0.5 * jax.random.normal(jax.random.key(2), (20, 2, COUNT, 2))
    apart = jax.jit(jax.vmap(lambda pair: sliced_wasserstein2(pair[0], pair[1], key=jax.random.key(3))))(pairs)
    assert float(sliced_wasserstein2(flow, noisy, key=jax.random.key(3))) < 1.3 * float(apart.max())


def test_a_wrong_score_drives_them_apart_in_proportion(both):
    """A constant c in the score moves the flow by `c T / 2` and the mean of the equation by `c (1 - exp(-T))`."""
    base = [samples.mean(axis=0) for samples in both(0.0)]
    for offset in (0.25, 0.5, 1.0):
        flow, noisy = (samples.mean(axis=0) - start for samples, start in zip(both(offset), base))
        np.testing.assert_allclose(flow, offset, rtol=1e-6)
        np.testing.assert_allclose(noisy, offset * (1 - np.exp(-2.0)), rtol=5e-3)
