"""The conditional optimal-transport path: straight lines."""

from jaxtyping import Array, Float

from sciml.models.flow.gaussian_path import GaussianPath


class CondOT(GaussianPath):
    """`x_t = t data + (1 - t) noise`: straight lines, the path of rectified flow.

    It minimises the conditional energy, 2, and in high dimension is close to minimising that of the marginal velocity too.

    Example:
        >>> import jax.numpy as jnp
        >>> float(CondOT().velocity(0.3, jnp.asarray(5.0), jnp.asarray(1.0)))
        4.0

    Source: Lipman et al. 2023 (arXiv 2210.02747); Liu et al. 2023 (2209.03003).
    """

    def data_scale(self, t: Float[Array, ""]) -> Float[Array, ""]:
        """`t`."""
        return t

    def noise_scale(self, t: Float[Array, ""]) -> Float[Array, ""]:
        """`1 - t`."""
        return 1 - t
