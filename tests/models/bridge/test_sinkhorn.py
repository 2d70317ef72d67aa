"""The discrete bridge: marginals, moments and drift of the plan that Sinkhorn's algorithm finds."""

import builtins

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.models import discrete_bridge

pytest.importorskip("ott")
NOISE = 0.4
START, END = jax.random.normal(jax.random.key(0), (2, 40, 2)) * jnp.asarray([1.0, 1.5])[:, None, None]


@pytest.fixture(scope="module")
def found():
    return discrete_bridge(START, END, noise=NOISE, tolerance=1e-6)


def plan_by_hand():
    """Scaling in double precision."""
    kernel = np.exp(-np.sum((np.asarray(START)[:, None] - np.asarray(END)[None]) ** 2, axis=-1) / (2 * NOISE))
    columns = np.ones(40)
    for _ in range(3000):
        rows = 1 / (kernel @ columns)
        columns = 1 / (kernel.T @ rows)
    return rows[:, None] * kernel * columns[None]


def test_the_conditional_laws_are_the_rows_of_the_plan(found):
    plan = plan_by_hand()
    np.testing.assert_allclose(plan.sum(axis=1), 1, rtol=1e-8)
    means, covariances = jax.jit(jax.vmap(found.model.moments))(START)
    np.testing.assert_allclose(means, plan @ END, atol=1e-5)
    squares = np.einsum("ij,ja,jb->iab", plan, END, END)
    np.testing.assert_allclose(covariances, squares - means[:, :, None] * means[:, None, :], atol=1e-5)
    assert bool(found.converged) and 0 < int(found.iterations) < 5000


def test_draws_are_samples_and_the_drift_leads_to_the_mean(found):
    model, x = found.model, START[0]
    draw = model(x, key=jax.random.key(1))
    assert float(jnp.min(jnp.sum((END - draw[None]) ** 2, axis=1))) < 1e-24
    np.testing.assert_allclose(model.drift(0.0, x), model.mean(x) - x, rtol=1e-10)


def test_what_makes_no_sense_is_refused(monkeypatch):
    with pytest.raises(ValueError, match=r"`noise` must be positive, got -1.0"):
        discrete_bridge(START, END, noise=-1.0)
    with pytest.raises(ValueError, match=r"must be \(n, d\) and \(m, d\), got \(40, 2\) and \(40, 1\)"):
        discrete_bridge(START, END[:, :1], noise=NOISE)
    real = builtins.__import__

    def absent(name, *args, **kwargs):
        if name.startswith("ott"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ImportError, match=r"pip install 'sciml\[transport\]'"):
        discrete_bridge(START[:3], END[:3], noise=NOISE)
