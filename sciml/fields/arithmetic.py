"""Real and complex arrays together, under strict promotion and without complex multiplications where one factor is real."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax


def is_complex(array: Any) -> bool:
    """Whether the array (NumPy or JAX) has a complex dtype."""
    return jnp.issubdtype(array.dtype, jnp.complexfloating)


def multiply(a: Any, b: Any) -> Any:
    """Product of arrays of one precision, either of which may be real; NumPy in, NumPy out."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a * b
    a, b = _same_rank(a, b)
    if is_complex(a) == is_complex(b):
        return a * b
    if is_complex(b):
        a, b = b, a
    return lax.complex(a.real * b, a.imag * b)


def add(a: Any, b: Any) -> Any:
    """Sum of arrays of one precision, either of which may be real; NumPy in, NumPy out."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a + b
    a, b = _same_rank(a, b)
    if is_complex(a) == is_complex(b):
        return a + b
    if is_complex(b):
        a, b = b, a
    return lax.complex(a.real + b, jnp.broadcast_to(a.imag, jnp.broadcast_shapes(a.shape, b.shape)))


def _same_rank(a: Any, b: Any) -> tuple[Any, Any]:
    """Leading axes of length one, said aloud: silent rank promotion is an error under the strict settings."""
    rank = max(a.ndim, b.ndim)
    return tuple(x.reshape((1,) * (rank - x.ndim) + x.shape) if 0 < x.ndim < rank else x for x in (a, b))


def cast(value: Any, dtype: Any, what: str) -> jax.Array:
    """Any number or array as a JAX array of `dtype`; a complex value for a real dtype is refused, naming `what`."""
    array = jnp.asarray(value)
    if is_complex(array) and not jnp.issubdtype(dtype, jnp.complexfloating):
        raise TypeError(
            f"{what}: a complex number meets a real field; declare the equation complex (`is_complex = True`) or use real coefficients."
        )
    return array.astype(dtype)
