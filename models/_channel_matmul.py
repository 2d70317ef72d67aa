"""One matrix applied to the channels of every grid point, with derivative rules that stay fast on CPUs.

The weight's gradient contracts all grid points into a small matrix. Automatic differentiation writes it in the
orientation of the weight, which costs a copy of the largest array or a slow kernel; here the smaller side always comes
first. The primitives are bilinear, so forward mode, reverse mode and `vmap` work, and a batch becomes more rows of one
product.
"""

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Array, Float

channel_matmul_p = Primitive("sciml_channel_matmul")
channel_gram_p = Primitive("sciml_channel_gram")


def channel_matmul(x: Float[Array, "*points i"], weight: Float[Array, "o i"]) -> Float[Array, "*points o"]:
    """Multiply the last axis by a matrix: `x @ weight.T`.

    Args:
        x: values, channels last.
        weight: matrix, shape `(out_channels, in_channels)`.

    Returns:
        Values with `out_channels` channels.

    Example:
        >>> import jax.numpy as jnp
        >>> channel_matmul(jnp.ones((4, 5, 3)), jnp.ones((2, 3))).shape
        (4, 5, 2)
    """
    out = channel_matmul_p.bind(x.reshape(-1, x.shape[-1]), weight)
    return out.reshape(*x.shape[:-1], weight.shape[0])


def _dot(x: Array, y: Array, contract: tuple[int, int], batch: bool = False) -> Array:
    axes = ((0,), (0,)) if batch else ((), ())
    offset = 1 if batch else 0
    dimensions = (((contract[0] + offset,), (contract[1] + offset,)), axes)
    return jax.lax.dot_general(x, y, dimensions)


def _matmul(x: Array, weight: Array) -> Array:
    """Compute `x @ weight.T` for `(points, i)` and `(o, i)`."""
    if x.shape[1] == 1:
        # An outer product fuses with what uses it; a matrix product would not.
        return jnp.broadcast_to(x, (x.shape[0], weight.shape[0])) * jnp.broadcast_to(
            weight.T, (x.shape[0], weight.shape[0])
        )
    return _dot(x, weight, (1, 1))


def _gram(a: Array, b: Array) -> Array:
    """Compute `a.T @ b` for `(points, p)` and `(points, q)`."""
    if a.shape[1] <= b.shape[1]:
        return _dot(a, b, (0, 0))
    # The barrier keeps the compiler from turning the product round again.
    return jax.lax.optimization_barrier(_dot(b, a, (0, 0))).T


def _matmul_batch(arguments, dimensions):
    x, weight = arguments
    if dimensions[1] is None:
        x = jnp.moveaxis(x, dimensions[0], 0)
        out = channel_matmul_p.bind(x.reshape(-1, x.shape[-1]), weight)
        return out.reshape(*x.shape[:-1], weight.shape[0]), 0
    weight = jnp.moveaxis(weight, dimensions[1], 0)
    if dimensions[0] is None:
        out = channel_matmul_p.bind(x, weight.reshape(-1, weight.shape[-1]))
        return out.reshape(x.shape[0], *weight.shape[:2]), 1
    return _dot(jnp.moveaxis(x, dimensions[0], 0), weight, (1, 1), batch=True), 0


def _gram_batch(arguments, dimensions):
    size = next(x.shape[d] for x, d in zip(arguments, dimensions) if d is not None)
    a, b = (
        jnp.broadcast_to(x, (size, *x.shape)) if d is None else jnp.moveaxis(x, d, 0)
        for x, d in zip(arguments, dimensions)
    )
    return _dot(a, b, (0, 0), batch=True), 0


def _define(primitive: Primitive, function, shape, transposes, batch) -> None:
    """Register a bilinear primitive's rules."""
    primitive.def_impl(jax.jit(function))
    primitive.def_abstract_eval(lambda x, y: x.update(shape=shape(x, y)))
    ad.defbilinear(primitive, *transposes)
    batching.primitive_batchers[primitive] = batch
    mlir.register_lowering(primitive, mlir.lower_fun(function, multiple_results=False))


_define(
    channel_matmul_p,
    _matmul,
    lambda x, weight: (x.shape[0], weight.shape[0]),
    (lambda g, x, weight: channel_matmul_p.bind(g, weight.T), lambda g, x, weight: channel_gram_p.bind(g, x)),
    _matmul_batch,
)
_define(
    channel_gram_p,
    _gram,
    lambda a, b: (a.shape[1], b.shape[1]),
    (lambda g, a, b: channel_matmul_p.bind(b, g), lambda g, a, b: channel_matmul_p.bind(a, g.T)),
    _gram_batch,
)
