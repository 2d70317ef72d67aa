"""Lags between numbers, for kernels of processes in time."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def lag(x: Float[Array, "*point"], y: Float[Array, "*point"], name: str) -> Float[Array, ""]:
    """Distance of two numbers, each `()` or `(1,)`."""
    if x.size != 1:
        raise ValueError(
            f"{name} is a kernel of one number, got points of shape {x.shape}; see `sciml.kernels.Separable`."
        )
    return jnp.abs(x - y).reshape(())


def lags(x: Float[Array, "n *dimension"], y: Float[Array, "m *dimension"], name: str) -> Float[Array, "n m"]:
    """Distances of all pairs."""
    if x.shape[1:] not in ((), (1,)):
        raise ValueError(
            f"{name} is a kernel of one number, got points of shape {x.shape[1:]}; see `sciml.kernels.Separable`."
        )
    return jnp.abs(x.reshape(-1, 1) - y.reshape(1, -1))
