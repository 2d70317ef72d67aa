"""The two primitives under the operators: values, derivatives of every order, vmap over every combination."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.models._axis_matmul import axis_matmul
from sciml.models._channel_matmul import channel_gram_p, channel_matmul


@pytest.mark.parametrize(("outputs", "inputs"), [(4, 2), (3, 1)])
def test_channel_matmul_is_a_matrix_product_with_its_derivatives(outputs, inputs, draw):
    arguments = draw(2, 3, inputs), draw(outputs, inputs)

    def derivatives(product):
        def scalar(x, weight):
            return jnp.sum(jnp.sin(product(x, weight)))

        def all_of_them(x, weight):
            gradient = jax.grad(scalar, (0, 1))
            return (
                product(x, weight),
                gradient(x, weight),
                jax.hessian(scalar, (0, 1))(x, weight),
                (jax.jacrev(gradient, (0, 1))(x, weight)),
            )

        return jax.jit(all_of_them)(*arguments)

    ours, plain = derivatives(channel_matmul), derivatives(lambda x, weight: x @ weight.T)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(plain)):
        np.testing.assert_allclose(a, b, atol=1e-12)


@pytest.mark.parametrize("axes", [a for a in itertools.product((0, 1, None), repeat=2) if a != (None, None)])
def test_vmap_of_channel_products(axes, draw):
    def batched(shape, axis):
        return draw(*shape) if axis is None else draw(*shape[:axis], 6, *shape[axis:])

    x, weight, other = batched((5, 3), axes[0]), batched((4, 3), axes[1]), batched((5, 2), axes[1])

    def both(matmul, gram):
        return jax.jit(lambda x, w, b: (jax.vmap(matmul, axes)(x, w), jax.vmap(gram, axes)(x, b)))(x, weight, other)

    ours = both(channel_matmul, channel_gram_p.bind)
    for a, b in zip(ours, both(lambda x, w: x @ w.T, lambda a, b: a.T @ b)):
        np.testing.assert_allclose(a, b, atol=1e-14)


@pytest.mark.parametrize("axis", [0, 2, -2])
def test_axis_matmul(axis, draw):
    x, matrix = draw(4, 4, 4), np.asarray(draw(3, 4))

    def all_of_them(product):
        def give(x):
            return (
                product(x),
                jax.jacfwd(product)(x),
                jax.jacrev(product)(x),
                jax.vmap(product, 1, 2)(jnp.stack([x, x], 1)),
            )

        return jax.tree.leaves(jax.jit(give)(x))

    ours = all_of_them(lambda x: axis_matmul(matrix, x, axis))
    plain = all_of_them(lambda x: jnp.moveaxis(jnp.tensordot(matrix, x, (1, axis)), 0, axis))
    for a, b in zip(ours, plain):
        np.testing.assert_allclose(a, b, atol=1e-14)


def test_axis_matmul_refuses_a_wrong_length():
    with pytest.raises(ValueError, match="does not fit axis 1"):
        axis_matmul(np.ones((2, 3)), jnp.ones((3, 4)), 1)
