"""Banded Jacobians: method-of-lines systems in one dimension, chains of compartments."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from sciml.solvers.rosenbrock.jacobian import Jacobian, LinearSolve, Mass, VectorField, factorise_dense


class BandedJacobian(Jacobian):
    """`2 width + 1` forward derivatives and block-tridiagonal factors: work and memory grow with `n`, not `n^3` and `n^2`.

    There are no row exchanges between blocks: right for diffusion, reaction-diffusion and other systems in which a step's diagonal
    dominates. Component-major states (`(components, nodes)`) have wide bands; store them as `(nodes, components)`.

    Example:
        >>> import diffrax, jax.numpy as jnp
        >>> from sciml.solvers import Rodas5P
        >>> from sciml.solvers.rosenbrock import BandedJacobian
        >>> def heat(t, y, args):
        ...     walls = jnp.pad(y, 1)
        ...     return (walls[2:] - 2 * y + walls[:-2]) * 101.0**2
        >>> y0 = jnp.sin(jnp.pi * jnp.arange(1, 101) / 101)
        >>> solution = diffrax.diffeqsolve(
        ...     diffrax.ODETerm(heat), Rodas5P(BandedJacobian(1)), 0.0, 0.1, 1e-3, y0,
        ...     stepsize_controller=diffrax.PIDController(rtol=1e-4, atol=1e-6))
        >>> bool(jnp.abs(solution.ys[0, 50] / y0[50] - jnp.exp(-jnp.pi**2 * 0.1)) < 1e-3)
        True

    Attributes:
        width: how far from the diagonal entries lie, at least 1.
    """

    width: int = eqx.field(static=True)

    def __check_init__(self) -> None:
        if self.width < 1:
            raise ValueError(f"BandedJacobian: `width` must be at least 1, got {self.width}.")

    def linearise(
        self, field: VectorField, y: Float[Array, " n"]
    ) -> tuple[Float[Array, " n"], Float[Array, "diagonals n"]]:
        """The field, and by rows the entries `J[i, i + d]` for d from -width to width, zero outside the matrix."""
        count, period = y.size, 2 * self.width + 1
        value, push = jax.linearize(field, y)
        seeds = np.arange(count)[None, :] % period == np.arange(period)[:, None]
        products = jax.vmap(push)(jnp.asarray(seeds, y.dtype))
        rows = np.arange(count)[None, :]
        columns = rows + np.arange(-self.width, self.width + 1)[:, None]
        inside = (columns >= 0) & (columns < count)
        return value, jnp.where(inside, products[columns % period, rows], 0)

    def factorise(self, entries: Float[Array, "diagonals n"], shift: Float[Array, ""], mass: Mass) -> LinearSolve:
        """Block elimination, first block to last."""
        if mass is not None and mass.ndim == 2:
            raise ValueError("BandedJacobian: `mass` must be `None` or a diagonal, got a matrix; use DenseJacobian.")
        size = entries.shape[1]
        diagonal = jnp.broadcast_to(shift if mass is None else shift * mass, (size,))
        bands = (-entries).at[self.width].add(diagonal)
        lower, middle, upper = _blocks(bands, self.width)
        inverses, below = _eliminate(lower, middle, upper)
        return lambda b: _substitute(inverses, below, upper, b, self.width)


def _blocks(bands: Array, width: int) -> tuple[Array, Array, Array]:
    """Square blocks below, on and above the diagonal, `(count, width, width)`; what fills the last block up is the identity."""
    size = bands.shape[1]
    count = -(-size // width)
    padded = jnp.pad(bands, ((0, 0), (0, count * width - size))).at[width, size:].set(1)
    rows = np.arange(count * width).reshape(count, width)[:, :, None]
    places = np.arange(width)[None, :, None], np.arange(width)[None, None, :]

    def block(shift: int) -> Array:
        band = places[1] - places[0] + shift * width + width  # which diagonal the entry lies on
        inside = (band >= 0) & (band <= 2 * width)
        return jnp.where(inside, padded[np.clip(band, 0, 2 * width), rows], 0)

    return block(-1), block(0), block(1)


def _eliminate(lower: Array, middle: Array, upper: Array) -> tuple[Array, Array]:
    """Inverses of the pivot blocks, and the multipliers of the rows above."""
    identity = jnp.eye(middle.shape[1], dtype=middle.dtype)

    def invert(block: Array) -> Array:
        return jax.vmap(factorise_dense(block), in_axes=1, out_axes=1)(identity)

    def advance(
        previous: tuple[Array, Array], blocks: tuple[Array, Array, Array]
    ) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        inverse_above, upper_above = previous
        low, mid, up = blocks
        multiplier = low @ inverse_above
        inverse = invert(mid - multiplier @ upper_above)
        return (inverse, up), (inverse, multiplier)

    start = identity, jnp.zeros_like(identity)
    _, (inverses, multipliers) = lax.scan(advance, start, (lower, middle, upper))
    return inverses, multipliers


def _substitute(inverses: Array, multipliers: Array, upper: Array, b: Array, width: int) -> Array:
    """Forward and backward substitution."""
    count = inverses.shape[0]
    parts = jnp.pad(b, (0, count * width - b.size)).reshape(count, width)
    zero = jnp.zeros(width, b.dtype)

    def down(above: Array, row: tuple[Array, Array]) -> tuple[Array, Array]:
        value = row[1] - row[0] @ above
        return value, value

    def up(below: Array, row: tuple[Array, Array, Array]) -> tuple[Array, Array]:
        inverse, block, part = row
        value = inverse @ (part - block @ below)
        return value, value

    _, reduced = lax.scan(down, zero, (multipliers, parts))
    _, solution = lax.scan(up, zero, (inverses, upper, reduced), reverse=True)
    return solution.reshape(-1)[: b.size]
