"""Systems of the experiment `dcdm`: second differences on boxes with and without obstacles, and right-hand sides."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse
import scipy.sparse.linalg
from jaxtyping import Array, Bool, Float, Float64, PRNGKeyArray

from sciml.solvers import StencilOperator

GEOMETRIES = {
    "box": "box as in training",
    "held": "obstacles held at zero",
    "walls": "obstacles with walls",
}
"""Kind -> for the report. The outer walls hold zero always; an obstacle does too, or lets nothing through."""

RIGHT_SIDES = ("white noise", "smooth", "indicator")


class Obstacles(NamedTuple):
    """Two balls and a box of random places in the unit box, the same ones on every grid."""

    centres: Float64[np.ndarray, "3 d"]
    radii: Float64[np.ndarray, "2"]
    half_sides: Float64[np.ndarray, " d"]


def draw_obstacles(dimension: int, key: PRNGKeyArray) -> Obstacles:
    """Draw one geometry; none covers more than a sixth of the square."""
    keys = jax.random.split(key, 3)
    centres = jax.random.uniform(keys[0], (3, dimension), minval=0.2, maxval=0.8)
    radii = jax.random.uniform(keys[1], (2,), minval=0.06, maxval=0.15)
    half_sides = jax.random.uniform(keys[2], (dimension,), minval=0.04, maxval=0.16)
    return Obstacles(*(np.asarray(part, np.float64) for part in (centres, radii, half_sides)))


def coordinates(shape: tuple[int, ...]) -> list[Float64[np.ndarray, "..."]]:
    """Of the unknowns in the unit box, one array per axis to be broadcast."""
    lines = [np.arange(1, n + 1) / (n + 1) for n in shape]
    return list(np.meshgrid(*lines, indexing="ij", sparse=True))


def unknowns(shape: tuple[int, ...], obstacles: Obstacles | None) -> Bool[np.ndarray, "*grid"]:
    """True outside the obstacles."""
    if obstacles is None:
        return np.ones(shape, bool)
    x = coordinates(shape)
    solid = np.zeros(shape, bool)
    for centre, radius in zip(obstacles.centres, obstacles.radii):
        solid |= sum((xi - ci) ** 2 for xi, ci in zip(x, centre)) < radius**2
    inside = np.ones(shape, bool)
    for xi, ci, half in zip(x, obstacles.centres[2], obstacles.half_sides):
        inside &= np.abs(xi - ci) < half
    return ~(solid | inside)


def second_difference(free: Bool[np.ndarray, "*grid"], *, walls: bool) -> StencilOperator:
    """Minus the Laplacian times the spacing squared, zero at the outer walls; rows in obstacles are zero.

    Args:
        free: true at the unknowns.
        walls: whether obstacles let nothing through; otherwise they hold zero.
    """
    dimension = free.ndim
    outside = np.pad(free, 1, constant_values=True)
    here = tuple(slice(1, -1) for _ in range(dimension))
    links, neighbours = {}, np.zeros(free.shape)
    for axis in range(dimension):
        step = tuple(int(a == axis) for a in range(dimension))
        after, before = (np.roll(outside, shift, axis)[here] for shift in (-1, 1))
        neighbours += after.astype(float) + before
        last = np.arange(free.shape[axis]) == free.shape[axis] - 1
        inner = ~last.reshape([-1 if a == axis else 1 for a in range(dimension)])
        links[step] = jnp.asarray(-1.0 * (free & after & inner))
    centre = np.where(free, neighbours if walls else 2.0 * dimension, 0.0)
    return StencilOperator.make(jnp.asarray(centre), links)


def right_sides(free: Bool[np.ndarray, "*grid"], count: int, key: PRNGKeyArray) -> Float[Array, "kinds count *grid"]:
    """Right-hand sides that training has not seen, zero inside obstacles: noise, a few long waves, the indicator of a ball."""
    shape, x = free.shape, coordinates(free.shape)
    noise_key, wave_key, *ball_keys = jax.random.split(key, 4)
    noise = np.asarray(jax.random.normal(noise_key, (count, *shape)))
    waves = np.asarray(jax.random.normal(wave_key, (count, *(4,) * len(shape))))
    for xi in x:
        sines = np.sin(np.pi * np.outer(np.arange(1, 5), xi.ravel()))
        waves = np.tensordot(waves, sines, (1, 0))
    centres, radii = (
        np.asarray(jax.random.uniform(k, (count, n), minval=low, maxval=high))
        for k, n, low, high in ((ball_keys[0], len(shape), 0.25, 0.75), (ball_keys[1], 1, 0.05, 0.15))
    )
    balls = [sum((xi - ci) ** 2 for xi, ci in zip(x, centre)) < radius**2 for centre, (radius,) in zip(centres, radii)]
    # A ball that an obstacle hides would leave nothing to solve.
    balls = [ball if np.any(ball & free) else np.ones_like(ball) for ball in balls]
    stacked = np.stack([noise, waves, np.asarray(balls, float)]) * free
    return jnp.asarray(stacked)


def sparse_matrix(operator: StencilOperator) -> scipy.sparse.csr_array:
    """The matrix for SciPy; a one on the diagonal of rows that are zero."""
    shape = operator.shape
    cells = np.arange(operator.size).reshape(shape)
    centre = np.asarray(operator.centre)
    blocks = [(cells.ravel(), cells.ravel(), np.where(centre == 0, 1.0, centre).ravel())]
    for offset in operator.offsets:
        link = np.asarray(operator.entry(offset)).ravel()
        (places,) = np.nonzero(link)
        step = int(np.dot(offset, [np.prod(shape[axis + 1 :], dtype=int) for axis in range(len(shape))]))
        blocks += [(places, places + step, link[places]), (places + step, places, link[places])]
    rows, columns, entries = (np.concatenate([block[i] for block in blocks]) for i in range(3))
    return scipy.sparse.csr_array((entries, (rows, columns)), shape=(operator.size, operator.size))


def incomplete_cholesky(matrix: scipy.sparse.csr_array) -> scipy.sparse.linalg.LinearOperator:
    """Approximate inverse by the incomplete Cholesky factor that keeps the pattern of a second difference.

    On this pattern no two neighbours of a point are neighbours, so that only the diagonal differs from that of the matrix.
    """
    lower = scipy.sparse.csr_array(scipy.sparse.tril(matrix, -1))
    pivots = matrix.diagonal()
    for row in range(len(pivots)):
        part = slice(lower.indptr[row], lower.indptr[row + 1])
        pivots[row] -= np.sum(lower.data[part] ** 2 / pivots[lower.indices[part]])
    factor = (lower + scipy.sparse.diags_array(pivots)).tocsc()
    solver = scipy.sparse.linalg.splu(factor, permc_spec="NATURAL", diag_pivot_thresh=0.0)

    return _Inverse(solver, pivots)


class _Inverse(scipy.sparse.linalg.LinearOperator):
    """Two triangular solves."""

    def __init__(self, lower: Any, pivots: np.ndarray) -> None:
        self.lower, self.pivots = lower, pivots
        self.shape, self.dtype = (len(pivots), len(pivots)), np.dtype(np.float64)

    def _matvec(self, x: np.ndarray) -> np.ndarray:
        return self.lower.solve(self.pivots * self.lower.solve(x.ravel()), trans="T")
