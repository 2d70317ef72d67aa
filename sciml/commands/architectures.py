"""The models of `sciml train`, with their sizes as options."""

import math
from dataclasses import dataclass
from typing import Any

from sciml.commands.datafiles import Pairs
from sciml.commands.errors import UsageError


@dataclass(frozen=True)
class FNOOptions:
    """Size of the network."""

    width: int = 32
    """Channels inside."""
    modes: int = 16
    """Waves kept per axis."""
    layers: int = 4
    """Fourier layers."""


@dataclass(frozen=True)
class IFNOOptions:
    """Size of the network."""

    width: int = 32
    """Channels inside."""
    modes: int = 16
    """Waves kept per axis."""
    layers: int = 8
    """Iterations of the one Fourier layer."""


@dataclass(frozen=True)
class ConvolutionalOptions:
    """Size of the network."""

    width: int = 32
    """Channels inside, of the first level in a U-Net."""
    layers: int = 4
    """Residual blocks, or levels of a U-Net."""


@dataclass(frozen=True)
class Architecture:
    """One model.

    Attributes:
        help: one line.
        options: dataclass of its sizes.
    """

    help: str
    options: type


ARCHITECTURES: dict[str, Architecture] = {
    "fno": Architecture("Fourier neural operator (Li et al. 2021)", FNOOptions),
    "ifno": Architecture("Implicit Fourier neural operator: one layer iterated (You et al. 2022)", IFNOOptions),
    "resnet": Architecture("Residual convolutional network", ConvolutionalOptions),
    "unet": Architecture("U-Net (Ronneberger et al. 2015)", ConvolutionalOptions),
}


def build(name: str, size: Any, data: Pairs, key: Any) -> Any:
    """The model of that name for the channels and dimension of the data, in single precision.

    Raises:
        UsageError: for sizes that do not suit the grid of the data.
    """
    import equinox as eqx
    import jax
    import jax.numpy as jnp

    model = _build(name, size, data, key)
    return jax.tree.map(lambda leaf: leaf.astype(jnp.float32) if eqx.is_inexact_array(leaf) else leaf, model)


def _build(name: str, size: Any, data: Pairs, key: Any) -> Any:
    if data.inputs.shape[2:] != data.outputs.shape[2:]:
        raise UsageError(f"{data.source}: inputs have {data.shape} nodes, outputs {data.outputs.shape[2:]}")
    dimension, channels = len(data.shape), (data.inputs.shape[1], data.outputs.shape[1])
    for field in vars(size):
        if getattr(size, field) < 1:
            raise UsageError(f"--{field} must be at least 1, got {getattr(size, field)}")
    if name in ("fno", "ifno") and 2 * size.modes > min(data.shape):
        raise UsageError(
            f"--modes {size.modes} is too many for {min(data.shape)} nodes; at most {min(data.shape) // 2}"
        )
    if name == "fno":
        from sciml.models.fno import FNO

        return FNO(dimension, *channels, width=size.width, modes=size.modes, layers=size.layers, key=key)
    if name == "ifno":
        from sciml.models.ifno import IFNO

        return IFNO(dimension, *channels, width=size.width, modes=size.modes, iterations=size.layers, key=key)
    if name == "resnet":
        from sciml.models.resnet import ResNet

        return ResNet(dimension, *channels, width=size.width, blocks=size.layers, key=key)
    from sciml.models.unet import UNet

    # As many groups as the default, or as the width can be divided into.
    return UNet(dimension, *channels, width=size.width, levels=size.layers, groups=math.gcd(8, size.width), key=key)
