"""The most probable latent values of a Gaussian process with a non-Gaussian likelihood."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.linalg import cho_solve
from jaxtyping import Array, Bool, Float, Int

MOST_STEPS, MOST_HALVINGS = 200, 30


class Mode(eqx.Module):
    """State of Newton's method: latent values `f = mean + K a`.

    Attributes:
        weights: `a`.
        latent: `f`.
        value: `log p(y | f) - a . (f - mean) / 2`.
        steps: taken so far.
        converged: whether a further step promises nothing.
        failed: whether no further step can be taken.
    """

    weights: Float[Array, " n"]
    latent: Float[Array, " n"]
    value: Float[Array, ""]
    steps: Int[Array, ""]
    converged: Bool[Array, ""]
    failed: Bool[Array, ""]


class LatentDensity(eqx.Module):
    """Density of the observations as a function of the latent values.

    Attributes:
        log_prob: elementwise, of the latent values.
        matrix: prior covariance `K`.
        mean: prior mean.
    """

    log_prob: Callable[[Array], Array]
    matrix: Float[Array, "n n"]
    mean: Float[Array, " n"]

    def slopes(self, latent: Float[Array, " n"]) -> Float[Array, " n"]:
        """First derivatives of the log-density of each observation."""
        return jax.grad(lambda f: jnp.sum(self.log_prob(f)))(latent)

    def curvatures(self, latent: Float[Array, " n"]) -> Float[Array, " n"]:
        """Minus the second derivatives; negative where a law is not log-concave."""
        return -jax.jvp(self.slopes, (latent,), (jnp.ones_like(latent),))[1]

    def root_curvatures(self, latent: Float[Array, " n"]) -> Float[Array, " n"]:
        """Square roots of the curvatures, clipped at what is zero in this precision."""
        smallest = jnp.finfo(latent.dtype).eps / jnp.mean(jnp.diag(self.matrix))
        return jnp.sqrt(jnp.maximum(self.curvatures(latent), lax.stop_gradient(smallest)))

    def factor(self, roots: Float[Array, " n"]) -> Float[Array, "n n"]:
        """Cholesky root of `1 + W^1/2 K W^1/2`, whose eigenvalues are at least one."""
        matrix = jnp.eye(roots.size, dtype=roots.dtype) + roots[:, None] * self.matrix * roots[None]
        return jnp.linalg.cholesky(matrix, symmetrize_input=False)

    def value(self, weights: Float[Array, " n"], latent: Float[Array, " n"]) -> Float[Array, ""]:
        """Logarithm of the joint density, less constants of the prior."""
        return jnp.sum(self.log_prob(latent)) - 0.5 * jnp.vdot(weights, latent - self.mean)


def find_mode(density: LatentDensity) -> Mode:
    """Newton's method with steps halved until the density rises, from the prior mean.

    C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning, 2006, algorithm 3.1.
    """
    zero = jnp.zeros_like(density.mean)
    no = jnp.asarray(False)
    start = Mode(zero, density.mean, density.value(zero, density.mean), jnp.asarray(0), no, no)
    return lax.while_loop(
        lambda mode: ~mode.converged & ~mode.failed & (mode.steps < MOST_STEPS),
        lambda mode: _newton_step(density, mode),
        start,
    )


def implicit_mode(density: LatentDensity, latent: Float[Array, " n"]) -> Float[Array, " n"]:
    """One more Newton step, with the exact curvatures, that carries the derivative of the mode by the implicit function theorem.

    Args:
        density: with the parameters to be differentiated.
        latent: the mode, of which no derivative is taken.
    """
    latent = lax.stop_gradient(latent)
    residual = density.mean + density.matrix @ density.slopes(latent) - latent
    # The residual is zero at the mode, so derivatives of the matrix do not count.
    identity = jnp.eye(latent.size, dtype=latent.dtype)
    matrix = lax.stop_gradient(identity + density.matrix * density.curvatures(latent)[None])
    return latent + jnp.linalg.solve(matrix, residual)


def _newton_step(density: LatentDensity, mode: Mode) -> Mode:
    slopes, roots = density.slopes(mode.latent), density.root_curvatures(mode.latent)
    right = roots**2 * (mode.latent - density.mean) + slopes
    inner = cho_solve((density.factor(roots), True), roots * (density.matrix @ right))
    change = right - roots * inner - mode.weights
    move = density.matrix @ change
    promise = jnp.vdot(move, slopes - mode.weights)
    unit = jnp.finfo(move.dtype).eps
    slack = 10 * unit * (1 + jnp.abs(mode.value))

    def at(length: Array) -> tuple[Array, Array, Array]:
        weights, latent = mode.weights + length * change, mode.latent + length * move
        return weights, latent, density.value(weights, latent)

    def too_long(state: tuple[Array, tuple[Array, Array, Array], Array]) -> Array:
        _, (_, _, value), halvings = state
        return ~(value >= mode.value - slack) & (halvings < MOST_HALVINGS)

    def halve(
        state: tuple[Array, tuple[Array, Array, Array], Array],
    ) -> tuple[Array, tuple[Array, Array, Array], Array]:
        length, _, halvings = state
        return length / 2, at(length / 2), halvings + 1

    one = jnp.ones_like(promise)
    _, (weights, latent, value), _ = lax.while_loop(too_long, halve, (one, at(one), jnp.asarray(0)))
    good = value >= mode.value - slack
    # A step promises half of this; the derivative's step after the last one squares what is left of the distance.
    converged = good & (promise <= slack)
    return Mode(weights, latent, value, mode.steps + 1, converged, ~good)
