"""Sobolev norms of any real order on periodic boxes."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from sciml.grid import Grid
from sciml.metrics._error import difference, ratio, root
from sciml.metrics._spectrum import mode_power, outer_sum


def sobolev_norm(
    field: Inexact[Array, "c *shape"], grid: Grid, *, order: float = 1.0, homogeneous: bool = False
) -> Float[Array, ""]:
    """`(sum_k (1 + |k|^2)^order |u_k|^2)^(1/2)` with physical wavenumbers; order 0 is the root mean square.

    Args:
        field: sample, shape `(channels, *grid.shape)`; the squares of channels add up.
        grid: periodic grid, any box.
        order: smoothness measured, any real number: 1 is H1, negative orders weigh the large scales.
        homogeneous: weights `|k|^(2 order)` and no mean, the seminorm.

    Returns:
        A scalar; volume averaged, so multiply by `sqrt(grid.volume)` for the integral norm.

    Example:
        >>> import jax.numpy as jnp, sciml
        >>> from sciml.metrics import sobolev_norm
        >>> grid = sciml.Grid((32,), extent=(2 * jnp.pi,))
        >>> u = jnp.sin(3 * jnp.asarray(grid.coordinates()[0]))[None]
        >>> [round(float(sobolev_norm(u, grid, order=order) ** 2), 4) for order in (1.0, 0.0, -1.0)]
        [5.0, 0.5, 0.05]
    """
    if not grid.periodic or field.shape[1:] != grid.shape:
        raise ValueError(
            f"sobolev_norm: needs a periodic `grid` of the shape of the field, got {grid!r} and field {field.shape}."
        )
    power, waves = mode_power(field)
    squares = outer_sum([(2 * np.pi / length * wave) ** 2 for length, wave in zip(grid.lengths, waves)])
    shifted = np.where(squares == 0, 1, squares) if homogeneous else 1 + squares
    weights = np.where(squares == 0, not homogeneous, shifted**order)
    return root(jnp.sum(power * jnp.asarray(weights, power.dtype)[None]))


def relative_sobolev(
    prediction: Inexact[Array, "c *shape"],
    target: Inexact[Array, "c *shape"],
    grid: Grid,
    *,
    order: float = 1.0,
    homogeneous: bool = False,
) -> Float[Array, ""]:
    """Sobolev norm of the error by that of the target; order 1 is the relative H1 error, order 0 `relative_l2`.

    Args:
        prediction: what was computed, shape `(channels, *grid.shape)`.
        target: what it should be, same shape.
        grid: periodic grid.
        order: any real number.
        homogeneous: use the seminorm.

    Returns:
        A scalar.

    Source: weights `(1 + |k|^2)^(1/2)` of Li et al. 2021 (arXiv:2010.08895) for order 1.

    Example:
        >>> import jax.numpy as jnp, sciml
        >>> from sciml.metrics import relative_sobolev
        >>> grid = sciml.Grid((32,), extent=(1.0,))
        >>> u = jnp.cos(2 * jnp.pi * jnp.asarray(grid.coordinates()[0]))[None]
        >>> round(float(relative_sobolev(1.5 * u, u, grid, order=-2.0)), 4)
        0.5
    """
    size = sobolev_norm(difference(prediction, target), grid, order=order, homogeneous=homogeneous)
    return ratio(size, sobolev_norm(target, grid, order=order, homogeneous=homogeneous))
