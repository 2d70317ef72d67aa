"""Likelihood of data given an equation."""

from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.gp.functional import Functionals
from sciml.gp.process import GP


def log_prob_given(gp: GP, values: Float[Array, " n"], given: Sequence[int]) -> Float[Array, ""]:
    """Logarithm of the density of some observations given the others: of measurements, given that an equation holds.

    This is what coefficients of an equation are to be fitted with. The joint density, `gp.log_prob(values)`, changes when the equation
    is multiplied by a number, and so prefers small coefficients; the conditional one does not.

    Args:
        gp: observed through `Functionals`.
        values: all observations.
        given: places of the kinds of observations that are taken as true.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.gp import GP, Functional, Functionals
        >>> from sciml.kernels import RBF
        >>> x = jnp.linspace(0.0, 1.0, 5)
        >>> def density(factor):  # of two values, given that the slope is zero
        ...     seen = Functionals(Functional.value(x[:2]), Functional(lambda u: factor * u.d(0), x))
        ...     noise = jnp.concatenate([jnp.full(2, 0.1), jnp.full(5, 1e-4 * factor**2)])
        ...     return log_prob_given(GP(RBF(0.5), seen, noise), jnp.zeros(7), given=[1])
        >>> bool(abs(density(3.0) - density(1.0)) < 1e-3)
        True
    """
    if not isinstance(gp.points, Functionals):
        raise TypeError(
            "log_prob_given: the process must be observed through `Functionals`, several kinds of observations."
        )
    chosen = gp.points.subset(given)
    sizes = [part.size for part in gp.points.parts]
    rows = [jnp.arange(sum(sizes[:i]), sum(sizes[: i + 1])) for i in sorted(set(given))]
    places = jnp.concatenate(rows)
    noise = gp.noise_variance[places] if gp.noise_variance.ndim else gp.noise_variance
    condition = GP(gp.kernel, chosen, noise, mean=gp.mean, solver=gp.solver)
    return gp.log_prob(values) - condition.log_prob(values[places])
