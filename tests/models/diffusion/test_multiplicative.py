"""Geometric Brownian motion and what comes back from it: for log-normal data everything is known."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import sciml
from sciml.models import DenseField
from sciml.models.diffusion import (
    BrownianMotion,
    DenoiserScore,
    DenoisingLoss,
    GeometricBrownian,
    ImplicitScoreLoss,
    MultiplicativeScore,
    OrnsteinUhlenbeck,
    fokker_planck_residual,
    probability_flow,
    sample_dale_langevin,
    sample_reverse,
)
from sciml.solvers import solve_on_times

MEAN, SPREAD = 0.3, 0.5
"""Of the logarithm of the data."""
PROCESS = GeometricBrownian(volatility=1.0, horizon=9.0)
GROWING = GeometricBrownian(volatility=0.7, growth=0.6, horizon=9.0)


class ExactScore(eqx.Module):
    """Of log-normal data, with a slope and a constant in place of the true ones where they are given."""

    process: GeometricBrownian
    slope: float | jax.Array = 1.0
    offset: float | jax.Array = 0.0

    def score(self, t, x):
        middle = MEAN + self.process.logarithmic_drift * t
        variance = SPREAD**2 + self.process.volatility**2 * t
        return -(1 + self.offset + self.slope * (jnp.log(x) - middle) / variance) / x


def end_samples(process, count, key):
    deviation = np.sqrt(SPREAD**2 + process.volatility**2 * process.horizon)
    middle = MEAN + process.logarithmic_drift * process.horizon
    return jnp.exp(middle + deviation * jax.random.normal(key, (count,)))


@pytest.mark.parametrize("process", [PROCESS, GROWING], ids=["driftless", "growing"])
def test_noised_data_have_the_law_of_the_equation(process):
    """Milstein steps of the equation from one point."""
    steps, end, sigma = 200, 1.0, process.volatility

    def step(x, number):
        noise = jnp.sqrt(end / steps) * jax.random.normal(jax.random.fold_in(jax.random.key(0), number), x.shape)
        levy = sigma * process.diffusion(0.0, x) * (noise**2 - end / steps) / 2
        return x + process.drift(0.0, x) * end / steps + process.diffusion(0.0, x) * noise + levy, None

    ends = np.log(jax.jit(lambda: jax.lax.scan(step, jnp.full(20000, 1.5), jnp.arange(steps))[0])())
    direct = np.log(process.noised(end, jnp.full(20000, 1.5), jax.random.normal(jax.random.key(1), (20000,))))
    np.testing.assert_allclose(ends.mean(), direct.mean(), atol=4 * sigma * (2 / 20000) ** 0.5)
    np.testing.assert_allclose([ends.std(), direct.std()], sigma, rtol=0.03)


@pytest.mark.parametrize("process", [PROCESS, GROWING], ids=["driftless", "growing"])
def test_the_exact_score_leads_back_to_log_normal_data_at_first_order(process):
    score = ExactScore(process).score
    sample = jax.jit(sample_dale_langevin, static_argnums=(0, 1))

    def found(steps):
        times = jnp.geomspace(process.horizon, 1e-3, steps + 1)
        noise = end_samples(process, 40000, jax.random.key(2))
        return np.log(sample(process, score, noise, times, key=jax.random.key(3)))

    coarse, fine = found(25), found(400)
    np.testing.assert_allclose(fine.mean(), MEAN, atol=4 * SPREAD / 200)
    np.testing.assert_allclose(fine.std(), SPREAD, rtol=0.02)
    # 16 times the steps: the error of 25 steps is far outside the noise, that of 400 inside it.
    assert abs(coarse.std() - SPREAD) > 4 * abs(fine.std() - SPREAD)


def test_steps_of_any_length_keep_the_sign_and_those_without_the_transform_do_not():
    score, times = ExactScore(PROCESS).score, jnp.linspace(9.0, 1e-2, 6)
    noise = end_samples(PROCESS, 4000, jax.random.key(4))
    assert np.all(sample_dale_langevin(PROCESS, score, noise, times, key=jax.random.key(5)) > 0)
    # The exact score of a negative number is not a number.
    assert np.mean(np.isnan(sample_reverse(PROCESS, score, noise, times, key=jax.random.key(5)))) > 0.01


def test_both_samplers_agree_as_steps_get_short():
    process = GeometricBrownian(horizon=1.0)
    score = ExactScore(process).score
    noise = end_samples(process, 40000, jax.random.key(6))

    def apart(steps):
        times, key = jnp.linspace(1.0, 1e-2, steps + 1), jax.random.key(7)
        ambient = jax.jit(lambda noise: sample_reverse(process, score, noise, times, key=key))(noise)
        dale = jax.jit(lambda noise: sample_dale_langevin(process, score, noise, times, key=key))(noise)
        means = np.abs(np.mean([ambient**0.5, ambient], axis=1) / np.mean([dale**0.5, dale], axis=1) - 1)
        return means, np.mean(np.abs(ambient / dale - 1))

    (_, coarse), (means, fine) = apart(50), apart(400)
    np.testing.assert_array_less(means, 1e-3)
    # Sample by sample the plain Euler steps are of order 1/2.
    np.testing.assert_allclose(coarse / fine, 8**0.5, rtol=0.2)


def test_it_is_the_variance_exploding_diffusion_of_the_logarithms():
    inner = DenoiserScore(DenseField(3, width=8, depth=2, key=jax.random.key(8)), PROCESS.logarithm, spread=0.5)
    model = MultiplicativeScore(inner, PROCESS)
    times = jnp.geomspace(9.0, 1e-2, 20)
    noise = jnp.exp(3 * jax.random.normal(jax.random.key(9), (50, 3)))
    key = jax.random.key(10)
    multiplied = sample_dale_langevin(PROCESS, jax.vmap(model.score, (None, 0)), noise, times, key=key)
    added = sample_reverse(PROCESS.logarithm, jax.vmap(inner.score, (None, 0)), jnp.log(noise), times, key=key)
    np.testing.assert_allclose(multiplied, jnp.exp(added), rtol=1e-10)
    data = jnp.exp(jax.random.normal(jax.random.key(11), (20, 3)))
    by_factors = DenoisingLoss(PROCESS, concentration=float("inf"))(model, data, key)[0]
    by_terms = DenoisingLoss(PROCESS.logarithm, concentration=float("inf"))(inner, jnp.log(data), key)[0]
    np.testing.assert_allclose(by_factors, by_terms, rtol=1e-10)


def test_the_flow_has_the_marginals_too():
    score = ExactScore(GROWING).score
    times = jnp.geomspace(9.0, 1e-3, 401)
    noise = end_samples(GROWING, 2000, jax.random.key(12))
    flow = probability_flow(GROWING, score)
    data = jax.jit(lambda noise: solve_on_times(flow, diffrax.Heun(), GROWING.horizon - times, noise))(noise)
    # The flow of normal laws is linear in the logarithm: each sample keeps its quantile.
    middle = MEAN + GROWING.logarithmic_drift * 9.0
    quantile = (jnp.log(noise) - middle) / np.sqrt(SPREAD**2 + 0.49 * 9.0)
    np.testing.assert_allclose(jnp.log(data), MEAN + SPREAD * quantile, atol=1e-2)


@pytest.mark.parametrize("process", [PROCESS, GROWING], ids=["driftless", "growing"])
def test_the_log_normal_density_leaves_no_residual(process):
    def log_density(t, x):
        middle, variance = MEAN + process.logarithmic_drift * t, SPREAD**2 + process.volatility**2 * t
        return jnp.sum(-jnp.log(x) - (jnp.log(x) - middle) ** 2 / (2 * variance) - jnp.log(variance) / 2)

    x = jnp.exp(jax.random.normal(jax.random.key(20), (50, 2)))
    residual = jax.jit(jax.vmap(fokker_planck_residual(log_density, process)))
    np.testing.assert_allclose(residual(jnp.linspace(0.1, 5, 50), x), 0, atol=1e-10)


@pytest.mark.parametrize("process", [PROCESS, GROWING], ids=["driftless", "growing"])
def test_denoising_and_implicit_losses_have_one_gradient(process):
    """At one time, over log-normal data: half of the variance of the noise times the one is, in the gradient, the other."""
    t = 0.7
    data = jnp.exp(MEAN + SPREAD * jax.random.normal(jax.random.key(13), (200000, 1)))
    at = {"earliest": t, "concentration": float("inf")}
    process = eqx.tree_at(lambda p: p, process, GeometricBrownian(
        volatility=process.volatility, growth=process.growth, horizon=t))  # fmt: skip

    def gradient(loss):
        def value(parameters):
            return loss(process=process, **at)(ExactScore(process, *parameters), data, jax.random.key(14))[0]

        return jax.jit(jax.grad(value))((jnp.asarray(1.4), jnp.asarray(0.2)))

    denoising, implicit = np.asarray(gradient(DenoisingLoss)), np.asarray(gradient(ImplicitScoreLoss))
    np.testing.assert_allclose(denoising / (2 * t), implicit, rtol=0.03)
    exact = process.volatility**2 * np.asarray([0.4 / (SPREAD**2 + process.volatility**2 * t), 0.2])
    np.testing.assert_allclose(implicit, exact, rtol=0.03)


def test_implicit_score_matching_finds_a_normal_law():
    process = OrnsteinUhlenbeck(horizon=2.0)

    class Linear(eqx.Module):
        slope: jax.Array

        def score(self, t, x):
            return -self.slope * x / (jnp.exp(-2 * t) * 0.2 + process.noise_variance(t))

    data = jnp.sqrt(0.2) * jax.random.normal(jax.random.key(15), (100000, 2))
    slope = jax.jit(jax.grad(lambda m: ImplicitScoreLoss(process, earliest=0.05)(m, data, jax.random.key(16))[0]))
    # A parabola in the slope: its minimum from two gradients.
    low, high = (float(slope(Linear(jnp.asarray(s))).slope) for s in (0.5, 1.5))
    assert abs(0.5 - low / (high - low) - 1) < 0.02


def test_training_finds_the_exact_score():
    class Line(eqx.Module):
        slope: jax.Array
        offset: jax.Array

        def score(self, t, x):
            return ExactScore(PROCESS, self.slope, self.offset).score(t, x)

    data = jnp.exp(MEAN + SPREAD * jax.random.normal(jax.random.key(17), (20000, 1)))
    result = sciml.fit(
        Line(jnp.asarray(0.5), jnp.asarray(0.3)), DenoisingLoss(PROCESS, concentration=float("inf")), data,
        optimizer=optax.adam(optax.cosine_decay_schedule(0.03, 300)), steps=300, batch_size=512, progress=False,
        key=jax.random.key(18),
    )  # fmt: skip
    np.testing.assert_allclose([result.model.slope, result.model.offset], [1, 0], atol=0.03)


def test_constants_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="must be positive, got 0"):
        GeometricBrownian(volatility=0.0)
    assert BrownianMotion(volatility=2.0).horizon == 25.0


def test_noise_and_times_that_lead_nowhere_are_refused():
    score, times, key = ExactScore(PROCESS).score, jnp.geomspace(9.0, 1e-2, 5), jax.random.key(0)
    with pytest.raises(ValueError, match="`noise` must be positive, its least value is -1"):
        sample_dale_langevin(PROCESS, score, -jnp.ones(3), times, key=key)
    for sample in (sample_dale_langevin, sample_reverse):
        with pytest.raises(ValueError, match=r"must fall, from the horizon, noise, to the data; got 0\.01 to 9"):
            sample(PROCESS, score, jnp.ones(3), times[::-1], key=key)


def test_exponentiated_gradients_keep_signs_and_descend():
    weights = jnp.asarray([0.5, -0.5, 2.0, 0.0])

    def loss(model, batch, key):
        return jnp.sum((model - jnp.asarray([1.0, 1.0, 1.0, 1.0])) ** 2), {}

    result = sciml.fit(
        weights, loss, jnp.zeros((4, 1)), optimizer=sciml.exponentiated_gradient(0.1), steps=200, batch_size=4,
        progress=False, key=jax.random.key(19),
    )  # fmt: skip
    np.testing.assert_allclose(result.model[jnp.asarray([0, 2, 3])], [1, 1, 0], atol=1e-3)
    assert -1e-3 < result.model[1] < 0
    with pytest.raises(ValueError, match="needs the parameters"):
        sciml.exponentiated_gradient(0.1).update(weights, None)
