"""Weights of the PyTorch library `neuraloperator`, taken over into our model of the same function."""

from collections.abc import Mapping
from typing import TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from sciml.models._channel_linear import ChannelLinear
from sciml.models.gated_fno import GatedBlock, GatedFNO
from sciml.models.spectral_conv import SpectralConv

Weights = Mapping[str, np.ndarray]
Layer = TypeVar("Layer", bound=eqx.Module)


def load_neuraloperator(weights: Weights, *, grid_features: bool = True) -> GatedFNO:
    """Make a `GatedFNO` from the state of that library's `FNO` (version 2.0, default blocks, dense weights).

    Write the state with NumPy in the environment that has the library: `np.savez(path, **{name: value.numpy() for name,
    value in model.state_dict().items() if hasattr(value, "numpy")})`, and read it with `np.load(path)`.

    Args:
        weights: arrays by name: `lifting.fcs.0.weight`, `fno_blocks.convs.0.weight.tensor`, ...
        grid_features: whether the model appends coordinates to its input (that library's default).

    Returns:
        A model with the same output for each sample, to rounding. Grids need an even number of points along every axis
        but the last for that: with an odd one, that library (2.0.0) puts the modes back one place off (it shifts
        forward twice).

    Raises:
        ValueError: a needed array is missing or the number of modes along an axis is odd.

    Example:
        >>> import numpy as np
        >>> load_neuraloperator({})
        Traceback (most recent call last):
            ...
        ValueError: load_neuraloperator: no array named 'fno_blocks.convs.0.weight.tensor'; given are [].
    """
    spectral = _get(weights, "fno_blocks.convs.0.weight.tensor")
    width, dimension = spectral.shape[0], spectral.ndim - 2
    lifting, projection = _get(weights, "lifting.fcs.0.weight"), _get(weights, "projection.fcs.1.weight")
    # Only the structure is made: every array of it is replaced.
    model = eqx.filter_eval_shape(
        GatedFNO,
        dimension,
        lifting.shape[1] - (dimension if grid_features else 0),
        projection.shape[0],
        width=width,
        modes=_modes(spectral.shape[2:]),
        layers=sum(name.endswith(".weight.tensor") for name in weights),
        lifting_width=lifting.shape[0],
        hidden_width=_get(weights, "fno_blocks.channel_mlp.0.fcs.0.weight").shape[0],
        projection_width=projection.shape[1],
        grid_features=grid_features,
        key=jax.random.key(0),
    )
    return eqx.tree_at(
        lambda m: (m.lift, m.blocks, m.project),
        model,
        (
            tuple(_linear(weights, f"lifting.fcs.{i}", layer) for i, layer in enumerate(model.lift)),
            tuple(_block(weights, i, block) for i, block in enumerate(model.blocks)),
            tuple(_linear(weights, f"projection.fcs.{i}", layer) for i, layer in enumerate(model.project)),
        ),
    )


def _get(weights: Weights, name: str) -> np.ndarray:
    if name not in weights:
        raise ValueError(f"load_neuraloperator: no array named {name!r}; given are {sorted(weights)[:5]}.")
    return np.asarray(weights[name])


def _modes(stored: tuple[int, ...]) -> tuple[int, ...]:
    if any(count % 2 for count in stored[:-1]):
        raise ValueError(
            f"load_neuraloperator: an odd number of modes {stored[:-1]} is not symmetric and not supported."
        )
    return (*(count // 2 for count in stored[:-1]), stored[-1])


def _replace(module: Layer, values: Mapping[str, np.ndarray]) -> Layer:
    """Put arrays into the fields of the same shapes."""
    for name, value in values.items():
        array = jnp.asarray(value).reshape(getattr(module, name).shape)
        module = eqx.tree_at(lambda m, name=name: getattr(m, name), module, array)
    return module


def _linear(weights: Weights, name: str, layer: ChannelLinear) -> ChannelLinear:
    return _replace(layer, {"weight": _get(weights, f"{name}.weight"), "bias": _get(weights, f"{name}.bias")})


def _spectral(weights: Weights, index: int, layer: SpectralConv) -> SpectralConv:
    tensor = _get(weights, f"fno_blocks.convs.{index}.weight.tensor")
    # Stored from the lowest to the highest wavenumber; ours has the negative ones last, and the channels last.
    tensor = np.fft.ifftshift(tensor, axes=tuple(range(2, tensor.ndim - 1)))
    tensor = np.moveaxis(tensor, (0, 1), (-2, -1))
    return _replace(layer, {"weight_real": np.real(tensor), "weight_imag": np.imag(tensor)})


def _block(weights: Weights, index: int, block: GatedBlock) -> GatedBlock:
    name = "fno_blocks"
    skip = {
        "weight": _get(weights, f"{name}.fno_skips.{index}.conv.weight"),
        "bias": _get(weights, f"{name}.convs.{index}.bias"),
    }
    parts = (
        _spectral(weights, index, block.spectral),
        _replace(block.skip, skip),
        _linear(weights, f"{name}.channel_mlp.{index}.fcs.0", block.inner),
        _linear(weights, f"{name}.channel_mlp.{index}.fcs.1", block.outer),
        jnp.asarray(_get(weights, f"{name}.channel_mlp_skips.{index}.weight")).reshape(-1),
    )
    return eqx.tree_at(lambda b: (b.spectral, b.skip, b.inner, b.outer, b.gate), block, parts)
