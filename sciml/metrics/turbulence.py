"""Diagnostics of turbulent flow on periodic boxes: spectra, increments, dissipation, scales.

Velocities have shape `(dimension, *grid.shape)`, component i along axis i; derivatives are spectral. Viscosities are kinematic.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from sciml.grid import Grid
from sciml.metrics._error import root
from sciml.metrics._spectrum import mode_power, outer_sum


class TurbulenceScales(NamedTuple):
    """Scales of a turbulent flow, of the dimension of the box; see `turbulence_scales`.

    Attributes:
        energy: half the mean square of the velocity, its mean over the box taken out.
        enstrophy: half the mean square of the vorticity.
        dissipation: energy lost per time and mass.
        speed: root mean square of one component.
        taylor_length: Taylor's scale.
        taylor_reynolds: Reynolds number of it and the speed.
        kolmogorov_length: scale of the smallest eddies.
        kolmogorov_time: their time.
    """

    energy: Float[Array, ""]
    enstrophy: Float[Array, ""]
    dissipation: Float[Array, ""]
    speed: Float[Array, ""]
    taylor_length: Float[Array, ""]
    taylor_reynolds: Float[Array, ""]
    kolmogorov_length: Float[Array, ""]
    kolmogorov_time: Float[Array, ""]


def spectral_density(
    field: Float[Array, "c *shape"], grid: Grid, *, of: Literal["velocity", "vorticity"] = "velocity"
) -> tuple[Float[Array, " shells"], Float[Array, " shells"]]:
    """Energy per wavenumber, `E(k)`, whose integral over k is the mean of `|v|^2 / 2`.

    Shells have the width of the widest spacing of wavenumbers, `2 pi / min(lengths)`, and are centred on its multiples; all modes
    are counted, those of the corners too.

    Args:
        field: a velocity, all of whose components add up, or the vorticity of an incompressible flow (one component in 2-D, three
            in 3-D; its mean does not count).
        grid: periodic, any box.
        of: which.

    Returns:
        Centres of the shells, radians per length, and `E` in them.

    Example:
        >>> import jax.numpy as jnp, sciml
        >>> from sciml.metrics import spectral_density
        >>> grid = sciml.Grid((16, 16), extent=(1.0, 1.0))
        >>> u = jnp.stack([jnp.sin(6 * jnp.pi * jnp.asarray(grid.coordinates()[1])), jnp.zeros((16, 16))])
        >>> k, density = spectral_density(u, grid)
        >>> round(float(jnp.sum(density) * (k[1] - k[0])), 4), round(float(k[jnp.argmax(density)] / (2 * jnp.pi)), 4)
        (0.25, 3.0)
    """
    _check("spectral_density", field, grid, None)
    power, waves = mode_power(field)
    squares = _squares(grid, waves)
    if of == "vorticity":
        power = power * jnp.asarray(np.where(squares > 0, 1 / np.where(squares > 0, squares, 1), 0), power.dtype)[None]
    elif of != "velocity":
        raise ValueError(f"spectral_density: `of` must be 'velocity' or 'vorticity', got {of!r}.")
    width = 2 * np.pi / min(grid.lengths)
    shell = np.floor(np.sqrt(squares) / width + 0.5).astype(int)
    total = jnp.zeros(int(shell.max()) + 1, power.dtype).at[shell.ravel()].add(jnp.sum(power, axis=0).ravel())
    return jnp.asarray(width * np.arange(total.shape[0]), power.dtype), total / (2 * width)


def increments(
    velocity: Float[Array, "d *shape"], separation: int, *, axis: int
) -> tuple[Float[Array, "*shape"], Float[Array, "rest *shape"]]:
    """Velocity differences between nodes that lie `separation` nodes apart along an axis of a periodic box.

    Returns:
        The longitudinal increment `(*shape)`, of the component along the axis, and the transverse ones `(d - 1, *shape)`.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.metrics import increments
        >>> u = jnp.stack([jnp.arange(4.0)[:, None] * jnp.ones((4, 4)), jnp.zeros((4, 4))])
        >>> along, across = increments(u, 1, axis=0)
        >>> along[:, 0].tolist(), across.shape
        ([1.0, 1.0, 1.0, -3.0], (1, 4, 4))
    """
    if velocity.shape[0] != velocity.ndim - 1 or not 0 <= axis < velocity.ndim - 1:
        raise ValueError(
            f"increments: `velocity` must have one component per axis and `axis` be one of them, got shape {velocity.shape} and "
            f"axis {axis}."
        )
    change = jnp.roll(velocity, -separation, axis=axis + 1) - velocity
    return change[axis], jnp.concatenate([change[:axis], change[axis + 1 :]])


def structure_functions(
    velocity: Float[Array, "d *shape"], *, order: int = 2, separations: Sequence[int] | None = None
) -> tuple[Float[Array, " separations"], Float[Array, " separations"]]:
    """Mean powers of the longitudinal and of the transverse velocity increments, over the box and all its axes.

    Args:
        velocity: shape `(d, *shape)`, the same node spacing along all axes.
        order: power, without absolute value: odd orders tell the direction of the cascade.
        separations: in nodes; by default 1, 2, 4, ... up to half the shortest axis.

    Returns:
        Longitudinal and transverse structure functions, one number per separation.

    Source: A. N. Kolmogorov, Dokl. Akad. Nauk SSSR 30 (1941) 301 and 32 (1941) 16: orders 2 and 3, the latter `-4/5 epsilon r` in
        the inertial range of three dimensions.

    Example:
        >>> import jax.numpy as jnp, sciml
        >>> from sciml.metrics import structure_functions
        >>> x = jnp.asarray(sciml.Grid((16, 16), extent=(1.0, 1.0)).coordinates()[0])
        >>> along, across = structure_functions(jnp.stack([0 * x, jnp.sin(2 * jnp.pi * x)]), separations=[8])
        >>> round(float(along[0]), 3), round(float(across[0]), 3)
        (0.0, 1.0)
    """
    axes, half = range(velocity.ndim - 1), min(velocity.shape[1:]) // 2
    chosen = [2**i for i in range(max(half, 1).bit_length())] if separations is None else list(separations)
    along, across = [], []
    for separation in chosen:
        pairs = [increments(velocity, separation, axis=axis) for axis in axes]
        along.append(jnp.mean(jnp.stack([pair[0] for pair in pairs]) ** order))
        across.append(jnp.mean(jnp.stack([pair[1] for pair in pairs]) ** order))
    return jnp.stack(along), jnp.stack(across)


def enstrophy(velocity: Float[Array, "d *grid"], grid: Grid) -> Float[Array, ""]:
    """Half the mean square of the vorticity.

    Example:
        >>> import jax.numpy as jnp, sciml
        >>> from sciml.metrics import enstrophy
        >>> grid = sciml.Grid((16, 16), extent=(2 * jnp.pi, 2 * jnp.pi))
        >>> u = jnp.stack([jnp.sin(3 * jnp.asarray(grid.coordinates()[1])), jnp.zeros((16, 16))])
        >>> round(float(enstrophy(u, grid)), 4)
        2.25
    """
    gradient, divergence = _gradients("enstrophy", velocity, grid)
    return (gradient - divergence) / 2


def dissipation(velocity: Float[Array, "d *grid"], grid: Grid, viscosity: Any) -> Float[Array, ""]:
    """Mean rate at which viscosity takes energy, `2 nu mean(S_ij S_ij)` with the rate of strain `S`.

    Example:
        >>> import jax.numpy as jnp, sciml
        >>> from sciml.metrics import dissipation
        >>> grid = sciml.Grid((16, 16), extent=(2 * jnp.pi, 2 * jnp.pi))
        >>> u = jnp.stack([jnp.sin(3 * jnp.asarray(grid.coordinates()[1])), jnp.zeros((16, 16))])
        >>> round(float(dissipation(u, grid, 0.01)), 4)
        0.045
    """
    gradient, divergence = _gradients("dissipation", velocity, grid)
    return jnp.asarray(viscosity, gradient.dtype) * (gradient + divergence)


def turbulence_scales(velocity: Float[Array, "d *grid"], grid: Grid, viscosity: Any) -> TurbulenceScales:
    """Energy, dissipation and the scales that follow from them for isotropic incompressible flow in `d` dimensions.

    Speed `u' = sqrt(2 E / d)`, Taylor's scale `sqrt(d (d + 2) nu u'^2 / epsilon)` (15 in 3-D, 8 in 2-D), Kolmogorov's
    `(nu^3 / epsilon)^(1/4)` and `(nu / epsilon)^(1/2)`. A run resolves its small scales when the highest retained wavenumber times the
    Kolmogorov length exceeds 1 to 1.5.

    Source: S. B. Pope, Turbulent Flows (2000), sections 6.1 and 6.3.

    Example:
        >>> import jax.numpy as jnp, sciml
        >>> from sciml.metrics import turbulence_scales
        >>> grid = sciml.Grid((16, 16), extent=(2 * jnp.pi, 2 * jnp.pi))
        >>> x, y = (jnp.asarray(c) for c in grid.coordinates())
        >>> scales = turbulence_scales(jnp.stack([jnp.sin(2 * y), jnp.sin(2 * x)]), grid, 0.01)
        >>> round(float(scales.energy), 3), round(float(scales.dissipation), 3), round(float(scales.taylor_length), 3)
        (0.5, 0.04, 1.0)
    """
    gradient, divergence = _gradients("turbulence_scales", velocity, grid)
    nu, dimension = jnp.asarray(viscosity, gradient.dtype), grid.dimension
    moving = velocity - jnp.mean(velocity, axis=tuple(range(1, velocity.ndim)), keepdims=True)
    energy = jnp.sum(jnp.mean(moving**2, axis=tuple(range(1, velocity.ndim)))) / 2
    rate = nu * (gradient + divergence)
    speed = root(2 * energy / dimension)
    taylor = root(dimension * (dimension + 2) * nu * speed**2 / rate)
    return TurbulenceScales(
        energy=energy,
        enstrophy=(gradient - divergence) / 2,
        dissipation=rate,
        speed=speed,
        taylor_length=taylor,
        taylor_reynolds=speed * taylor / nu,
        kolmogorov_length=(nu**3 / rate) ** 0.25,
        kolmogorov_time=root(nu / rate),
    )


def _gradients(owner: str, velocity: Array, grid: Grid) -> tuple[Array, Array]:
    """Mean squares of the velocity gradient and of the divergence: `mean(d_i u_j d_j u_i)` is the latter on a periodic box."""
    _check(owner, velocity, grid, grid.dimension)
    power, waves = mode_power(velocity)
    gradient = jnp.sum(power * jnp.asarray(_squares(grid, waves), power.dtype)[None])
    axes = tuple(range(1, velocity.ndim))
    spectrum = jnp.fft.rfftn(velocity, axes=axes, norm="forward")
    divergence = jnp.zeros(spectrum.shape[1:], spectrum.dtype)
    for axis, (length, wave) in enumerate(zip(grid.lengths, waves)):
        shape = [-1 if a == axis else 1 for a in range(grid.dimension)]
        divergence = divergence + spectrum[axis] * jnp.asarray(
            (2 * np.pi / length * wave).reshape(shape), spectrum.dtype
        )
    copies = np.where((waves[-1] == 0) | (2 * waves[-1] == grid.shape[-1]), 1, 2)
    weights = jnp.asarray(copies, gradient.dtype).reshape((1,) * (grid.dimension - 1) + (-1,))
    return gradient, jnp.sum(weights * (divergence.real**2 + divergence.imag**2))


def _squares(grid: Grid, waves: tuple[np.ndarray, ...]) -> np.ndarray:
    return outer_sum([(2 * np.pi / length * wave) ** 2 for length, wave in zip(grid.lengths, waves)])


def _check(owner: str, field: Array, grid: Grid, components: int | None) -> None:
    right = components is None or field.shape[0] == components
    if not grid.periodic or field.shape[1:] != grid.shape or not right:
        wanted = "c" if components is None else components
        raise ValueError(
            f"{owner}: needs shape ({wanted}, *{grid.shape}) on a periodic grid, got {field.shape} on {grid!r}."
        )
