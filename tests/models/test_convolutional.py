"""ResNet, DilatedResNet, U-Net: sizes, symmetries, receptive field, parameter counts by formula."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.models import DilatedResNet, ResNet, UNet
from sciml.models.unet import double_grid


@eqx.filter_jit
def apply(model, x):
    return model(x)


def count(make):
    shapes = eqx.filter_eval_shape(make, jax.random.key(0))
    return sum(leaf.size for leaf in jax.tree.leaves(shapes) if isinstance(leaf, jax.ShapeDtypeStruct))


def resnet(key, **options):
    return ResNet(2, 2, 1, **{"width": 4, "blocks": 2, "groups": 2} | options, key=key)


def dilated(key, **options):
    return DilatedResNet(2, 2, 1, **{"width": 4, "blocks": 1} | options, key=key)


def unet(key, **options):
    return UNet(2, 2, 1, **{"width": 4, "levels": 2, "groups": 2} | options, key=key)


MODELS = {"resnet": resnet, "dilated": dilated, "unet": unet}


@pytest.mark.parametrize(("make", "padding"), list(zip(MODELS.values(), ["periodic", "replicate", "zero"])), ids=MODELS)
def test_output_has_the_grid_of_the_input(make, padding, filled, draw):
    model = filled(lambda key: make(key, padding=padding, grid_features=True), jnp.float32)
    out = apply(model, draw(2, 21, 17, dtype=jnp.float32))
    assert out.shape == (1, 21, 17) and out.dtype == jnp.float32 and bool(jnp.isfinite(out).all())


@pytest.mark.parametrize("size", [85, 101, 211])
def test_unet_on_odd_sizes(size):
    model = eqx.filter_eval_shape(lambda key: UNet(2, 1, 1, key=key), jax.random.key(0))
    x = jax.ShapeDtypeStruct((1, size, size + 1), model.leave.bias.dtype)
    assert eqx.filter_eval_shape(apply, model, x).shape == (1, size, size + 1)


@pytest.mark.parametrize(("make", "shift"), [(resnet, 1), (dilated, 1), (unet, 4)])
def test_periodic_padding_commutes_with_shifts(make, shift, filled, draw):
    model, x = filled(make), draw(2, 16, 12)
    out, shifted = apply(model, x), apply(model, np.roll(x, (shift, -shift), (1, 2)))
    assert float(np.std(out)) > 1e-2
    np.testing.assert_allclose(shifted, np.roll(out, (shift, -shift), (1, 2)), atol=1e-10)


def test_unet_does_not_commute_with_smaller_shifts(filled, draw):
    model, x = filled(unet), draw(2, 16, 12)
    assert float(np.abs(apply(model, np.roll(x, 1, 1)) - np.roll(apply(model, x), 1, 1)).max()) > 1e-3


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_constant_input_gives_constant_output(make, filled):
    out = apply(filled(make), jnp.full((2, 16, 12), 0.7))
    np.testing.assert_allclose(out, np.broadcast_to(out[:, :1, :1], out.shape), atol=1e-12)


def test_padding_sets_what_lies_beyond_the_edge(filled, draw):
    x = draw(2, 16, 16)
    outputs = {p: apply(filled(lambda key, p=p: resnet(key, padding=p)), x) for p in ("periodic", "replicate", "zero")}
    plain = {p: apply(filled(lambda key, p=p: resnet(key, padding=p, groups=None)), x) for p in outputs}
    for one, other in (("periodic", "replicate"), ("replicate", "zero")):
        assert float(np.abs(outputs[one] - outputs[other]).max()) > 1e-3
        # Without normalisation the edge is felt only within the reach of six kernels.
        np.testing.assert_allclose(plain[one][:, 6:-6, 6:-6], plain[other][:, 6:-6, 6:-6], atol=1e-12)


@pytest.mark.parametrize(("blocks", "expected"), [(1, 45 + 4), (2, 89 + 4), (4, 181)])
def test_receptive_field_of_the_dilated_network(blocks, expected, filled):
    def make(key):
        return DilatedResNet(1, 1, 1, width=2, blocks=blocks, padding="zero", activation=jnp.positive, key=key)

    model = jax.tree.map(jnp.abs, filled(make))
    reach = jax.jit(jax.grad(lambda x: model(x)[0, 120]))(jnp.ones((1, 241)))[0]
    support = np.flatnonzero(reach)
    assert (support.min(), support.max(), support.size) == (120 - expected // 2, 120 + expected // 2, expected)


def test_parameter_counts_by_formula():
    def convolution(inputs, outputs, kernel=9):
        return inputs * outputs * kernel + outputs

    assert count(lambda key: ResNet(2, 3, 1, width=16, blocks=5, grid_features=True, key=key)) == (
        convolution(5, 16) + 10 * convolution(16, 16) + convolution(16, 1)
    )
    assert count(lambda key: ResNet(1, 1, 1, width=16, blocks=2, kernel_size=5, groups=4, key=key)) == (
        convolution(1, 16, 5) + 4 * (convolution(16, 16, 5) + 32) + convolution(16, 1, 5)
    )
    assert count(lambda key: DilatedResNet(2, 1, 1, key=key)) == (
        convolution(1, 48) + 28 * convolution(48, 48) + convolution(48, 1)
    )

    def double(inputs, outputs):
        return convolution(inputs, outputs) + convolution(outputs, outputs) + 4 * outputs

    widths = [32, 64, 128, 256, 256]
    expected = double(1, 32) + convolution(32, 1, 1)
    for fine, coarse in itertools.pairwise(widths):
        expected += convolution(fine, fine, 4) + double(fine, coarse) + double(fine + coarse, fine)
    assert count(lambda key: UNet(2, 1, 1, key=key)) == expected


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_residual_adds_the_last_frame(make, filled, draw):
    x = draw(2, 16, 12)
    with_frame, without = (apply(filled(lambda key, r=r: make(key, residual=r)), x) for r in (True, False))
    np.testing.assert_allclose(with_frame - without, x[-1:], atol=1e-12)


@pytest.mark.parametrize("dimension", [1, 3])
def test_other_dimensions(dimension, filled, draw):
    x = draw(1, *(8, 9, 6)[:dimension])
    for make in (
        lambda key: ResNet(dimension, 1, 2, width=2, blocks=1, key=key),
        lambda key: UNet(dimension, 1, 2, width=2, levels=1, key=key),
    ):
        assert apply(filled(make), x).shape == (2, *x.shape[1:])


def test_interpolation_is_exact_for_linear_fields_inside():
    x = jnp.arange(8.0)[None]
    np.testing.assert_allclose(double_grid(x, "replicate")[0, 1:-1], np.arange(14) / 2 + 0.25)


def test_gradient_is_the_derivative(filled, draw):
    model, x, direction = filled(unet), draw(2, 8, 12), draw(2, 8, 12)
    scalar = jax.jit(lambda x: jnp.sum(jnp.sin(model(x))))
    expected = float(scalar(x + 1e-6 * direction) - scalar(x - 1e-6 * direction)) / 2e-6
    np.testing.assert_allclose(float(np.vdot(jax.jit(jax.grad(scalar))(x), direction)), expected, rtol=1e-6)


def test_mistakes_are_named(filled, getkey):
    with pytest.raises(ValueError, match="UNet: `x` must be one sample"):
        filled(unet)(jnp.ones((2, 16)))
    with pytest.raises(ValueError, match="residual=True"):
        ResNet(1, 1, 2, residual=True, key=getkey())
    with pytest.raises(ValueError, match="`kernel_size` must be odd"):
        ResNet(1, 1, 1, kernel_size=4, key=getkey())
