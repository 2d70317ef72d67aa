"""Normal density with covariance `K_1 x ... x K_d + s^2`, and one rule for its whole gradient.

A derivative through eigenvectors divides by differences of eigenvalues, which is wrong by percents for a periodic kernel (pairs)
and not a number for the identity; the derivative of the density needs none of these divisions.
"""

import math
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero
from jaxtyping import Array, Float


class Eigen(eqx.Module):
    """Eigenvalues, not negative, and eigenvectors as columns."""

    values: Float[Array, " n"]
    vectors: Float[Array, "n n"]


def along_axes(matrices: Sequence[Array], tensor: Array) -> Array:
    """`(M_1 x ... x M_d)` applied to a tensor: each matrix along its axis."""
    for matrix in matrices:
        # The first axis goes and comes back as the last: after all of them the order is the old one.
        tensor = jnp.tensordot(tensor, matrix, axes=[[0], [1]])
    return tensor


def eigenvalues(eigen: Sequence[Eigen]) -> Array:
    """Eigenvalues of the product, one per cell."""
    return outer_product([e.values for e in eigen])


@jax.custom_vjp
def log_probability(
    matrices: tuple[Array, ...], noise: Array, eigen: tuple[Eigen, ...], residual: Array
) -> Float[Array, ""]:
    """Logarithm of the density of observations with mean zero; `eigen` belongs to `matrices` and gets no cotangent."""
    return _forward(matrices, noise, eigen, residual)[0]


def _forward(matrices: tuple, noise: Array, eigen: tuple[Eigen, ...], residual: Array) -> tuple[Array, tuple]:
    spectrum = eigenvalues(_differentiated_once(matrices, eigen)) + noise
    rotated = along_axes([e.vectors.T for e in eigen], residual)
    weights = rotated / spectrum
    constant = residual.size * math.log(2 * math.pi)
    value = -0.5 * (jnp.sum(rotated * weights) + jnp.sum(jnp.log(spectrum)) + constant)
    return value, (eigen, spectrum, weights)


@jax.custom_jvp
def _differentiated_once(matrices: tuple, eigen: tuple[Eigen, ...]) -> tuple[Eigen, ...]:
    """The eigenvectors, which are constants in the rule for the gradient: a second derivative through them would be wrong."""
    return eigen


def _refuse(primals: tuple, tangents: tuple) -> tuple:
    if all(isinstance(leaf, SymbolicZero) for leaf in jax.tree.leaves(tangents[0])):
        return primals[1], tangents[1]
    raise NotImplementedError(
        "Kronecker: second derivatives of the log-probability by the kernel's parameters are not available; differentiate the "
        "gradient by finite differences, or take `Dense`."
    )


_differentiated_once.defjvp(_refuse, symbolic_zeros=True)


def _backward(saved: tuple, cotangent: Array) -> tuple:
    eigen, spectrum, weights = saved
    half = cotangent / 2
    by_matrix = tuple(half * _by_matrix(eigen, axis, spectrum, weights) for axis in range(len(eigen)))
    by_noise = half * (jnp.sum(weights * weights) - jnp.sum(1 / spectrum))
    by_residual = -cotangent * along_axes([e.vectors for e in eigen], weights)
    return by_matrix, by_noise, jax.tree.map(jnp.zeros_like, eigen), by_residual


def _by_matrix(eigen: tuple[Eigen, ...], axis: int, spectrum: Array, weights: Array) -> Array:
    """Twice the derivative by the factor of an axis."""
    ones = jnp.ones_like(eigen[axis].values)
    others = outer_product([ones if i == axis else e.values for i, e in enumerate(eigen)])
    rest = [i for i in range(weights.ndim) if i != axis]
    square = jnp.tensordot(weights * others, weights, axes=(rest, rest))
    inner = square - jnp.diag(jnp.sum(others / spectrum, axis=tuple(rest)))
    vectors = eigen[axis].vectors
    return vectors @ inner @ vectors.T


def outer_product(vectors: Sequence[Array]) -> Array:
    """Tensor of the products of one number from each vector."""
    total = vectors[0]
    for vector in vectors[1:]:
        total = jnp.multiply.outer(total, vector)
    return total


log_probability.defvjp(_forward, _backward)
