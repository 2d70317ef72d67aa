"""All values of a Brownian tree at once are those that diffrax gives one by one."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.solvers import EulerMaruyama, brownian_increments, brownian_tree_values, solve_sde

STEPS = 300


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-12)])
def test_values_are_those_of_the_tree(dtype, tolerance):
    key, times = jax.random.key(7), jnp.linspace(0.0, 2.0, STEPS + 1, dtype=dtype)
    shape = jax.ShapeDtypeStruct((2,), jnp.dtype(dtype))
    tree = diffrax.VirtualBrownianTree(0.0, 2.0, 1.0 / STEPS, shape, key)
    theirs = jax.jit(jax.vmap(tree.evaluate))(times)
    ours = brownian_tree_values(times, t0=0.0, t1=2.0, tol=1.0 / STEPS, shape=(2,), dtype=dtype, key=key)
    assert ours.dtype == dtype
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance)


def test_a_solve_with_its_increments_is_that_of_diffrax():
    key, times, y0 = jax.random.key(8), jnp.linspace(0.0, 1.0, STEPS + 1), jnp.asarray([1.0, 0.5])
    tree = diffrax.VirtualBrownianTree(0.0, 1.0, 0.5 / STEPS, (2,), key)

    def drift(t, y, args):
        return -y + jnp.sin(5 * t)

    terms = diffrax.MultiTerm(
        diffrax.ODETerm(drift),
        diffrax.ControlTerm(lambda t, y, args: jnp.asarray([[0.3, 0.1], [-0.2, 0.4]]) * y[:, None], tree),
    )
    theirs = diffrax.diffeqsolve(
        terms, diffrax.Euler(), 0.0, 1.0, None, y0, stepsize_controller=diffrax.StepTo(ts=times), max_steps=STEPS
    )
    values = brownian_tree_values(times, t0=0.0, t1=1.0, tol=0.5 / STEPS, shape=(2,), key=key)
    ours = solve_sde(
        drift,
        lambda t, y, args: jnp.asarray([[0.3, 0.1], [-0.2, 0.4]]) * y[:, None],
        y0,
        t0=0.0,
        t1=1.0,
        steps=STEPS,
        method=EulerMaruyama(),
        increments=jnp.diff(values, axis=0),
        save_every=STEPS,
    )
    np.testing.assert_allclose(ours.values[-1], theirs.ys[-1], rtol=0, atol=1e-12)


def test_a_small_tree_and_an_old_key():
    # Fewer leaves than nodes of a chunk, and a key of the old kind.
    key, times = jax.random.PRNGKey(1), jnp.asarray([0.0, 0.3, 0.5, 1.0])
    tree = diffrax.VirtualBrownianTree(0.0, 1.0, 0.2, (), key)
    ours = brownian_tree_values(times, t0=0.0, t1=1.0, tol=0.2, shape=(), key=key)
    np.testing.assert_allclose(ours, jax.vmap(tree.evaluate)(times), rtol=0, atol=1e-12)


def test_law_of_the_increments():
    drawn = brownian_increments(20_000, 0.01, (2,), key=jax.random.key(0))
    # Four standard errors.
    assert abs(float(jnp.mean(drawn**2)) / 0.01 - 1) < 4 * np.sqrt(2 / 40_000)
    assert abs(float(jnp.mean(drawn[:, 0] * drawn[:, 1]))) / 0.01 < 4 / np.sqrt(20_000)


@pytest.mark.parametrize("wrong", [{"t1": 0.0}, {"tol": 0.0}, {"tol": 1e-9}])
def test_a_tree_that_cannot_be_is_refused(wrong):
    arguments = {"t0": 0.0, "t1": 1.0, "tol": 0.1} | wrong
    with pytest.raises(ValueError, match="brownian_tree_values"):
        brownian_tree_values(jnp.zeros(2), **arguments, shape=(), key=jax.random.key(0))
