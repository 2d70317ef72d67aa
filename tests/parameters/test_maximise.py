"""Fits: known optima, restarts, failures that are not hidden, bounds, one compilation."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.parameters import FitResult, Interval, LogNormal, Normal, ParameterSpace, Positive, maximise


def rosenbrock(model, scale):
    x = model["x"]
    return -scale * jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def two_hills(model):
    """A small hill where the fit starts, a larger one of height 2 at 5, and nothing beyond 8."""
    x = model["x"]
    height = jnp.exp(-(x**2)) + 2 * jnp.exp(-((x - 5.0) ** 2))
    return jnp.where(jnp.abs(x) < 8, height, jnp.nan)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_a_bent_valley_at_any_scale(scale):
    fit = maximise(rosenbrock, {"x": jnp.full(4, 0.5)}, args=(jnp.array(scale),))
    # Measured: 1e-6 at worst.
    np.testing.assert_allclose(fit.model["x"], 1.0, atol=1e-5)
    assert fit.result in (FitResult.CONVERGED, FitResult.STALLED) and int(fit.evaluations[0]) < 120


def test_float32_stays_float32_and_stops():
    fit = maximise(rosenbrock, {"x": jnp.full(4, 0.5, jnp.float32)}, args=(jnp.array(1.0, jnp.float32),))
    assert fit.model["x"].dtype == fit.value.dtype == jnp.float32
    assert fit.result != FitResult.STEPS_USED_UP
    np.testing.assert_allclose(fit.model["x"], 1.0, atol=5e-3)


@pytest.mark.parametrize("parallel", [False, True])
def test_restarts_find_the_larger_hill_and_survive_nan(parallel):
    space = ParameterSpace({"x": jnp.array(0.1)}, {"x": Normal(0.0, 6.0)})
    fit = maximise(two_hills, space, restarts=12, priors=False, parallel=parallel, key=jax.random.key(3))
    assert abs(float(fit.model["x"]) - 5.0) < 1e-4 and abs(float(fit.value) - 2.0) < 1e-6
    failed = np.asarray(fit.results) == int(FitResult.NOT_FINITE)
    assert 0 < failed.sum() < 12 and np.all(np.asarray(fit.values)[failed] == -np.inf)
    assert "12 starts" in fit.sentence and fit.points.shape == (12, 1)


def test_all_failing_says_so():
    with pytest.raises(RuntimeError, match="every start failed"):
        maximise(two_hills, {"x": jnp.array(9.0)})
    fit = maximise(two_hills, {"x": jnp.array(9.0)}, throw=False)
    assert fit.result == FitResult.NOT_FINITE and float(fit.value) == -np.inf and float(fit.model["x"]) == 9.0


def test_at_a_bound_the_value_is_inside_and_close():
    fit = maximise(lambda m: m["x"], {"x": jnp.array(0.5)}, rules={"x": Interval(0.0, 1.0)})
    assert 0.999 < float(fit.model["x"]) <= 1.0 and fit.result != FitResult.NOT_FINITE


def test_maximum_a_posteriori_is_that_of_the_values():
    # Likelihood N(y = 2 | x, 1) and prior N(0, 1): the maximum is at 1, whatever the constraint's map.
    for constraint in (Positive(), Interval(0.0, 5.0)):
        rules = {"x": (constraint, Normal(0.0, 1.0))}
        fit = maximise(lambda m: -((m["x"] - 2.0) ** 2) / 2, {"x": jnp.array(0.3)}, rules=rules)
        assert abs(float(fit.model["x"]) - 1.0) < 1e-5
    fit = maximise(lambda m: jnp.zeros(()), {"x": jnp.array(0.3)}, rules={"x": LogNormal(2.0, 0.5)})
    assert abs(float(fit.model["x"]) - 2.0 * np.exp(-0.25)) < 1e-5


def test_other_data_do_not_compile_again():
    traces = []

    def objective(model, data):
        traces.append(1)
        return -jnp.sum((model["x"] - data) ** 2)

    for shift in (0.0, 1.0):
        fit = maximise(objective, {"x": jnp.array(0.3 + shift)}, args=(jnp.arange(3.0) + shift,), steps=50 + int(shift))
        assert abs(float(fit.model["x"]) - 1.0 - shift) < 1e-8
        count = len(traces) if shift == 0.0 else count
    assert len(traces) == count


def test_it_runs_inside_jit_and_steps_are_a_limit():
    @eqx.filter_jit
    def fitted(scale):
        return maximise(rosenbrock, {"x": jnp.full(4, 0.5)}, args=(scale,), steps=7)

    fit = fitted(jnp.array(1.0))
    assert fit.result == FitResult.STEPS_USED_UP and int(fit.evaluations[0]) == 7
    assert float(fit.value) > float(rosenbrock({"x": jnp.full(4, 0.5)}, 1.0))


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="nothing is free"):
        maximise(lambda m: m, 1.0)
    with pytest.raises(ValueError, match=r"give `key="):
        maximise(rosenbrock, {"x": jnp.ones(2)}, restarts=2)
    with pytest.raises(ValueError, match=r"one number, got shape \(2,\)"):
        maximise(lambda m: m["x"], {"x": jnp.ones(2)})
    with pytest.raises(ValueError, match="has been made already"):
        maximise(rosenbrock, ParameterSpace({"x": jnp.ones(2)}), rules={"x": Positive()})
