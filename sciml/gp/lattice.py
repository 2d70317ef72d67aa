"""Observations on a lattice, the product of coordinates, beside those at single points."""

from typing import Any, TypeGuard

import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.gp.design import Mean, as_design, count, prior_mean


def is_lattice(points: Any) -> TypeGuard[tuple[Array, ...]]:
    """Whether points are a tuple of coordinates, one vector for each dimension."""
    return isinstance(points, tuple)


def lattice_points(axes: tuple[Array, ...]) -> Float[Array, "n dimension"]:
    """All points of a lattice in a row, the last coordinate running fastest."""
    return jnp.stack([grid.ravel() for grid in jnp.meshgrid(*axes, indexing="ij")], axis=-1)


def observation_shape(points: Any) -> tuple[int, ...]:
    """Shape of values observed at points: one axis, or the lattice's."""
    return tuple(axis.shape[0] for axis in points) if is_lattice(points) else (count(as_design(points)),)


def process_mean(mean: Mean, points: Any) -> Float[Array, "*observations"]:
    """Prior mean at points of any form, in the shape of the observations."""
    if not is_lattice(points):
        return prior_mean(mean, as_design(points))
    shape = observation_shape(points)
    if not callable(mean):
        return jnp.full(shape, jnp.asarray(mean).astype(points[0].dtype))
    return prior_mean(mean, lattice_points(points)).reshape(shape)
