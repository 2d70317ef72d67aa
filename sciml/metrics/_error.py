"""What all metrics share: the checked difference, its squared modulus, a root with a gradient at zero."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact


def difference(prediction: Inexact[Array, "..."], target: Inexact[Array, "..."]) -> Inexact[Array, "..."]:
    """Prediction minus target in the wider of their types; refuses unequal shapes."""
    if prediction.shape != target.shape or prediction.ndim < 1:
        raise ValueError(
            f"metric: `prediction` and `target` must have one shape (channels, *shape), got {prediction.shape} and "
            f"{target.shape}; use jax.vmap for a batch."
        )
    # NumPy's rule: that of JAX refuses under strict promotion.
    dtype = np.promote_types(prediction.dtype, target.dtype)
    return prediction.astype(dtype) - target.astype(dtype)


def squared_modulus(field: Inexact[Array, "..."]) -> Float[Array, "..."]:
    """`|u|^2`, smooth at zero for complex fields too."""
    return field.real**2 + field.imag**2 if jnp.iscomplexobj(field) else field**2


def root(value: Float[Array, "..."], p: float = 2.0) -> Float[Array, "..."]:
    """`value^(1/p)` whose gradient at zero is zero."""
    positive = value > 0
    safe = jnp.where(positive, value, 1)
    return jnp.where(positive, jnp.sqrt(safe) if p == 2 else safe ** (1 / p), value)


def ratio(error: Float[Array, "*shape"], size: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """`error / size` in the type of the error, which is the wider one."""
    return error / size.astype(error.dtype)
