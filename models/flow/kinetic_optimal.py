"""The path whose marginal velocity has the least kinetic energy, for given data."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.integrate import cumulative_trapezoid
from scipy.interpolate import PchipInterpolator

from sciml.models.flow.gaussian_path import GaussianPath
from sciml.models.flow.separation import separation_angles

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
