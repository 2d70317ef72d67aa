"""The divergence along a path: constant controls, the same law, and the exact divergence of Gaussian chains."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.solvers import divergence_rate, path_divergence, solve_sde, with_divergence

MATRIX = jnp.asarray([[0.5, 0.1, 0.0], [-0.2, 0.8, 0.3]])


def prior(t, y, args):
    return -y


GENERAL = {
    "diagonal": (lambda t, y, args: 0.5 + 0.1 * jnp.cos(y), lambda g, u: g * u[:2]),
    "general": (lambda t, y, args: MATRIX + 0.1 * jnp.sin(t), lambda g, u: g @ u),
}


@pytest.mark.parametrize("name", GENERAL)
def test_constant_control_has_the_divergence_of_girsanov(name):
    diffusion, apply = GENERAL[name]
    start = jnp.asarray([0.3, -0.2])

    def posterior(t, y, args):
        g = diffusion(t, y, args)
        # In the row space of g, so that no shorter control gives the same drift.
        u = (
            jnp.asarray([1.2, -0.7])
            if g.ndim == 1
            else g.T @ jnp.linalg.solve(g @ g.T, g @ jnp.asarray([0.6, -0.4, 0.1]))
        )
        u = u * 1.5 / jnp.linalg.norm(u)
        return prior(t, y, args) + apply(g, u)

    path = solve_sde(posterior, diffusion, start, t0=0.0, t1=2.0, steps=40, key=jax.random.key(1))
    np.testing.assert_allclose(path_divergence(posterior, prior, diffusion, path), 1.5**2 * 2 / 2, rtol=1e-12)

    # As part of the state: the same number, and the same path.
    drift, noise = with_divergence(posterior, prior, diffusion)
    extra = jnp.append(start, 0.0)
    if name == "general":
        both = solve_sde(drift, noise, extra, t0=0.0, t1=2.0, steps=40, key=jax.random.key(1))
        np.testing.assert_allclose(both.values[:, :2], path.values, rtol=1e-12)
    else:
        both = solve_sde(drift, noise, extra, t0=0.0, t1=2.0, steps=40, key=jax.random.key(1))
    np.testing.assert_allclose(both.values[-1, -1], 2.25, rtol=1e-12)


def test_equal_drifts_have_none():
    rate = divergence_rate(prior, prior, GENERAL["diagonal"][0])
    assert float(rate(0.0, jnp.ones(2), None)) == 0


def test_mean_is_the_divergence_of_the_gaussian_chains():
    # Euler chains y' = (1 - a dt) y + s dW for two rates: the exact divergence by the second moments.
    steps, length, s = 20, 0.1, 0.7

    def posterior(t, y, args):
        return -2.0 * y

    moment, exact = 1.0, 0.0
    for _ in range(steps):
        exact += 0.5 * moment / s**2 * length
        moment = (1 - 2 * length) ** 2 * moment + s**2 * length

    def one(key):
        def g(t, y, args):
            return jnp.full_like(y, s)

        path = solve_sde(posterior, g, jnp.ones(1), t0=0.0, t1=steps * length, steps=steps, key=key)
        return path_divergence(posterior, prior, g, path)

    drawn = jax.jit(jax.vmap(one))(jax.random.split(jax.random.key(2), 4000))
    # Four standard errors.
    assert abs(float(jnp.mean(drawn)) - exact) < 4 * float(jnp.std(drawn)) / np.sqrt(4000)


def test_fewer_channels_than_components_are_refused():
    with pytest.raises(ValueError, match="fewer channels"):
        divergence_rate(prior, prior, lambda t, y, args: jnp.ones((2, 1)))(0.0, jnp.ones(2), None)
