"""The light Schroedinger bridge: potentials that are Gaussian mixtures, everything in closed form."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


class LightSB(eqx.Module):
    """From `p0` at time 0 to `p1` at time 1, near `dX = sqrt(noise) dW`: the bridge whose potential is a mixture of normal laws.

    With `v(y) = sum_k alpha_k N(y | r_k, noise S_k)` the coupling is `pi(y | x) ~ exp(x . y / noise) v(y)`, a mixture of normal laws of
    means `r_k + S_k x` and covariances `noise S_k`, and the drift of the bridge is a weighted mean of linear functions,
    `sum_k w_k(x, t) D_k^-1 ((S_k - 1) x + r_k)` with `D_k = t S_k + 1 - t`: regular from 0 to 1, both included.

    Each S_k is diagonal in its own frame, a product of reflections, so that nothing is ever factorised; without reflectors the frame is
    that of the data. All S_k zero (`log_scales` of minus infinity) give a discrete `p1`, see `discrete_bridge`.

    Attributes:
        potentials: `noise log alpha_k`, not normalised: in units of cost, so that one learning rate serves at any noise.
        centres: `r_k`.
        log_scales: logarithms of the eigenvalues of `S_k`.
        noise: variance of the reference process per unit of time, the entropic regularisation.
        reflectors: normals of the mirrors that make the frame of each component, of any length; None for diagonal `S_k`.

    Source: A. Korotin, N. Gushchin & E. Burnaev, Light Schroedinger Bridge, ICLR 2024 (arXiv 2310.01174).

    Example:
        >>> model = LightSB.at(jnp.asarray([[1.0, 0.0], [-1.0, 0.0]]), noise=0.1)
        >>> model(jnp.zeros(2), key=jax.random.key(0)).shape, model.drift(0.5, jnp.zeros(2)).tolist()
        ((2,), [0.0, 0.0])
    """

    potentials: Float[Array, " components"]
    centres: Float[Array, "components d"]
    log_scales: Float[Array, "components d"]
    noise: float = eqx.field(static=True)
    reflectors: Float[Array, "components reflections d"] | None = None

    @staticmethod
    def at(
        centres: Float[Array, "components d"],
        *,
        noise: float,
        scale: float = 0.1,
        full: bool = False,
        key: PRNGKeyArray | None = None,
    ) -> "LightSB":
        """Start with equal weights at given centres, usually some samples of `p1`.

        Args:
            centres: one per component.
            noise: variance of the reference process, positive.
            scale: of all S_k.
            full: let S_k be any positive matrix, by `d - 1` reflections each, instead of a diagonal one.
            key: draws the reflections, which change nothing while all scales are equal; wanted with `full` alone.

        Raises:
            ValueError: `noise` or `scale` not positive; `full` without `key`.
        """
        if noise <= 0 or scale <= 0:
            raise ValueError(f"LightSB: `noise` and `scale` must be positive, got {noise} and {scale}.")
        if full and key is None:
            raise ValueError("LightSB: full matrices start from random frames, give a `key`.")
        count, d = centres.shape
        potentials = jnp.full(count, -noise * math.log(count), centres.dtype)
        # One reflection less than coordinates reaches every frame up to signs, which S_k does not feel.
        mirrors = None if key is None or not full else jax.random.normal(key, (count, d - 1, d), centres.dtype)
        return LightSB(potentials, centres, jnp.full_like(centres, math.log(scale)), noise, mirrors)

    def __call__(self, x: Float[Array, " d"], *, key: PRNGKeyArray) -> Float[Array, " d"]:
        """Where a particle that starts at `x` ends: a sample of the coupling."""
        pick, draw = jax.random.split(key)
        component = jax.random.categorical(pick, self._log_parts(x, 0.0))
        one = jax.tree.map(lambda leaf: leaf[component][None], self)
        z = jax.random.normal(draw, x.shape, x.dtype)
        scale = jnp.exp(one.log_scales)
        return (one.centres + one._scaled(scale, x) + one._scaled(jnp.sqrt(self.noise * scale), z))[0]

    def shares(self, x: Float[Array, " d"]) -> Float[Array, " components"]:
        """Probabilities of the components given `x`."""
        return jax.nn.softmax(self._log_parts(x, 0.0))

    def mean(self, x: Float[Array, " d"]) -> Float[Array, " d"]:
        """Mean of the coupling given `x`, the barycentric projection."""
        return jnp.sum(self.shares(x)[:, None] * (self.centres + self._scaled(jnp.exp(self.log_scales), x)), axis=0)

    def moments(self, x: Float[Array, " d"]) -> tuple[Float[Array, " d"], Float[Array, "d d"]]:
        """Mean and covariance of the coupling given `x`."""
        scale = jnp.exp(self.log_scales)
        weights = self.shares(x)[:, None]
        means = self.centres + self._scaled(scale, x)
        mean = jnp.sum(weights * means, axis=0)
        off = means - mean[None]
        columns = jax.vmap(lambda unit: jnp.sum(weights * self._scaled(scale, unit), axis=0))(
            jnp.eye(len(x), dtype=x.dtype)
        )
        return mean, jnp.matmul((weights * off).T, off, precision="highest") + self.noise * columns

    def at_time(self, t: Any, x: Float[Array, " d"], *, key: PRNGKeyArray) -> Float[Array, " d"]:
        """Where a particle that starts at `x` is at time `t`, without simulation: on a Brownian bridge to its end."""
        end_key, bridge_key = jax.random.split(key)
        t = jnp.asarray(t, x.dtype)
        spread = jnp.sqrt(self.noise * t * (1 - t))
        return (1 - t) * x + t * self(x, key=end_key) + spread * jax.random.normal(bridge_key, x.shape, x.dtype)

    def drift(self, t: Any, x: Float[Array, " d"], args: Any = None) -> Float[Array, " d"]:
        """Drift of the bridge, a vector field for `solve_sde` or diffrax; the diffusion is `sqrt(noise)`."""
        t = jnp.asarray(t, x.dtype)
        scale = jnp.exp(self.log_scales)
        weights = jax.nn.softmax(self._log_parts(x, t))
        velocities = ((scale - 1) * self._seen(x[None]) + self._seen(self.centres)) / (t * scale + 1 - t)
        return jnp.sum(weights[:, None] * self._seen(velocities, back=True), axis=0)

    def log_potential(self, y: Float[Array, " d"]) -> Float[Array, ""]:
        """`log v(y)`."""
        self._check(y)
        scale = jnp.exp(self.log_scales)
        squares = jnp.sum(self._seen(y[None] - self.centres) ** 2 / scale, axis=1) / self.noise
        spread = jnp.sum(self.log_scales, axis=1) + y.shape[0] * math.log(2 * math.pi * self.noise)
        return jax.nn.logsumexp(self.potentials / self.noise - squares / 2 - spread / 2)

    def log_normaliser(self, x: Float[Array, " d"]) -> Float[Array, ""]:
        """`log c(x)`, the logarithm of `int exp(x . y / noise) v(y) dy`."""
        return jax.nn.logsumexp(self._log_parts(x, 0.0)) + jnp.sum(x**2) / (2 * self.noise)

    def _log_parts(self, x: Array, t: Any) -> Array:
        """Logarithms of the components of `int N(y | x, noise (1 - t)) exp(|y|^2 / (2 noise)) v(y) dy`, up to a constant of time.

        Completed squares, in which nothing is singular at either end.
        """
        self._check(x)
        scale = jnp.exp(self.log_scales)
        between = t * scale + 1 - t
        seen, centres = self._seen(x[None]), self._seen(self.centres)
        exponents = ((scale - 1) * seen**2 + 2 * seen * centres - t * centres**2) / (2 * self.noise * between)
        return self.potentials / self.noise + jnp.sum(exponents - jnp.log(between) / 2, axis=1)

    def _check(self, x: Array) -> None:
        if x.shape != self.centres.shape[1:]:
            raise ValueError(
                f"LightSB: takes one sample of shape {self.centres.shape[1:]}, got {x.shape}; `jax.vmap` takes many."
            )

    def _scaled(self, factors: Array, x: Array) -> Array:
        """`x` times the matrix of each component that has these eigenvalues in its frame."""
        return self._seen(factors * self._seen(x[None]), back=True)

    def _seen(self, vectors: Array, *, back: bool = False) -> Array:
        """Vectors `(1 or components, d)` in the frame of each component, or back from there."""
        if self.reflectors is None:
            return vectors

        def reflect(rows: Array, normals: Array) -> tuple[Array, None]:
            along = jnp.sum(rows * normals[:, None], axis=2) / jnp.sum(normals**2, axis=1, keepdims=True)
            return rows - 2 * along[:, :, None] * normals[:, None], None

        # The frames do not depend on x: under `vmap` they are made once.
        d = self.centres.shape[1]
        units = jnp.broadcast_to(jnp.eye(d, dtype=vectors.dtype), (len(self.centres), d, d))
        frames = jax.lax.scan(reflect, units, jnp.swapaxes(self.reflectors, 0, 1))[0]
        vectors = jnp.broadcast_to(vectors, self.centres.shape)
        return jnp.einsum("kij,kj->ki" if back else "kji,kj->ki", frames, vectors, precision="highest")


class LightSBLoss(eqx.Module):
    """`loss(model, batch, key)`: `E log c(x0) - E log v(x1)`, the divergence from the true bridge up to a constant.

    The batch is a pair of samples of `p0` and `p1`, in any pairing.

    Example:
        >>> model = LightSB.at(jnp.zeros((3, 2)), noise=1.0)
        >>> value, metrics = LightSBLoss()(model, (jnp.ones((4, 2)), jnp.ones((4, 2))), jax.random.key(0))
        >>> sorted(metrics)
        ['divergence']

    Source: Korotin et al. 2024 (arXiv 2310.01174), equation 13.
    """

    def __call__(
        self,
        model: LightSB,
        batch: tuple[Float[Array, "batch d"], Float[Array, "batch d"]],
        key: PRNGKeyArray | None = None,
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        """Evaluate the loss."""
        start, end = batch
        loss = jnp.mean(jax.vmap(model.log_normaliser)(start)) - jnp.mean(jax.vmap(model.log_potential)(end))
        return loss, {"divergence": loss}
