"""The implicit Fourier neural operator: one layer iterated."""

from collections.abc import Callable, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models._channel_linear import ChannelLinear
from sciml.models._grid_features import GridFeatures, append_coordinates, check_grid_features
from sciml.models._sample import check_sample
from sciml.models._structure import replace_fields
from sciml.models.fno import FourierLayer
from sciml.models.spectral_conv import check_modes


class IFNO(eqx.Module):
    """Fourier neural operator whose layers share their weights: `v ← v + σ(W v + c + F^{-1} R F v) / L`, `L` times.

    The number of parameters does not depend on `L`. The iteration is an explicit Euler step of an ordinary differential
    equation up to time 1, so weights trained with few iterations are a good start for more: see `with_iterations`.

    Attributes:
        lift: linear map of the channels.
        layer: the shared Fourier layer.
        project: the two layers of the projection.

    Source: You, Zhang, Ross, Lee and Yu, "Learning deep implicit Fourier neural operators (IFNOs)", 2022 (arXiv
    2203.08205).

    Example:
        >>> import jax
        >>> shallow = IFNO(1, 1, 1, width=16, modes=8, iterations=4, key=jax.random.key(0))
        >>> deep = shallow.with_iterations(16)
        >>> deep(jax.numpy.ones((1, 64))).shape
        (1, 64)
    """

    lift: ChannelLinear
    layer: FourierLayer
    project: tuple[ChannelLinear, ChannelLinear]
    dimension: int = eqx.field(static=True)
    in_channels: int = eqx.field(static=True)
    out_channels: int = eqx.field(static=True)
    iterations: int = eqx.field(static=True)
    grid_features: str = eqx.field(static=True)
    activation: Callable[[Array], Array] = eqx.field(static=True)
    checkpoint: bool = eqx.field(static=True)

    def __init__(
        self,
        dimension: int,
        in_channels: int,
        out_channels: int,
        *,
        width: int,
        modes: int | Sequence[int],
        iterations: int = 8,
        grid_features: GridFeatures = True,
        activation: Callable[[Array], Array] = jax.nn.gelu,
        projection_width: int = 128,
        checkpoint: bool = False,
        key: PRNGKeyArray,
    ):
        """Draw the weights.

        Args:
            dimension: number of spatial axes, 1 to 3.
            in_channels: channels of the input, coordinates not counted.
            out_channels: channels of the output.
            width: channels inside.
            modes: wavenumbers kept per axis (see `SpectralConv`).
            iterations: `L`.
            grid_features: append coordinates: `True` or `"periodic"` for `i/n`, `"bounded"` for `i/(n-1)`, `False` for
                none.
            activation: a named elementwise function.
            projection_width: hidden channels of the projection.
            checkpoint: keep only the state of each iteration for the backward pass and compute the rest again.
            key: random key.

        Raises:
            ValueError: an argument is not one of those allowed.
        """
        modes = check_modes(modes, dimension)
        self.dimension, self.in_channels, self.out_channels = dimension, in_channels, out_channels
        self.grid_features, self.activation = check_grid_features(grid_features), activation
        self.iterations, self.checkpoint = _check_iterations(iterations), checkpoint
        lifted = in_channels + (0 if self.grid_features == "none" else dimension)
        keys = jax.random.split(key, 4)
        self.lift = ChannelLinear(lifted, width, key=keys[0])
        self.layer = FourierLayer(dimension, width, modes, key=keys[1])
        self.project = (
            ChannelLinear(width, projection_width, key=keys[2]),
            ChannelLinear(projection_width, out_channels, key=keys[3]),
        )

    def with_iterations(self, iterations: int) -> "IFNO":
        """Give the same weights with another number of iterations, each a step of `1/iterations`.

        Args:
            iterations: the new `L`.

        Raises:
            ValueError: it is less than 1.
        """
        return replace_fields(self, iterations=_check_iterations(iterations))

    def __call__(
        self, x: Float[Array, "in_channels *grid"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "out_channels *grid"]:
        """Map one sample.

        Args:
            x: real field, shape `(in_channels, *grid)`.
            key: not used.

        Returns:
            Real field, shape `(out_channels, *grid)`.

        Raises:
            ValueError: the shape of `x` does not fit.
        """
        check_sample("IFNO", x, self.dimension, self.in_channels)
        x = self.lift(append_coordinates(jnp.moveaxis(x, 0, -1), self.grid_features))

        def step(state: Array, _: None) -> tuple[Array, None]:
            return state + self.activation(self.layer(state)) / self.iterations, None

        # Inside a scan nothing is merged across iterations, so the checkpoint needs no barrier.
        step = jax.checkpoint(step, prevent_cse=False) if self.checkpoint else step
        x, _ = jax.lax.scan(step, x, None, length=self.iterations)
        return jnp.moveaxis(self.project[1](self.activation(self.project[0](x))), -1, 0)


def _check_iterations(iterations: int) -> int:
    if iterations < 1:
        raise ValueError(f"IFNO: `iterations` must be at least 1, got {iterations}.")
    return iterations
