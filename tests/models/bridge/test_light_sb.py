"""The light Schroedinger bridge: closed forms, the h-transform, marginals by simulation and without, training."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import sciml
from sciml.models import LightSB, LightSBLoss
from sciml.solvers import EulerMaruyama, solve_sde

KEYS = jax.random.split(jax.random.key(0), 6)
MODEL = LightSB(
    0.5 * jnp.log(jnp.asarray([0.5, 0.2, 0.3])),
    jnp.asarray([[1.0, 0.0], [-1.0, 0.5], [0.0, -1.0]]),
    jnp.log(jnp.asarray([[0.3, 0.6], [0.5, 0.2], [1.5, 0.4]])),
    0.5,
)


def test_one_component_between_normal_laws_is_the_closed_form():
    """`S^2 + noise S = Sigma`: quadratic in the data, so that two points with the right variance stand for each law."""
    noise, sigma = 0.3, 2.0
    ends = jnp.asarray([[1.0], [-1.0]])

    def loss(scale):
        model = LightSB(jnp.zeros(1), jnp.zeros((1, 1)), jnp.log(scale)[None, None], noise)
        return LightSBLoss()(model, (ends, sigma**0.5 * ends))[0]

    best = (-noise + np.sqrt(noise**2 + 4 * sigma)) / 2
    np.testing.assert_allclose(jax.grad(loss)(jnp.asarray(best)), 0, atol=1e-12)
    assert loss(jnp.asarray(best)) < min(loss(jnp.asarray(best * 1.05)), loss(jnp.asarray(best / 1.05)))


def test_normaliser_and_potential_belong_together():
    np.testing.assert_allclose(MODEL.log_normaliser(jnp.zeros(2)), jax.nn.logsumexp(MODEL.potentials / 0.5), atol=1e-14)
    side = jnp.linspace(-12, 12, 241)
    points = jnp.stack(jnp.meshgrid(side, side), axis=-1).reshape(-1, 2)
    x = jnp.asarray([0.4, -0.6])
    weights = jnp.exp(points @ x / MODEL.noise + jax.vmap(MODEL.log_potential)(points))
    np.testing.assert_allclose(jnp.log(jnp.sum(weights) * 0.1**2), MODEL.log_normaliser(x), rtol=1e-8)
    weights = weights / jnp.sum(weights)
    mean, covariance = MODEL.moments(x)
    np.testing.assert_allclose(weights @ points, mean, rtol=1e-8)
    np.testing.assert_allclose(weights @ points, MODEL.mean(x), rtol=1e-8)
    off = points - mean[None]
    np.testing.assert_allclose((weights[:, None] * off).T @ off, covariance, rtol=1e-8)


def test_full_matrices_are_diagonal_ones_in_a_turned_frame():
    """One frame for all components: everything turns with it."""
    mirrors = jnp.tile(jnp.asarray([[[1.0, 0.7, -0.2], [0.1, -2.0, 0.4]]]), (3, 1, 1))
    plain = LightSB(MODEL.potentials, jnp.eye(3) - 0.5, jnp.log(jnp.asarray([[0.3, 0.6, 1.0]])) * jnp.ones((3, 1)), 0.5)
    turn = np.eye(3)
    for normal in np.asarray(mirrors[0]):
        turn = turn @ (np.eye(3) - 2 * np.outer(normal, normal) / (normal @ normal))
    full = LightSB(plain.potentials, plain.centres @ turn.T, plain.log_scales, 0.5, mirrors)
    x = jnp.asarray([0.3, -0.4, 0.8])

    @jax.jit
    def everything(model, x):
        return model.drift(0.4, x), *model.moments(x), model.mean(x), model.log_potential(x), model.log_normaliser(x)

    for one, other in zip(everything(full, turn @ x), everything(plain, x)):
        turned = [other, turn @ other, turn @ other @ turn.T][other.ndim] if other.ndim else other
        np.testing.assert_allclose(one, turned, rtol=1e-10, atol=1e-12)
    draws = jax.vmap(lambda key: full(turn @ x, key=key))(jax.random.split(KEYS[0], 4000))
    np.testing.assert_allclose(np.cov(draws.T), full.moments(turn @ x)[1], atol=0.04)


def test_a_full_start_is_a_diagonal_start():
    centres = jnp.asarray([[1.0, 0.5], [0.0, -1.0]])
    plain, full = LightSB.at(centres, noise=0.3), LightSB.at(centres, noise=0.3, full=True, key=KEYS[0])
    np.testing.assert_allclose(full.drift(0.3, centres[0]), plain.drift(0.3, centres[0]), rtol=1e-12)


@pytest.mark.parametrize("t", [0.0, 0.3, 0.9])
def test_the_drift_is_that_of_the_h_transform(t):
    side = jnp.linspace(-10, 10, 401)
    points = jnp.stack(jnp.meshgrid(side, side), axis=-1).reshape(-1, 2)

    def logarithm(x):
        squares = jnp.sum((points - x[None]) ** 2, axis=1) / (2 * MODEL.noise * (1 - t))
        return jax.nn.logsumexp(
            -squares + jnp.sum(points**2, axis=1) / (2 * MODEL.noise) + jax.vmap(MODEL.log_potential)(points)
        )

    x = jnp.asarray([0.7, 0.2])
    np.testing.assert_allclose(MODEL.drift(t, x), MODEL.noise * jax.grad(logarithm)(x), rtol=1e-6)


def test_simulated_marginals_are_those_without_simulation():
    starts = 0.5 * jax.random.normal(KEYS[0], (4000, 2))

    @jax.jit
    def simulate(starts, keys):
        def path(x, key):
            return solve_sde(
                MODEL.drift, lambda t, x, args: jnp.full_like(x, MODEL.noise**0.5), x, t0=0.0, t1=1.0, steps=100,
                save_every=50, method=EulerMaruyama(), key=key,
            ).values[-2:]  # fmt: skip

        return jax.vmap(path, out_axes=1)(starts, keys)

    simulated = simulate(starts, jax.random.split(KEYS[1], 4000))
    direct = [
        jax.jit(jax.vmap(lambda x, key, t=t: MODEL.at_time(t, x, key=key)))(starts, jax.random.split(KEYS[2], 4000))
        for t in (0.5, 1.0)
    ]
    for one, other in zip(simulated, direct):
        np.testing.assert_allclose(one.mean(axis=0), other.mean(axis=0), atol=0.06)
        np.testing.assert_allclose(np.cov(one.T), np.cov(other.T), atol=0.08)


def test_the_drift_is_regular_at_the_end_and_runs_in_diffrax():
    brownian = diffrax.VirtualBrownianTree(0.0, 1.0, 1e-3, (), KEYS[3])
    term = diffrax.MultiTerm(
        diffrax.ODETerm(MODEL.drift),
        diffrax.ControlTerm(lambda t, x, args: jnp.full((2,), MODEL.noise**0.5), brownian),
    )  # fmt: skip
    end = diffrax.diffeqsolve(term, diffrax.Euler(), 0.0, 1.0, 0.05, jnp.zeros(2)).ys
    assert (
        end is not None and bool(jnp.isfinite(end).all()) and bool(jnp.all(jnp.isfinite(MODEL.drift(1.0, jnp.ones(2)))))
    )


def test_training_finds_a_potential_that_is_known():
    """Pairs from a given bridge: the loss comes close to that of the truth and the conditional means agree."""
    starts = jax.random.normal(KEYS[4], (8000, 2))
    ends = jax.jit(jax.vmap(lambda x, key: MODEL(x, key=key)))(starts, jax.random.split(KEYS[5], 8000))
    shuffled = ends[jax.random.permutation(KEYS[0], 8000)]
    model = LightSB.at(ends[:10], noise=MODEL.noise)
    result = sciml.fit(
        model, LightSBLoss(), (starts, shuffled), optimizer=optax.adam(1e-2), steps=800, batch_size=128, progress=False,
        key=KEYS[1],
    )  # fmt: skip
    found, truth, first = (float(LightSBLoss()(one, (starts, shuffled))[0]) for one in (result.model, MODEL, model))
    assert found < truth + 0.02 * (first - truth)
    gap = jax.vmap(result.model.mean)(starts[:500]) - jax.vmap(MODEL.mean)(starts[:500])
    assert float(jnp.sqrt(jnp.mean(gap**2))) < 0.1 * float(jnp.std(ends))


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match=r"must be positive, got 0.0 and 0.1"):
        LightSB.at(jnp.zeros((2, 2)), noise=0.0)
    with pytest.raises(ValueError, match="full matrices start from random frames, give a `key`"):
        LightSB.at(jnp.zeros((2, 2)), noise=0.1, full=True)
    with pytest.raises(ValueError, match=r"takes one sample of shape \(2,\), got \(3,\); `jax.vmap` takes many"):
        MODEL.drift(0.5, jnp.zeros(3))
    with pytest.raises(ValueError, match=r"takes one sample of shape \(2,\), got \(1,\)"):
        MODEL.log_potential(jnp.zeros(1))
