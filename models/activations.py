"""Activations with a derivative rule that stores one array."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


@jax.custom_jvp
def exact_gelu(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Gaussian error linear unit `x Φ(x)` by the error function, not by the tanh approximation.

    Only the derivative is kept for the backward pass, where automatic differentiation keeps several arrays.

    Args:
        x: any shape.

    Returns:
        Same shape.

    Source: Hendrycks and Gimpel, "Gaussian error linear units" (arXiv 1606.08415).

    Example:
        >>> import jax.numpy as jnp
        >>> round(float(exact_gelu(jnp.asarray(1.0))), 4)
        0.8413
    """
    return x * _distribution(x)


def _distribution(x: Array) -> Array:
    """Give the standard normal distribution function."""
    return 0.5 * (1.0 + jax.lax.erf(x * math.sqrt(0.5)))


@exact_gelu.defjvp
def _exact_gelu_jvp(primals, tangents):
    (x,), (tangent,) = primals, tangents
    distribution = _distribution(x)
    density = jnp.exp(-0.5 * x * x) * (1.0 / math.sqrt(2.0 * math.pi))
    return x * distribution, (distribution + x * density) * tangent


def lipswish(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """`0.909 x sigmoid(x)`, whose slope is at most one: layers with bounded weights stay Lipschitz.

    Args:
        x: any shape.

    Returns:
        Same shape.

    Source: Chen et al., "Residual flows", NeurIPS 2019 (arXiv 1906.02735).

    Example:
        >>> import jax.numpy as jnp
        >>> round(float(lipswish(jnp.asarray(1.0))), 4)
        0.6645
    """
    return 0.909 * jax.nn.silu(x)
