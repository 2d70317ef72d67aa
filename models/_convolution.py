"""A convolution that keeps the grid, with the padding that the boundary asks for."""

import math
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

Padding = Literal["periodic", "replicate", "zero"]

_PAD_MODES = {"periodic": "wrap", "replicate": "edge", "zero": "constant"}


def check_padding(padding: str) -> str:
    """Refuse an unknown padding.

    Raises:
        ValueError: it is none of `"periodic"`, `"replicate"`, `"zero"`.
    """
    if padding not in _PAD_MODES:
        raise ValueError(f"`padding` must be one of {sorted(_PAD_MODES)}, got {padding!r}.")
    return padding


def pad_grid(x: Float[Array, "c *grid"], widths: list[tuple[int, int]], padding: str) -> Float[Array, "c *grid2"]:
    """Extend the spatial axes by `(before, after)` points each."""
    return jnp.pad(x, [(0, 0), *widths], mode=_PAD_MODES[padding])


class Convolution(eqx.Module):
    """Convolution over the spatial axes of one sample, channels first.

    With stride 1 the grid stays the same; with stride `s` and a kernel of `s` points an axis of `n` points becomes one
    of `ceil(n / s)`.

    Attributes:
        weight: shape `(out_channels, in_channels, *kernel)`.
        bias: shape `(out_channels,)`.
    """

    weight: Float[Array, "o i *kernel"]
    bias: Float[Array, " o"]
    stride: int = eqx.field(static=True)
    dilation: int = eqx.field(static=True)
    padding: str = eqx.field(static=True)

    def __init__(
        self,
        dimension: int,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        padding: str,
        stride: int = 1,
        dilation: int = 1,
        key: PRNGKeyArray,
    ):
        """Draw weight and bias uniformly from `±1/sqrt(fan in)`.

        Raises:
            ValueError: the padding is unknown, or the kernel is even with stride 1.
        """
        if stride == 1 and kernel_size % 2 == 0:
            raise ValueError(f"Convolution: `kernel_size` must be odd, got {kernel_size}.")
        bound = 1 / math.sqrt(in_channels * kernel_size**dimension)
        weight_key, bias_key = jax.random.split(key)
        shape = (out_channels, in_channels, *(kernel_size,) * dimension)
        self.weight = jax.random.uniform(weight_key, shape, minval=-bound, maxval=bound)
        self.bias = jax.random.uniform(bias_key, (out_channels,), minval=-bound, maxval=bound)
        self.stride, self.dilation, self.padding = stride, dilation, check_padding(padding)

    def __call__(self, x: Float[Array, "i *grid"]) -> Float[Array, "o *grid2"]:
        """Apply to one sample."""
        kernel, dimension = self.weight.shape[2], self.weight.ndim - 2
        if self.stride == 1:
            reach = self.dilation * (kernel // 2)
            widths = [(reach, reach)] * dimension
        else:
            widths = [(0, -n % self.stride) for n in x.shape[1:]]
        out = jax.lax.conv_general_dilated(
            pad_grid(x, widths, self.padding)[None],
            self.weight,
            (self.stride,) * dimension,
            [(0, 0)] * dimension,
            rhs_dilation=(self.dilation,) * dimension,
        )[0]
        return out + jnp.reshape(self.bias, (-1,) + (1,) * dimension)
