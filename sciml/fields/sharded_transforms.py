"""Fourier transforms of fields that are split over several devices: slabs (one mesh axis) and pencils (two).

Points are split along the first space axes, one per mesh axis; coefficients along those that follow them. Each axis is transformed
while it is whole on every device; between two axes the devices exchange what they hold (`lax.all_to_all`).
"""

import jax
import jax.numpy as jnp
from jax import lax
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Array

from sciml.fields.packing import insert_zeros, keep_low_modes


def point_partition(mesh: Mesh, dimension: int, leading: int) -> PartitionSpec:
    """How values on points are split: `leading` component axes, then `dimension` space axes."""
    free = dimension - len(mesh.axis_names)
    return PartitionSpec(*[None] * leading, *mesh.axis_names, *[None] * free)


def mode_partition(mesh: Mesh, dimension: int, leading: int) -> PartitionSpec:
    """How coefficients are split."""
    free = dimension - len(mesh.axis_names) - 1
    return PartitionSpec(*[None] * (leading + 1), *mesh.axis_names, *[None] * free)


def stored_counts(counts: tuple[int, ...], mesh: Mesh) -> tuple[int, ...]:
    """Coefficients per axis, filled up with zeros to what divides over the devices."""
    devices = [1, *mesh.devices.shape, *[1] * len(counts)]
    return tuple(-(-count // n) * n for count, n in zip(counts, devices))


def check_mesh(mesh: Mesh, shape: tuple[int, ...]) -> None:
    """Refuse a mesh that does not fit so many points.

    Raises:
        ValueError: names what does not divide.
    """
    if not 1 <= len(mesh.axis_names) < len(shape):
        raise ValueError(
            f"a mesh of {len(mesh.axis_names)} axes cannot split {len(shape)} space axes: one axis must stay whole. "
            "One mesh axis makes slabs (2-D and 3-D), two make pencils (3-D)."
        )
    for axis, devices in enumerate(mesh.devices.shape):
        if shape[axis] % devices:
            raise ValueError(f"{shape[axis]} points of axis {axis} do not divide over the {devices} devices of {mesh}.")


def analyse(values: Array, mesh: Mesh, modes: tuple[int, ...], stored: tuple[int, ...], real: bool) -> Array:
    """Values on points to retained coefficients, not normalised."""
    dimension = len(modes)
    leading = values.ndim - dimension

    def local(block: Array) -> Array:
        for axis in reversed(range(dimension)):
            at = leading + axis
            if real and axis == dimension - 1:
                block = lax.slice_in_dim(jnp.fft.rfft(block, axis=at), 0, modes[axis] + 1, axis=at)
            else:
                block = keep_low_modes(jnp.fft.fft(block, axis=at), at, modes[axis])
            if 0 < axis <= len(mesh.axis_names):
                ghosts = [(0, stored[axis] - block.shape[at] if a == at else 0) for a in range(block.ndim)]
                block = lax.all_to_all(jnp.pad(block, ghosts), mesh.axis_names[axis - 1], at, at - 1, tiled=True)
        return block

    points, spectrum = point_partition(mesh, dimension, leading), mode_partition(mesh, dimension, leading)
    return jax.shard_map(local, mesh=mesh, in_specs=points, out_specs=spectrum)(values)


def synthesise(coefficients: Array, mesh: Mesh, modes: tuple[int, ...], shape: tuple[int, ...], real: bool) -> Array:
    """Retained coefficients to values on `shape` points; inverse of `analyse`."""
    dimension = len(modes)
    leading = coefficients.ndim - dimension

    def local(block: Array) -> Array:
        for axis in range(dimension):
            at, half = leading + axis, real and axis == dimension - 1
            kept = modes[axis] + 1 if half else 2 * modes[axis] + 1
            block = lax.slice_in_dim(block, 0, kept, axis=at)
            if half:
                block = jnp.fft.irfft(block, shape[axis], axis=at)
            else:
                block = jnp.fft.ifft(insert_zeros(block, at, modes[axis], shape[axis]), axis=at)
            if axis < len(mesh.axis_names):
                block = lax.all_to_all(block, mesh.axis_names[axis], at, at + 1, tiled=True)
        return block

    points, spectrum = point_partition(mesh, dimension, leading), mode_partition(mesh, dimension, leading)
    return jax.shard_map(local, mesh=mesh, in_specs=spectrum, out_specs=points)(coefficients)
