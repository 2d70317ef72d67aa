"""Metrics that need the values at the nodes only."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Inexact

from sciml.grid import Grid
from sciml.metrics._error import difference, ratio, root, squared_modulus


def rmse(prediction: Inexact[Array, "c *shape"], target: Inexact[Array, "c *shape"]) -> Float[Array, ""]:
    """Root of the mean squared error over all channels and nodes.

    Args:
        prediction: what was computed, shape `(channels, *shape)`.
        target: what it should be, same shape.

    Returns:
        A scalar in the units of the field.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.metrics import rmse
        >>> float(rmse(jnp.zeros((1, 4)), jnp.array([[3.0, -3.0, 3.0, 3.0]])))
        3.0
    """
    return lp_error(prediction, target, p=2.0)


def lp_error(
    prediction: Inexact[Array, "c *shape"],
    target: Inexact[Array, "c *shape"],
    *,
    p: float = 2.0,
    grid: Grid | None = None,
) -> Float[Array, ""]:
    """The Lp norm of the error: `(mean |e|^p)^(1/p)`, or `(integral |e|^p dx)^(1/p)` when a grid is given.

    With several channels the mean, or the integral, runs over all of them; the integral sums channels, the mean
    averages them.

    Args:
        prediction: what was computed, shape `(channels, *shape)`.
        target: what it should be, same shape.
        p: exponent, positive; infinity gives the maximum.
        grid: uniform periodic or cell grid whose cell volume turns the sum into an integral.

    Returns:
        A scalar.

    Example:
        >>> import jax.numpy as jnp, sciml
        >>> from sciml.metrics import lp_error
        >>> float(lp_error(jnp.ones((1, 8)), jnp.zeros((1, 8)), p=1.0, grid=sciml.Grid((8,), extent=(3.0,))))
        3.0
    """
    error = difference(prediction, target)
    if not p > 0:
        raise ValueError(f"lp_error: `p` must be positive, got {p}.")
    squares = squared_modulus(error)
    if p == float("inf"):
        return root(jnp.max(squares))
    volume = 1 / error.size if grid is None else _cell_volume(grid, error.shape[1:])
    return root(jnp.sum(squares if p == 2 else root(squares) ** p) * volume, p)


def relative_lp(
    prediction: Inexact[Array, "c *shape"], target: Inexact[Array, "c *shape"], *, p: float = 2.0
) -> Float[Array, ""]:
    """`||prediction - target||_p / ||target||_p` over all channels and nodes; infinite or NaN for a zero target.

    Arguments as in `lp_error`.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.metrics import relative_lp
        >>> float(relative_lp(jnp.full((1, 8), 1.5), jnp.ones((1, 8)), p=1.0))
        0.5
    """
    return ratio(lp_error(prediction, target, p=p), lp_error(jnp.zeros_like(target), target, p=p))


def relative_l2(prediction: Inexact[Array, "c *shape"], target: Inexact[Array, "c *shape"]) -> Float[Array, ""]:
    """`||prediction - target||_2 / ||target||_2` over all channels and nodes: the error of the neural-operator papers.

    Of a trajectory given as one sample this is the flattened error, which differs from the mean over its frames.
    Infinite or NaN for a zero target; its gradient is zero, not NaN, where the error vanishes.

    Args:
        prediction: what was computed, shape `(channels, *shape)`.
        target: what it should be, same shape.

    Returns:
        A scalar.

    Source: Li et al. 2021 (arXiv:2010.08895).

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from sciml.metrics import relative_l2
        >>> target = jnp.ones((5, 1, 16))
        >>> jax.vmap(relative_l2)(1.25 * target, target).tolist()
        [0.25, 0.25, 0.25, 0.25, 0.25]
    """
    return relative_lp(prediction, target, p=2.0)


def nrmse(prediction: Inexact[Array, "c *shape"], target: Inexact[Array, "c *shape"]) -> Float[Array, ""]:
    """Root mean squared error by the root mean square of the target, per channel, averaged over channels.

    With one channel this is `relative_l2`. Arguments as there.

    Source: Takamoto et al. 2022 (PDEBench, arXiv:2210.07182).

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.metrics import nrmse
        >>> target = jnp.stack([jnp.ones(4), 100 * jnp.ones(4)])
        >>> round(float(nrmse(target + 1, target)), 3)
        0.505
    """
    return jnp.mean(ratio(_per_channel(difference(prediction, target)), _per_channel(target)))


def vrmse(prediction: Inexact[Array, "c *shape"], target: Inexact[Array, "c *shape"]) -> Float[Array, ""]:
    """Root mean squared error by the standard deviation of the target, per channel, averaged over channels.

    One for the constant prediction by the mean, whatever that mean is. Arguments as in `relative_l2`.

    Source: Ohana et al. 2024 (The Well, arXiv:2412.00568).

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.metrics import vrmse
        >>> target = jnp.array([[9.0, 11.0]])
        >>> float(vrmse(jnp.full((1, 2), 10.0), target))
        1.0
    """
    centred = target - jnp.mean(target, axis=_space(target), keepdims=True)
    return jnp.mean(ratio(_per_channel(difference(prediction, target)), _per_channel(centred)))


def maximum_error(prediction: Inexact[Array, "c *shape"], target: Inexact[Array, "c *shape"]) -> Float[Array, ""]:
    """Largest absolute error over all channels and nodes. Arguments as in `relative_l2`.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.metrics import maximum_error
        >>> float(maximum_error(jnp.array([[1.0, 5.0]]), jnp.array([[2.0, 2.0]])))
        3.0
    """
    return lp_error(prediction, target, p=float("inf"))


def conserved_rmse(prediction: Inexact[Array, "c *shape"], target: Inexact[Array, "c *shape"]) -> Float[Array, ""]:
    """Error of the mean over the nodes, root mean square over channels: zero when the total amount is right.

    Arguments as in `relative_l2`.

    Source: cRMSE of Takamoto et al. 2022 (PDEBench, arXiv:2210.07182).

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.metrics import conserved_rmse
        >>> float(conserved_rmse(jnp.array([[1.0, 3.0]]), jnp.array([[3.0, 1.0]])))
        0.0
    """
    axes = _space(target)
    return rmse(jnp.mean(prediction, axis=axes)[:, None], jnp.mean(target, axis=axes)[:, None])


def boundary_rmse(prediction: Inexact[Array, "c *shape"], target: Inexact[Array, "c *shape"]) -> Float[Array, ""]:
    """Root mean squared error over the first and last node of every axis, each node counted once.

    Arguments as in `relative_l2`.

    Source: bRMSE of Takamoto et al. 2022 (PDEBench, arXiv:2210.07182).

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.metrics import boundary_rmse
        >>> error = jnp.array([[1.0, 100.0, 100.0, 1.0]])
        >>> float(boundary_rmse(error, jnp.zeros((1, 4))))
        1.0
    """
    squares = squared_modulus(difference(prediction, target))
    inside = (slice(None),) + (slice(1, -1),) * (squares.ndim - 1)
    on_boundary = jnp.ones(squares.shape, bool).at[inside].set(False)
    return root(jnp.mean(squares, where=on_boundary))


def _space(field: Inexact[Array, "..."]) -> tuple[int, ...]:
    return tuple(range(1, field.ndim))


def _per_channel(field: Inexact[Array, "c ..."]) -> Float[Array, "c"]:
    return root(jnp.mean(squared_modulus(field), axis=_space(field)))


def _cell_volume(grid: Grid, shape: tuple[int, ...]) -> float:
    if grid.shape != shape or any(not axis.periodic and axis.nodes != "cell" for axis in grid.axes):
        raise ValueError(f"lp_error: `grid` must be periodic or of cells with shape {shape}, got {grid!r}.")
    return grid.volume / grid.size
