"""The variance at coincident points is the same in every compiled program that a matrix is part of."""

import jax
import jax.numpy as jnp
import numpy as np

from sciml.kernels import Matern32


def test_coincident_points_coincide_after_fusion():
    """Scaled coordinates subtracted from each other gave `1.3 - 0.67` on the diagonal of one program and 1.3 in the next."""
    points = (jnp.arange(60.0) + 0.5 * jax.random.uniform(jax.random.key(0), (60,))) / 60
    kernel = 1.3 * Matern32(0.3)

    @jax.jit
    def shifted(x):
        matrix = kernel.gram(x)
        return matrix + 1e-13 * jnp.mean(jnp.diag(matrix)) * jnp.eye(60)

    np.testing.assert_allclose(shifted(points), kernel.gram(points), atol=1e-12)
    in_plane = jnp.stack([points, points[::-1]], -1)
    np.testing.assert_allclose(jnp.diag(shifted(in_plane)), 1.3, rtol=1e-12)
