"""Forward processes, reverse-time equations, the Fokker-Planck residual: everything is known for normal mixtures."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import sciml
from sciml.models.diffusion import (
    AnchoredPotential,
    DenoisingLoss,
    FokkerPlanckLoss,
    OrnsteinUhlenbeck,
    ScorePotential,
    VarianceExploding,
    VariancePreserving,
    fokker_planck_residual,
    probability_flow,
    sample_reverse,
)
from sciml.solvers import solve_on_times

MEANS, VARIANCE = jnp.asarray([[1.5, 0.0], [-1.0, 1.0]]), 0.1
PROCESSES = {
    "Ornstein-Uhlenbeck": OrnsteinUhlenbeck(horizon=4.0),
    "variance-preserving": VariancePreserving(),
    "variance-exploding": VarianceExploding(least=0.1, largest=8.0),
}


def log_density(process):
    """Of a mixture of two normal laws under the process."""

    def phi(t, x):
        scale, variance = process.data_scale(t), process.noise_variance(t)
        width = scale**2 * VARIANCE + variance
        squares = jnp.sum((x[None] - scale * MEANS) ** 2, axis=1)
        return jax.nn.logsumexp(-squares / (2 * width)) - jnp.log(width) - jnp.log(4 * jnp.pi)

    return phi


@pytest.mark.parametrize("process", PROCESSES.values(), ids=PROCESSES)
def test_the_exact_density_leaves_no_residual(process):
    residual = jax.jit(jax.vmap(fokker_planck_residual(log_density(process), process)))
    keys = jax.random.split(jax.random.key(0))
    t = process.horizon * jax.random.uniform(keys[0], (50,), minval=0.01)
    x = 2 * jax.random.normal(keys[1], (50, 2))
    assert float(jnp.max(jnp.abs(residual(t, x)))) < 1e-9


def test_the_residual_feels_a_drift_of_the_constant_alone():
    process, x = PROCESSES["Ornstein-Uhlenbeck"], jnp.asarray([0.4, -1.0])
    phi = log_density(process)
    shifted = jax.jit(fokker_planck_residual(lambda t, x: phi(t, x) + 3.0, process))(0.5, x)
    drifting = jax.jit(fokker_planck_residual(lambda t, x: phi(t, x) + 3.0 * t, process))(0.5, x)
    np.testing.assert_allclose([shifted, drifting], [0, 3], atol=1e-12)


@pytest.mark.parametrize("process", PROCESSES.values(), ids=PROCESSES)
def test_paths_of_the_equation_have_the_marginals(process):
    """Euler steps of `dX = -rate X dt + g dW` from one point, against `a` and `s`."""
    steps, end = 400, 0.5 * process.horizon
    length = end / steps

    def step(x, given):
        number, t = given
        noise = jax.random.normal(jax.random.fold_in(jax.random.key(1), number), x.shape)
        return x * (1 - process.rate(t) * length) + jnp.sqrt(process.squared_diffusion(t) * length) * noise, None

    ends = jax.jit(
        lambda: jax.lax.scan(
            step, jnp.full(8000, 1.5), (jnp.arange(steps), length * jnp.linspace(0.5, steps - 0.5, steps))
        )[0]
    )()
    t = jnp.asarray(end)
    np.testing.assert_allclose(ends.mean(), 1.5 * process.data_scale(t), atol=0.05 * float(jnp.std(ends)))
    np.testing.assert_allclose(ends.var(), process.noise_variance(t), rtol=0.05)


@pytest.mark.parametrize("name", ["Ornstein-Uhlenbeck", "variance-preserving"])
def test_the_exact_score_leads_back_to_the_data(name):
    process = PROCESSES[name]
    score = jax.vmap(jax.grad(log_density(process), argnums=1), (None, 0))
    times = process.horizon * jnp.linspace(1.0, 1e-3**0.5, 401) ** 2
    noise = jnp.sqrt(process.noise_variance(times[0])) * jax.random.normal(jax.random.key(2), (4000, 2))
    by_noise = jax.jit(lambda noise: sample_reverse(process, score, noise, times, key=jax.random.key(3)))(noise)
    flow = probability_flow(process, score)
    by_flow = jax.jit(lambda noise: solve_on_times(flow, diffrax.Heun(), process.horizon - times, noise))(noise)
    for samples in (by_noise, by_flow):
        np.testing.assert_allclose(samples.mean(axis=0), MEANS.mean(axis=0), atol=0.08)
        nearest = jnp.min(jnp.sum((samples[:, None] - MEANS[None]) ** 2, axis=-1), axis=1)
        np.testing.assert_allclose(nearest.mean(), 2 * VARIANCE, rtol=0.12)


def test_the_loss_is_least_at_the_exact_score():
    process = PROCESSES["Ornstein-Uhlenbeck"]

    class Exact:
        def __init__(self, offset):
            self.offset = offset

        def score(self, t, x):
            return jax.grad(log_density(process), argnums=1)(t, x) + self.offset

    keys = jax.random.split(jax.random.key(4), 3)
    data = MEANS[jax.random.randint(keys[0], (4000,), 0, 2)] + VARIANCE**0.5 * jax.random.normal(keys[1], (4000, 2))
    loss = jax.jit(lambda offset: DenoisingLoss(process)(Exact(offset), data, keys[2])[0])
    exact, off = loss(0.0), loss(0.3)
    # The difference is the weighted square of the offset; its mean weight is that of s^2 over the times.
    weight = jnp.mean(jax.vmap(process.noise_variance)(jnp.linspace(1e-3, 4.0, 2001)))
    np.testing.assert_allclose(off - exact, 0.09 * weight, rtol=0.15)


@pytest.mark.parametrize("process", PROCESSES.values(), ids=PROCESSES)
def test_an_anchored_potential_at_zero_is_the_score_of_normal_data(process):
    network = ScorePotential(2, width=4, depth=1, key=jax.random.key(6))
    model = AnchoredPotential(jax.tree.map(jnp.zeros_like, network), process, spread=1.5)
    t, x = jnp.asarray(0.3), jnp.asarray([0.4, -1.0])
    exact = -x / (2.25 * process.data_scale(t) ** 2 + process.noise_variance(t))
    np.testing.assert_allclose(model.score(t, x), exact, rtol=1e-12)
    # A normal law solves the Fokker-Planck equation but for its normalisation, which is a function of time alone.
    residual = fokker_planck_residual(model, process)
    np.testing.assert_allclose(residual(t, x), residual(t, 2 * x), atol=1e-10)


def test_both_losses_train_a_potential():
    keys = jax.random.split(jax.random.key(5), 3)
    data = MEANS[jax.random.randint(keys[0], (512,), 0, 2)]
    model = ScorePotential(2, width=16, depth=2, key=keys[1])
    loss = FokkerPlanckLoss(DenoisingLoss(OrnsteinUhlenbeck(horizon=4.0)), points=64)
    result = sciml.fit(
        model, loss, data, optimizer=optax.adam(3e-3), steps=200, batch_size=64, progress=False, key=keys[2]
    )
    history = result.history
    assert history["denoising"][-20:].mean() < 0.8 * history["denoising"][:20].mean()
    assert history["residual"][-20:].mean() < 0.5 * history["residual"][:20].mean()
