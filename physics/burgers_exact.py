"""Exact solutions of the one-dimensional Burgers equation, as references for solvers and learned operators."""

import math

import numpy as np
from jaxtyping import ArrayLike, Float64

from sciml.grid import Grid
from sciml.physics.burgers import Burgers

# Beyond this range of exponents the sums below would lose terms that matter to underflow of double precision.
_LARGEST_RANGE = 600.0
# Quadrature nodes per width of the sharpest Gaussian under the integral; the rule errs by exp(-2 pi^2 2^2).
_NODES_PER_WIDTH = 2.0
_BLOCK = 256


def cole_hopf(equation: Burgers, grid: Grid, u0: ArrayLike, t: float) -> Float64[np.ndarray, "*batch 1 n"]:
    """Exact solution of Burgers' equation at one time, for periodic data of any mean.

    The transformation `u = -2 nu phi_x / phi` turns the equation into the heat equation, hence with the potential
    `psi_x = u0` of mean-free data (others are seen from a moving frame) and `b = 1`

        u(x, t) = [integral of (x - y) / t  w(x, y) dy] / [integral of w(x, y) dy],
        w(x, y) = exp(-psi(y) / (2 nu) - (x - y)^2 / (4 nu t)).

    Both integrals are sums over a periodic grid. All weights are positive, so nothing cancels and the result is good to
    about twelve digits, also where `phi` is many powers of ten below its maximum and a transform of it would drown in
    round-off. Works on the host in double precision, whatever JAX is set to.

    Args:
        equation: its viscosity must be positive, its convection not zero.
        grid: one periodic axis of `n` nodes.
        u0: initial values, shape `(*batch, 1, n)`, taken as the trigonometric series through the nodes.
        t: time, not negative.

    Returns:
        Values at the nodes of `grid`, float64, shape of `u0`.

    Raises:
        ValueError: arguments do not fit, or the viscosity is so small that `phi` leaves the range of double precision.

    Source: E. Hopf, Comm. Pure Appl. Math. 3 (1950) 201; J. D. Cole, Quart. Appl. Math. 9 (1951) 225.

    Example:
        >>> import numpy as np, sciml
        >>> from sciml.physics import Burgers, cole_hopf
        >>> grid = sciml.Grid((64,), extent=(2 * np.pi,))
        >>> u0 = 1e-3 * np.sin(grid.coordinates()[0])[None]
        >>> u = cole_hopf(Burgers(viscosity=0.1), grid, u0, 1.0)
        >>> bool(np.abs(u - np.exp(-0.1) * u0).max() < 1e-6)
        True
    """
    viscosity, convection = float(equation.viscosity), float(equation.convection)
    u0 = _checked(grid, np.asarray(u0, np.float64), viscosity, convection, t)
    if t == 0:
        return u0
    speed = convection * u0[..., 0, :]
    drift = np.mean(speed, axis=-1, keepdims=True)
    series = np.fft.rfft(speed - drift, axis=-1)
    count, length = grid.shape[0], grid.lengths[0]
    points = count * _refinement(series, count, length, viscosity, t)
    # In the frame that moves with the mean, the data seen from the nodes of the grid are those behind by `drift * t`.
    exponent = -_potential(series, count, points, length, drift * t) / (2 * viscosity)
    exponent -= exponent.max(axis=-1, keepdims=True)
    if exponent.min() < -_LARGEST_RANGE:
        raise ValueError(
            f"cole_hopf: the potential spans exp({exponent.min():.0f}) at viscosity {viscosity:.3g}, beyond double "
            f"precision (exp(-{_LARGEST_RANGE:.0f})); take a larger viscosity or smaller data."
        )
    kernel, moment = _tables(points, length, viscosity, t)
    weights = np.exp(exponent)
    moved = np.empty_like(speed)
    # In blocks of nodes: the whole table has n times as many entries as the quadrature has nodes.
    for nodes in np.array_split(np.arange(count), -(-count // _BLOCK)):
        difference = (nodes * (points // count) - np.arange(points)[:, None]) % points
        moved[..., nodes] = drift + (weights @ moment[difference]) / (weights @ kernel[difference])
    return (moved / convection)[..., None, :]


def _checked(grid: Grid, u0: np.ndarray, viscosity: float, convection: float, t: float) -> np.ndarray:
    if grid.dimension != 1 or not grid.periodic:
        raise ValueError(f"cole_hopf: `grid` must have one periodic axis, got {grid!r}.")
    if u0.ndim < 2 or u0.shape[-2:] != (1, grid.shape[0]):
        raise ValueError(f"cole_hopf: `u0` must have shape (*batch, 1, {grid.shape[0]}), got {u0.shape}.")
    if not viscosity > 0 or convection == 0 or not math.isfinite(convection):
        raise ValueError(
            f"cole_hopf: `equation` needs a positive viscosity and a convection other than 0, got {viscosity:g} and "
            f"{convection:g}."
        )
    if not (t >= 0 and math.isfinite(t)):
        raise ValueError(f"cole_hopf: `t` must be a time >= 0, got {t!r}.")
    if not np.isfinite(u0).all():
        raise ValueError("cole_hopf: `u0` must be finite at every node.")
    return u0.copy()


def _refinement(series: np.ndarray, count: int, length: float, viscosity: float, t: float) -> int:
    """Quadrature nodes per node of the grid: the exponent's curvature is at most `(1 / t + max |u_x|) / (2 nu)`."""
    waves = 2 * np.pi / length * np.arange(series.shape[-1])
    slope = np.abs(np.fft.irfft(1j * waves * series, count, axis=-1)).max(initial=0.0)
    width = math.sqrt(2 * viscosity / (1 / t + slope))
    return max(2, math.ceil(_NODES_PER_WIDTH * length / (width * count)))


def _potential(series: np.ndarray, count: int, points: int, length: float, shift: np.ndarray) -> np.ndarray:
    """Integral of the series without its mean, on a grid of `points` nodes moved back by `shift`."""
    waves = 2 * np.pi / length * np.arange(series.shape[-1])
    coefficients = np.divide(series, 1j * waves, out=np.zeros_like(series), where=waves > 0)
    if count % 2 == 0:
        # The sine of the highest mode vanishes at the nodes: its phase is unknown, and it has no derivative there.
        coefficients[..., -1] = 0
    return np.fft.irfft(coefficients * np.exp(-1j * waves * shift), points, axis=-1) * (points / count)


def _tables(points: int, length: float, viscosity: float, t: float) -> tuple[np.ndarray, np.ndarray]:
    """The periodic heat kernel (not normalised) and its moment `(x - y) / t`, by distance `x - y` in nodes."""
    images = math.ceil(math.sqrt(4 * viscosity * t * (_LARGEST_RANGE + 100)) / length) + 1
    kernel, moment = np.zeros(points), np.zeros(points)
    for image in range(-images, images + 1):
        distance = length / points * np.arange(points) + image * length
        value = np.exp(-(distance**2) / (4 * viscosity * t))
        kernel += value
        moment += distance / t * value
    return kernel, moment
