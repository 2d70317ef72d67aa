"""SpectralConv: counts, symmetries, both transforms, derivatives, precision, coarse grids."""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.models import SpectralConv

# Odd and even axes, all modes, more modes than the grid has, one to three axes.
CASES = [
    (1, 5, (33,)),
    (1, 9, (16,)),
    (2, (6, 7), (24, 26)),
    (2, 4, (5, 6)),
    (3, (2, 3, 3), (8, 9, 10)),
]


@eqx.filter_jit
def apply(layer, x, transform="auto"):
    return layer(x, transform=transform)


def maker(dimension, modes, inputs=2, outputs=3):
    return lambda key: SpectralConv(dimension, inputs, outputs, modes, key=key)


def definition(layer, x):
    """Apply the definition by the full FFT in NumPy: keep, multiply, complete to a real field."""
    shape, dimension = x.shape[1:], x.ndim - 1
    spectrum = np.fft.rfftn(np.asarray(x), axes=range(1, dimension + 1))
    weight = np.asarray(layer.weight_real) + 1j * np.asarray(layer.weight_imag)
    out = np.zeros((layer.out_channels, *spectrum.shape[1:]), complex)
    for stored in np.ndindex(weight.shape[:-2]):
        index, used = [], True
        for axis, s in enumerate(stored):
            m, n = layer.modes[axis], shape[axis]
            k = s if axis == dimension - 1 or s < m else s - 2 * m
            used &= k <= n // 2 if axis == dimension - 1 else -(n // 2) <= k <= (n - 1) // 2
            index.append(k)
        if used:
            out[(slice(None), *index)] += weight[stored].T @ spectrum[(slice(None), *index)]
    return np.fft.irfftn(out, s=shape, axes=range(1, dimension + 1))


@pytest.mark.parametrize("transform", ["matmul", "fft"])
@pytest.mark.parametrize(("dimension", "modes", "shape"), CASES)
def test_both_transforms_equal_the_definition(dimension, modes, shape, transform, filled, draw):
    layer, x = filled(maker(dimension, modes)), draw(2, *shape)
    expected = definition(layer, x)
    np.testing.assert_allclose(apply(layer, x, transform), expected, atol=1e-13 * np.abs(expected).max())


def test_float32_transforms_agree(filled, draw):
    layer, x = filled(maker(2, (6, 7)), jnp.float32), draw(2, 64, 48, dtype=jnp.float32)
    matmul, fft = apply(layer, x, "matmul"), apply(layer, x, "fft")
    assert matmul.dtype == fft.dtype == jnp.float32
    assert float(jnp.abs(matmul - fft).max() / jnp.abs(fft).max()) < 1e-6


def test_automatic_choice_prefers_matmul_for_few_modes(filled):
    for modes, transforms_used in ((8, 0), (30, 2)):
        layer = filled(maker(1, modes))
        assert str(jax.make_jaxpr(partial(SpectralConv.__call__, layer))(jnp.ones((2, 64)))).count("fft_type=") == (
            transforms_used
        )


@pytest.mark.parametrize(("modes", "stored"), [((7,), 7), ((6, 7), 12 * 7), ((2, 3, 4), 4 * 6 * 4)])
def test_number_of_weights(modes, stored, filled):
    layer = filled(maker(len(modes), modes, 3, 5))
    assert sum(w.size for w in jax.tree.leaves(layer)) == 2 * stored * 15


def test_uniform_weights_lie_in_their_interval(getkey):
    layer = SpectralConv(2, 4, 8, 6, key=getkey())
    weights = np.stack([layer.weight_real, layer.weight_imag]) * 32
    assert weights.min() >= 0 and weights.max() < 1
    assert abs(weights.mean() - 0.5) < 0.02


@pytest.mark.parametrize("transform", ["matmul", "fft"])
def test_commutes_with_shifts(transform, filled, draw):
    layer, x = filled(maker(2, (3, 4))), draw(2, 16, 18)
    shifted = apply(layer, np.roll(x, (5, 7), (1, 2)), transform)
    np.testing.assert_allclose(shifted, np.roll(apply(layer, x, transform), (5, 7), (1, 2)), atol=1e-12)


@pytest.mark.parametrize(("modes", "shape"), [((9,), (16,)), ((8,), (15,)), ((8, 9), (16, 16)), ((3, 4, 4), (6, 7, 6))])
def test_all_modes_with_unit_weights_return_the_input(modes, shape, filled, draw):
    layer = filled(maker(len(shape), modes, outputs=2))
    unit = jnp.asarray(np.broadcast_to(np.eye(2), layer.weight_real.shape))
    layer = eqx.tree_at(lambda s: (s.weight_real, s.weight_imag), layer, (unit, 0 * unit))
    x = draw(2, *shape)
    for transform in ("matmul", "fft"):
        np.testing.assert_allclose(apply(layer, x, transform), x, atol=1e-13)


