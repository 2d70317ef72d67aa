"""What the convolutional networks share at their ends: coordinates in, the last frame added at the exit."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.models._grid_features import append_coordinates


def with_coordinates(x: Float[Array, "c *grid"], kind: str) -> Float[Array, "c2 *grid"]:
    """Append coordinates to a sample with channels first."""
    return x if kind == "none" else jnp.moveaxis(append_coordinates(jnp.moveaxis(x, 0, -1), kind), -1, 0)


def check_residual(name: str, residual: bool, in_channels: int, out_channels: int) -> bool:
    """Refuse a residual network whose input has no frame to add.

    Raises:
        ValueError: there are fewer input than output channels.
    """
    if residual and in_channels < out_channels:
        raise ValueError(
            f"{name}: residual=True adds the last {out_channels} input channels to the output, but "
            f"`in_channels` is {in_channels}."
        )
    return residual
