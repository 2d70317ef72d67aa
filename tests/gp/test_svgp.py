"""Sparse variational processes: the bound, and training on batches."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import sciml
from sciml.gp import GP, SVGP, Dense, GaussianLikelihood, PoissonLikelihood, SVGPLoss
from sciml.kernels import Matern52
from sciml.parameters import Fixed

X = jnp.asarray(np.sort(np.random.default_rng(0).uniform(0, 3, 15)))
Y = jnp.sin(3 * X)
KERNEL = 2.0 * Matern52(0.4)
NOISE = 0.1


@eqx.filter_jit
def bound(model, points, values):
    return -values.size * SVGPLoss(values.size)(model, (points, values))[0]


def best(inducing):
    """The optimal law for normal noise, in closed form: that of a linear model whose features are the whitened kernels."""
    model = SVGP(KERNEL, inducing, GaussianLikelihood(NOISE), mean=0.3)
    size = inducing.size
    root = np.linalg.cholesky(KERNEL.gram(inducing) + 2e-10 * np.eye(size))
    columns = np.linalg.solve(root, KERNEL.gram(inducing, X))
    covariance = np.linalg.inv(np.eye(size) + columns @ columns.T / NOISE)
    mean = covariance @ columns @ (np.asarray(Y) - 0.3) / NOISE
    law = (jnp.asarray(mean), jnp.asarray(np.linalg.cholesky(covariance)))
    return eqx.tree_at(lambda m: (m.whitened_mean, m.whitened_root), model, law)


def test_the_bound_is_the_evidence_at_its_best_and_below_it_else():
    exact = GP(KERNEL, X, NOISE, mean=0.3, solver=Dense())
    evidence = float(exact.log_prob(Y))
    full = best(X)
    assert float(bound(full, X, Y)) == pytest.approx(evidence, abs=1e-6)
    new = jnp.array([0.2, 1.5, 3.3])
    np.testing.assert_allclose(eqx.filter_jit(full)(new), exact.condition(Y)(new), rtol=1e-6)
    assert float(bound(best(X[::2]), X, Y)) < evidence - 1e-3
    for seed in range(3):
        random = np.random.default_rng(seed)
        law = (jnp.asarray(random.normal(size=15)), jnp.asarray(np.eye(15) + 0.1 * random.normal(size=(15, 15))))
        worse = eqx.tree_at(lambda m: (m.whitened_mean, m.whitened_root), full, law)
        assert float(bound(worse, X, Y)) < evidence


def test_batches_estimate_the_bound_without_bias():
    model = best(X)
    loss = eqx.filter_jit(SVGPLoss(15))
    parts = [loss(model, (X[i : i + 5], Y[i : i + 5]))[0] for i in (0, 5, 10)]
    assert float(sum(parts)) / 3 * -15 == pytest.approx(float(bound(model, X, Y)), rel=1e-10)


@pytest.mark.slow
def test_training_on_batches_raises_the_bound_of_counts():
    x = jnp.linspace(0.0, 1.0, 200)
    counts = jax.random.poisson(jax.random.key(0), jnp.exp(1 + jnp.sin(6 * x)))
    model = SVGP(0.5 * Matern52(0.3), jnp.linspace(0.0, 1.0, 6), PoissonLikelihood(), rules={"mean": Fixed()})
    result = sciml.fit(
        model,
        SVGPLoss(200),
        (x, counts),
        optimizer=optax.adam(0.03),
        steps=150,
        batch_size=40,
        progress=False,
        key=jax.random.key(1),
    )
    trained = result.model
    assert float(bound(trained, x, counts)) > float(bound(model, x, counts)) + 200

    def error(model):
        return float(jnp.sqrt(jnp.mean((model(x)[0] - 1 - jnp.sin(6 * x)) ** 2)))

    assert error(trained) < error(model) / 2
    # What is fixed has stayed, the rest has moved.
    assert float(trained.mean) == 0.0
    assert not jnp.array_equal(trained.free, model.free)


def test_shapes_and_failures_speak():
    model = SVGP(Matern52(0.4), jnp.zeros(2), GaussianLikelihood(NOISE), jitter=0.0)
    with pytest.raises(Exception, match="at the inducing points is not positive definite"):
        model(X)
    with pytest.raises(ValueError, match=r"inducing points have shape \(2,\), the given ones \(15, 1\)"):
        model(X[:, None])
    with pytest.raises(ValueError, match="one value per point is needed"):
        SVGPLoss(15)(model, (X, Y[1:]))