def test_equals_circular_convolution(filled, draw):
    layer, x = filled(maker(1, 6, 1, 1)), draw(1, 20)
    weight = np.zeros(11, complex)
    weight[:6] = np.asarray(layer.weight_real)[:, 0, 0] + 1j * np.asarray(layer.weight_imag)[:, 0, 0]
    kernel = np.fft.irfft(weight, 20)
    expected = [sum(kernel[j] * float(x[0, (i - j) % 20]) for j in range(20)) for i in range(20)]
    np.testing.assert_allclose(apply(layer, x)[0], expected, atol=1e-12)


def test_band_limited_input_gives_the_same_function_on_any_grid(filled, draw):
    layer = filled(maker(2, (4, 5)))
    amplitudes = np.asarray(draw(2, 3, 3, 4))

    def field(*shape):
        t, s = (2 * np.pi * np.arange(n) / n for n in shape)
        waves = [
            np.cos(a * t)[:, None] * np.cos(b * s) + c * np.sin(a * t)[:, None] * np.sin((b + 1) * s)
            for a, b, c in [(0, 1, 0), (3, 2, 1), (2, 3, 1)]
        ]
        return jnp.asarray(np.einsum("cw,wxy->cxy", amplitudes[:, :, 0, 0], np.stack(waves)))

    coarse, fine, odd = (np.asarray(apply(layer, field(*n))) for n in ((12, 10), (24, 30), (36, 10)))
    np.testing.assert_allclose(fine[:, ::2, ::3], coarse, atol=1e-12)
    np.testing.assert_allclose(odd[:, ::3], coarse, atol=1e-12)


@pytest.mark.parametrize("transform", ["matmul", "fft"])
def test_derivatives_both_ways(transform, filled, draw):
    layer, other = filled(maker(2, (2, 3))), filled(maker(2, (2, 3)), seed=1)
    x, direction = draw(2, 9, 10), draw(2, 9, 10)

    @eqx.filter_jit
    def scalar(layer, x):
        return jnp.sum(jnp.sin(layer(x, transform=transform)))

    def along(step):
        moved = jax.tree.map(lambda w, v: w + step * v, layer, other)
        return float(scalar(moved, x + step * direction))

    expected = (along(1e-6) - along(-1e-6)) / 2e-6
    forward = eqx.filter_jit(partial(eqx.filter_jvp, scalar))((layer, x), (other, direction))[1]
    gradients = eqx.filter_jit(jax.grad(scalar, argnums=(0, 1)))(layer, x)
    pairs = zip(jax.tree.leaves(gradients), jax.tree.leaves((other, direction)))
    reverse = sum(float(np.vdot(g, v)) for g, v in pairs)
    np.testing.assert_allclose([float(forward), reverse], expected, rtol=1e-7)
    np.testing.assert_allclose(float(forward), reverse, rtol=1e-12)


def test_second_derivatives(filled, draw):
    layer, x, direction = filled(maker(1, 3, 1, 1)), draw(1, 16), draw(1, 16)

    def scalar(x):
        return jnp.sum(layer(x) ** 3)

    forward_over_reverse = jax.jit(lambda x: jax.jvp(jax.grad(scalar), (x,), (direction,))[1])(x)
    reverse_over_reverse = jax.jit(jax.grad(lambda x: jnp.vdot(jax.grad(scalar)(x), direction)))(x)
    np.testing.assert_allclose(forward_over_reverse, reverse_over_reverse, rtol=1e-10)


def test_vmap_equals_loop_over_inputs_and_weights(filled, draw):
    x = draw(3, 2, 32, 33)
    layers = [filled(maker(2, (3, 4)), seed=s) for s in range(3)]
    stacked = jax.tree.map(lambda *w: np.stack(w), *layers)
    loop = np.stack([apply(f, v) for f, v in zip(layers, x)])
    np.testing.assert_allclose(eqx.filter_jit(eqx.filter_vmap(apply))(stacked, x), loop, atol=1e-12)
    one = eqx.filter_jit(eqx.filter_vmap(apply, in_axes=(None, 0)))(layers[0], x)
    np.testing.assert_allclose(one, np.stack([apply(layers[0], v) for v in x]), atol=1e-12)


@pytest.mark.parametrize("transform", ["matmul", "fft"])
def test_bias_of_the_mean_is_a_constant(transform, filled, draw):
    layer, x, bias = filled(maker(2, (3, 4))), draw(16, 17, 2), jnp.arange(3.0)

    @eqx.filter_jit
    def difference(layer, x):
        return layer.channels_last(x, bias=bias, transform=transform) - layer.channels_last(x)

    np.testing.assert_allclose(difference(layer, x), np.broadcast_to(bias, (16, 17, 3)), atol=1e-12)


def test_refuses_what_does_not_fit(filled, getkey):
    layer = filled(maker(2, 4))
    with pytest.raises(ValueError, match=r"must have shape \(2, n_1, .., n_2\), got \(3, 8, 8\)"):
        layer(jnp.ones((3, 8, 8)))
    with pytest.raises(ValueError, match=r"jax\.vmap"):
        layer(jnp.ones((5, 2, 8, 8)))
    with pytest.raises(ValueError, match="`dimension`"):
        SpectralConv(4, 2, 3, 4, key=getkey())
    with pytest.raises(ValueError, match="`modes`"):
        SpectralConv(2, 2, 3, (4, 0), key=getkey())
