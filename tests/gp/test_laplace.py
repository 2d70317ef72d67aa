"""Latent processes by the Laplace approximation, beside the exact process and scikit-learn."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.gp import (
    GP,
    Bernoulli,
    Dense,
    GaussianLikelihood,
    LatentGP,
    PoissonLikelihood,
    StudentTLikelihood,
)
from sciml.kernels import RBF, Matern52

X = jnp.asarray(np.sort(np.random.default_rng(0).uniform(0, 3, 15)))
Y = jnp.sin(3 * X)
NEW = jnp.array([0.2, 1.5, 3.3])
KERNEL = 2.0 * Matern52(0.4)


@eqx.filter_jit
def condition(gp, values):
    return gp.condition(values)


def test_with_normal_noise_it_is_the_exact_process():
    latent = condition(LatentGP(KERNEL, X, GaussianLikelihood(0.1), mean=0.3), Y)
    exact = GP(KERNEL, X, 0.1, mean=0.3, solver=Dense())
    assert float(latent.log_evidence) == pytest.approx(float(exact.log_prob(Y)), abs=1e-8)
    mean, variance = exact.condition(Y)(NEW)
    np.testing.assert_allclose(latent(NEW), (mean, variance), rtol=1e-8)
    np.testing.assert_allclose(latent.observation(NEW), (mean, variance + 0.1), rtol=1e-8)


def test_other_counts_do_not_compile_again(caplog):
    gp, compiled = LatentGP(KERNEL, X, PoissonLikelihood()), []
    for counts in (jnp.ones(15), jnp.arange(15.0)):
        with jax.log_compiles(), caplog.at_level("WARNING"):
            gp.condition(counts)
        compiled.append(sum("Compiling jit" in record.getMessage() for record in caplog.records))
        caplog.clear()
    assert compiled[0] > 0 and compiled[1] == 0


def test_the_gradient_goes_through_the_mode_where_curvatures_are_negative():
    law, values = StudentTLikelihood(0.1, 3.0), Y.at[7].add(5.0)

    @jax.jit
    def both(step):
        def along(step):
            moved = jax.tree.map(lambda parameter: parameter * (1 + step), law)
            return LatentGP((2 + step) * Matern52(0.4 * (1 - step)), X, moved, mean=0.1 + step).log_evidence(values)

        return jax.value_and_grad(along)(step)

    step = 1e-5
    difference = (both(step)[0] - both(-step)[0]) / (2 * step)
    assert float(both(0.0)[1]) == pytest.approx(float(difference), rel=1e-5)


def test_classes_are_those_of_scikit_learn():
    process = pytest.importorskip("sklearn.gaussian_process")
    theirs = process.GaussianProcessClassifier(
        process.kernels.ConstantKernel(2.0) * process.kernels.RBF(0.4), optimizer=None, max_iter_predict=1000
    ).fit(np.asarray(X)[:, None], np.asarray(Y > 0.2))

    def evidence(log_parameters):
        variance, lengthscale = jnp.exp(log_parameters)
        return LatentGP(variance * RBF(lengthscale), X, Bernoulli(), jitter=0.0).log_evidence(Y > 0.2)

    at = np.log([2.0, 0.4])
    value, gradient = jax.jit(jax.value_and_grad(evidence))(jnp.asarray(at))
    their_value, their_gradient = theirs.log_marginal_likelihood(at, eval_gradient=True)
    assert float(value) == pytest.approx(their_value, abs=1e-6)
    # They stop Newton's method earlier.
    np.testing.assert_allclose(gradient, their_gradient, rtol=1e-4)


def test_the_mode_of_counts_is_stationary_and_points_where_many_were_counted():
    counts = jnp.array([0, 1, 0, 2, 30, 200, 180, 25, 1, 0, 0, 3, 1, 0, 2.0])
    posterior = condition(LatentGP(KERNEL, X, PoissonLikelihood(), mean=1.0), counts)
    prior = KERNEL.gram(X) + 2e-10 * jnp.eye(15)
    slope = counts - jnp.exp(posterior.latent) - jnp.linalg.solve(prior, posterior.latent - 1.0)
    assert float(jnp.abs(slope).max()) < 1e-6
    mean, variance = posterior.observation(X)
    assert int(mean.argmax()) == 5 and (variance > mean).all()


def test_student_t_noise_resists_an_outlier():
    spoilt = Y.at[7].add(5.0)
    place = X[7:8]
    gaussian = condition(LatentGP(KERNEL, X, GaussianLikelihood(0.01), mean=0.0), spoilt)(place)[0] - Y[7]
    robust = condition(LatentGP(KERNEL, X, StudentTLikelihood(0.1, 3.0)), spoilt)(place)[0] - Y[7]
    assert abs(float(robust[0])) < abs(float(gaussian[0])) / 3


def test_a_mode_that_is_not_found_is_never_silent():
    counts = jnp.full(15, 3.0).at[2].set(jnp.nan)
    with pytest.raises(Exception, match="Newton's method did not find the most probable latent values"):
        condition(LatentGP(KERNEL, X, PoissonLikelihood(), mean=1.0), counts)
    assert jnp.isnan(condition(LatentGP(KERNEL, X, PoissonLikelihood(), throw=False), counts).log_evidence)
    with pytest.raises(ValueError, match=r"have the shape of the points, \(15,\), got \(14,\)"):
        LatentGP(KERNEL, X, PoissonLikelihood()).log_evidence(counts[1:])


def test_single_precision():
    gp = LatentGP(KERNEL, X.astype(jnp.float32), GaussianLikelihood(0.1), jitter=0.0)
    single = condition(gp, Y.astype(jnp.float32)).log_evidence
    assert single.dtype == jnp.float32
    assert float(single) == pytest.approx(float(GP(KERNEL, X, 0.1, solver=Dense()).log_prob(Y)), abs=1e-4)
