"""The path whose marginal velocity has the least kinetic energy, for given data."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from scipy.integrate import cumulative_trapezoid
from scipy.interpolate import PchipInterpolator

from sciml.models.flow.gaussian_path import GaussianPath

LEAST = 1e-6
"""Below this the metric of the angle is raised: it is zero where data of mean zero are covered by noise."""


class KineticOptimal(GaussianPath):
    """Among the Gaussian paths of centred data with mean square 1 per dimension, the one of least kinetic energy.

    With `a = r sin(angle)`, `m = r cos(angle)` the energy per dimension is that of a plane curve in polar coordinates `(r, phi)`,
    `dphi = sqrt(gamma) d angle`, `gamma = 1 - (1 - separation) / cos^2`: the best curve is the chord between two unit vectors at the
    angle `Phi = phi(pi/2)`, and its energy is the square of the chord's length, `2 (1 - cos Phi)`. All that the data contribute is
    `data_separation`.

    Attributes:
        angles: increasing angles from 0 to pi/2.
        phis: phi at these.
        slopes: of the angle in phi, which make its cubic interpolation monotone.

    Example:
        >>> import numpy as np
        >>> path = KineticOptimal.of(np.ones(200))  # one point: the straight path
        >>> round(float(path.energy), 4), round(float(path.scales(0.3)[0]), 4)
        (2.0, 0.3)

    Source: N. Shaul et al., ICML 2023 (arXiv 2306.06626), whose shooting problem the chord solves in closed form.
    """

    angles: Float[Array, " n"]
    phis: Float[Array, " n"]
    slopes: Float[Array, " n"]

    @staticmethod
    def of(separation: Float[np.ndarray | Array, " n"]) -> "KineticOptimal":
        """Build the path.

        Args:
            separation: `data_separation` at `separation_scales(n)`, between 0 and 1; larger than `s^2 / (1 + s^2)` for every law
                but the normal one, below it by noise it is raised.

        Raises:
            ValueError: fewer than eight values, or values outside of [0, 1].
        """
        values = np.asarray(separation, np.float64)
        if values.ndim != 1 or values.size < 8 or not np.all((values >= -1e-9) & (values <= 1 + 1e-9)):
            raise ValueError(
                "KineticOptimal: `separation` must be at least 8 numbers from 0 to 1; see `data_separation`."
            )
        angles = separation_angles(values.size)
        cosine = np.maximum(np.cos(angles), 1e-12)
        gamma = np.maximum(1 - (1 - values) / cosine**2, LEAST)
        # At pi/2 the ratio is not known; it is continued.
        gamma[-1] = gamma[-2]
        phis = cumulative_trapezoid(np.sqrt(gamma), angles, initial=0.0)
        slopes = PchipInterpolator(phis, angles).derivative()(phis)
        return KineticOptimal(*(jnp.asarray(table, jnp.zeros(0).dtype) for table in (angles, phis, slopes)))

    @property
    def energy(self) -> Float[Array, ""]:
        """Kinetic energy per dimension of the marginal velocity."""
        return 2 * (1 - jnp.cos(self.phis[-1]))

    def data_scale(self, t: Float[Array, ""]) -> Float[Array, ""]:
        """`r sin(angle)`."""
        radius, angle = self._polar(t)
        return radius * jnp.sin(angle)

    def noise_scale(self, t: Float[Array, ""]) -> Float[Array, ""]:
        """`r cos(angle)`."""
        radius, angle = self._polar(t)
        return radius * jnp.cos(angle)

    def _polar(self, t: Any) -> tuple[Array, Array]:
        whole = self.phis[-1].astype(jnp.asarray(t).dtype)
        across, along = t * jnp.sin(whole), 1 - t + t * jnp.cos(whole)
        return jnp.hypot(across, along), self._angle(jnp.arctan2(across, along))

    def _angle(self, phi: Array) -> Array:
        """Cubic Hermite interpolation."""
        angles, phis, slopes = (table.astype(phi.dtype) for table in (self.angles, self.phis, self.slopes))
        left = jnp.clip(jnp.searchsorted(phis, phi, side="right") - 1, 0, len(phis) - 2)
        width = phis[left + 1] - phis[left]
        x = (phi - phis[left]) / width
        ends = (1 + 2 * x) * (1 - x) ** 2 * angles[left] + x**2 * (3 - 2 * x) * angles[left + 1]
        return ends + width * (x * (1 - x) ** 2 * slopes[left] - x**2 * (1 - x) * slopes[left + 1])


def separation_angles(count: int) -> np.ndarray:
    """`atan(a / m)` from 0 to pi/2, dense at 0, where the metric vanishes for centred data, and at pi/2, where close points part."""
    return np.pi / 2 * np.sin(np.pi / 2 * np.linspace(0, 1, count)) ** 2


def separation_scales(count: int) -> np.ndarray:
    """The ratios `s = a / m` at which `KineticOptimal.of` wants the separation; the last is infinite."""
    return np.append(np.tan(separation_angles(count)[:-1]), np.inf)


def data_separation(
    data: Float[Array, "n d"], count: int = 200, *, samples: int = 4096, key: PRNGKeyArray
) -> Float[np.ndarray, " count"]:
    """`E |E[data | data + noise / s]|^2 / d` at `separation_scales(count)`: how well noisy data can be told apart, from 0 to 1.

    Args:
        data: all data, centred and with mean square 1 per dimension.
        count: number of scales.
        samples: noisy points of the Monte Carlo mean; its error is about `samples**-0.5`.
        key: random key.

    Raises:
        ValueError: data that are not normalised.

    Example:
        >>> import jax
        >>> found = data_separation(jax.numpy.asarray([[1.0], [-1.0]]), key=jax.random.key(0))
        >>> bool(found[0] < 1e-6 and found[-1] == 1.0)
        True
    """
    mean, square = float(jnp.abs(jnp.mean(data, axis=0)).max()), float(jnp.mean(data**2))
    if mean > 0.05 or abs(square - 1) > 0.05:
        raise ValueError(
            f"data_separation: data must have mean 0 and mean square 1, got {mean:.3g} and {square:.3g}; subtract the mean and divide."
        )
    data, variances = _along_principal_axes(data)
    pick, draw = jax.random.split(key)
    # Every point equally often, each noise with its opposite.
    order = jax.random.permutation(pick, len(data))
    chosen = jnp.repeat(data[order[jnp.arange((samples + 1) // 2) % len(data)]], 2, axis=0)
    half = jax.random.normal(draw, (len(chosen) // 2, data.shape[1]), data.dtype)
    noise = jnp.stack([half, -half], axis=1).reshape(chosen.shape)
    half_squares = jnp.sum(data**2, axis=1) / 2

    def at(s: Array) -> Array:
        # Weights of the data given s x: products only, so that no pairwise distance loses digits at large s.
        points = s * chosen + noise
        logits = s * jnp.matmul(points, data.T, precision="highest") - s**2 * half_squares[None]
        means = jnp.matmul(jax.nn.softmax(logits, axis=1), data, precision="highest")
        # At small s all laws are like the normal one of their covariance, whose means are linear. The path depends on what is left over
        # a normal law, so the linear part, whose expectation is known, serves as control variate.
        gain = s * variances / (1 + s**2 * variances)
        linear = points * gain[None]
        known = _controlled(means, linear, jnp.mean(s * variances * gain))
        unknown = _controlled(chosen - means, chosen - linear, jnp.mean(variances / (1 + s**2 * variances)))
        # Both add up to one but for noise; at large s their ratio is exact, which integrals over s need.
        return known / (known + unknown)

    values = np.array(
        jax.jit(lambda scales: jax.lax.map(at, scales))(jnp.asarray(separation_scales(count)[:-1], data.dtype))
    )
    return np.append(np.clip(values, 0, 1), 1.0)


def _along_principal_axes(data: Array) -> tuple[Array, Array]:
    """Data turned into coordinates without correlation, and their variances."""
    host = np.asarray(data, np.float64)
    variances, axes = np.linalg.eigh(host.T @ host / len(host))
    return jnp.asarray(host @ axes, data.dtype), jnp.asarray(np.maximum(variances, 0), data.dtype)


def _controlled(values: Array, control: Array, expected: Array) -> Array:
    """Mean square of `values`, with the error that the mean square of `control` has taken out as far as both go together."""
    squares, others = jnp.mean(values**2, axis=1), jnp.mean(control**2, axis=1)
    spread = others - jnp.mean(others)
    slope = jnp.sum(spread * squares) / jnp.maximum(jnp.sum(spread**2), jnp.finfo(values.dtype).tiny)
    return jnp.mean(squares) - slope * (jnp.mean(others) - expected)
