"""A constant matrix applied along one axis, with a transpose rule that keeps the memory layout.

Automatic differentiation of `einsum("kn,n...->k...")` makes a product whose result must be transposed, a copy of the
largest array of a Fourier layer. This primitive is linear and its transpose is itself with the matrix transposed, so
forward mode, reverse mode and `vmap` all run as plain matrix products without copies.
"""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Array, Float, Inexact

axis_matmul_p = Primitive("sciml_axis_matmul")


def axis_matmul(matrix: Float[np.ndarray, "k n"], x: Inexact[Array, "..."], axis: int) -> Inexact[Array, "..."]:
    """Multiply a constant matrix along one axis of an array.

    Args:
        matrix: constants, shape `(k, n)`; cast to the dtype of `x`.
        x: array whose `axis` has length `n`.
        axis: the axis contracted; it becomes one of length `k`.

    Returns:
        Array of the shape of `x` with `n` replaced by `k`.

    Example:
        >>> import jax.numpy as jnp, numpy as np
        >>> axis_matmul(np.ones((1, 3)), jnp.ones((2, 3, 4)), 1).shape
        (2, 1, 4)
    """
    if matrix.shape[1] != x.shape[axis]:
        raise ValueError(f"axis_matmul: `matrix` {matrix.shape} does not fit axis {axis} of an array {x.shape}.")
    return axis_matmul_p.bind(jnp.asarray(matrix, x.dtype), x, axis=axis % x.ndim, transposed=False)


def _product(
    matrix: Array, x: Array, *, axis: int, transposed: bool, precision: jax.lax.Precision | None = None
) -> Array:
    """Compute the product: leading axes are a batch of products, trailing axes are columns."""
    lead, length, trail = math.prod(x.shape[:axis]), x.shape[axis], math.prod(x.shape[axis + 1 :])
    inner = 0 if transposed else 1
    rows = matrix.shape[1 - inner]
    if lead == 1:
        columns = x.reshape(length, trail)
        out = jax.lax.dot_general(matrix, columns, (((inner,), (0,)), ((), ())), precision=precision)
    else:
        batch = jnp.broadcast_to(matrix, (lead, *matrix.shape))
        dimensions = (((1 + inner,), (1,)), ((0,), (0,)))
        out = jax.lax.dot_general(batch, x.reshape(lead, length, trail), dimensions, precision=precision)
    return out.reshape(*x.shape[:axis], rows, *x.shape[axis + 1 :])


def _abstract(matrix, x, *, axis: int, transposed: bool):
    rows = matrix.shape[1] if transposed else matrix.shape[0]
    return x.update(shape=(*x.shape[:axis], rows, *x.shape[axis + 1 :]))


def _jvp(primals, tangents, *, axis: int, transposed: bool):
    matrix, x = primals
    out = axis_matmul_p.bind(matrix, x, axis=axis, transposed=transposed)
    if type(tangents[1]) is ad.Zero:
        return out, ad.Zero(jax.typeof(out))
    return out, axis_matmul_p.bind(matrix, tangents[1], axis=axis, transposed=transposed)


def _transpose(cotangent, matrix, x, *, axis: int, transposed: bool):
    if type(cotangent) is ad.Zero:
        return None, ad.Zero(x.aval)
    return None, axis_matmul_p.bind(matrix, cotangent, axis=axis, transposed=not transposed)


def _batch(arguments, dimensions, *, axis: int, transposed: bool):
    matrix, x = arguments
    moved = jnp.moveaxis(x, dimensions[1], 0)
    return axis_matmul_p.bind(matrix, moved, axis=axis + 1, transposed=transposed), 0


@functools.partial(jax.jit, static_argnames=("axis", "transposed"))
def _evaluate(matrix, x, *, axis: int, transposed: bool):
    return axis_matmul_p.bind(matrix, x, axis=axis, transposed=transposed)


axis_matmul_p.def_impl(_evaluate)
axis_matmul_p.def_abstract_eval(_abstract)
ad.primitive_jvps[axis_matmul_p] = _jvp
ad.primitive_transposes[axis_matmul_p] = _transpose
batching.primitive_batchers[axis_matmul_p] = _batch
# Accelerators would round the factors (TF32 loses three digits of a transform); asked of a CPU, full precision, which
# it has anyway, makes XLA leave its fast kernels.
_exact = functools.partial(_product, precision=jax.lax.Precision.HIGHEST)
mlir.register_lowering(axis_matmul_p, mlir.lower_fun(_exact, multiple_results=False))
mlir.register_lowering(axis_matmul_p, mlir.lower_fun(_product, multiple_results=False), platform="cpu")
