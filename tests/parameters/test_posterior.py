"""NUTS against posteriors that are known in closed form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.parameters import Gamma, Interval, Normal, sample_posterior

pytest.importorskip("blackjax")


def log_likelihood(model, counts):
    """Poisson counts with a gamma rate, a normal observation, and an interval of which nothing is known."""
    poisson = jnp.sum(counts * jnp.log(model["rate"]) - model["rate"])
    return poisson - (model["x"] - 2.0) ** 2 / 2


@pytest.fixture(scope="module")
def posterior():
    model = {"rate": jnp.array(2.0), "x": jnp.array(0.5), "p": jnp.array(0.3)}
    rules = {"rate": Gamma(3.0, 2.0), "x": Normal(0.0, 1.0), "p": Interval(0.0, 1.0)}
    counts = jnp.array([2.0, 4.0, 3.0])
    return sample_posterior(
        log_likelihood, model, args=(counts,), rules=rules, samples=700, warmup=300, chains=2, key=jax.random.key(0)
    )


def test_moments_are_those_of_the_exact_posterior(posterior):
    samples = posterior.models
    # Gamma(3 + 9, 2 + 3), N(1, 1/2) and U(0, 1); about 1,000 effective samples: four standard errors.
    exact = {"rate": (12 / 5, 12 / 25), "x": (1.0, 0.5), "p": (0.5, 1 / 12)}
    for (name, (mean, variance)), effective in zip(sorted(exact.items()), posterior.effective_samples):
        assert float(effective) > 300
        assert abs(float(samples[name].mean()) - mean) < 4 * np.sqrt(variance / float(effective)), name
        assert 0.75 < float(samples[name].var()) / variance < 1.33, name


def test_what_tells_whether_to_trust_it(posterior):
    assert posterior.points.shape == (2, 700, 3) and posterior.models["x"].shape == (2, 700)
    assert float(posterior.r_hat.max()) < 1.02
    assert int(posterior.divergences.sum()) <= 2
    assert bool(jnp.all((posterior.acceptance > 0.6) & (posterior.acceptance < 0.99)))
    assert "2 chains of 700 samples" in repr(posterior)
    sums = posterior.evaluate(lambda model: model["x"] + model["p"], every=100)
    np.testing.assert_allclose(sums, (posterior.models["x"] + posterior.models["p"])[:, ::100])


def test_too_few_samples_are_refused():
    with pytest.raises(ValueError, match="samples >= 4"):
        sample_posterior(lambda m: m["x"], {"x": jnp.array(0.0)}, samples=2, key=jax.random.key(0))
