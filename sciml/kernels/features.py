"""Random features: finite vectors whose inner products approach a kernel."""

import math
from typing import Literal, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.kernels.kernel import Kernel
from sciml.kernels.radial import Radial
from sciml.kernels.rbf import RBF
from sciml.kernels.spectrum import Spectrum, per_coordinate

Kind: TypeAlias = Literal["fourier", "orthogonal", "positive"]


class RandomFeatures(eqx.Module):
    """Features `f(x)` of shape `(count,)` with `f(x) . f(y)` near `k(x, y)`, the error falling as `count^(-1/2)`.

    The draws are kept and not the frequencies, so that features follow the kernel's parameters, differentiably; but shares of the
    terms of a sum, and weights of a mixture, decide how many frequencies each gets, and by that no gradient passes.

    - `fourier`: cosines and sines of random frequencies (A. Rahimi & B. Recht, NeurIPS 2007), for kernels with a spectrum;
    - `orthogonal`: frequencies in orthogonal directions (F. Yu et al., NeurIPS 2016), smaller error in several coordinates;
    - `positive`: exponentials (K. Choromanski et al., ICLR 2021), for the squared-exponential kernel: no negative covariances.

    Attributes:
        kernel: the kernel.
        normals: standard normal numbers, `(frequencies, dimension)`; for orthogonal features rotated accordingly.
        key: for what else the spectrum draws.
        kind: as above.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from sciml.kernels import RBF
        >>> features = RandomFeatures.draw(RBF(), 512, 1, key=jax.random.key(0))
        >>> x = jnp.linspace(0.0, 1.0, 5)
        >>> bool(jnp.abs(features(x) @ features(x).T - RBF().gram(x)).max() < 0.1)
        True
    """

    kernel: Kernel
    normals: Float[Array, "frequencies dimension"]
    key: PRNGKeyArray
    kind: Kind = eqx.field(static=True)

    @classmethod
    def draw(
        cls, kernel: Kernel, count: int, dimension: int, *, kind: Kind = "fourier", key: PRNGKeyArray
    ) -> "RandomFeatures":
        """Draw features.

        Args:
            kernel: with a spectrum; for orthogonal features radial, for positive ones `RBF`.
            count: number of features; even but for positive ones.
            dimension: coordinates of a point.
            kind: see the class.
            key: random key.
        """
        if kind not in ("fourier", "orthogonal", "positive"):
            raise ValueError(f"RandomFeatures: `kind` is 'fourier', 'orthogonal' or 'positive', got {kind!r}.")
        if count < 2 or (count % 2 and kind != "positive"):
            raise ValueError(f"RandomFeatures: `count` must be even and at least 2, got {count}.")
        if kind == "orthogonal" and not isinstance(kernel, Radial):
            raise TypeError(f"RandomFeatures: orthogonal features need a radial kernel, got {type(kernel).__name__}.")
        if kind == "positive" and not isinstance(kernel, RBF):
            raise TypeError(f"RandomFeatures: positive features are those of RBF, got {type(kernel).__name__}.")
        _spectrum(kernel)
        first, second = jax.random.split(key)
        frequencies = count if kind == "positive" else count // 2
        dtype = jnp.result_type(float)
        if kind == "orthogonal":
            normals = _orthogonal(frequencies, dimension, dtype, first)
        else:
            normals = jax.random.normal(first, (frequencies, dimension), dtype)
        return cls(kernel, normals, second, kind)

    def __call__(self, points: Float[Array, "n *dimension"]) -> Float[Array, "n count"]:
        """Features of points, `(n,)` for one coordinate."""
        x = points[:, None] if points.ndim == 1 else points
        kernel = self.kernel.cast(x.dtype)
        spectrum = _spectrum(kernel)
        frequencies = spectrum.frequencies(self.normals.astype(x.dtype), self.key)
        if x.shape[1:] != frequencies.shape[1:]:
            raise ValueError(
                f"RandomFeatures: drawn for {frequencies.shape[1]} coordinates, the points have {x.shape[1:]}."
            )
        phases = x @ frequencies.T
        count = frequencies.shape[0]
        if self.kind != "positive":
            waves = jnp.concatenate([jnp.cos(phases), jnp.sin(phases)], -1)
            return waves * jnp.sqrt(spectrum.variance / count)
        scaled = x / per_coordinate(kernel.lengthscale, x)  # pyright: ignore[reportAttributeAccessIssue]
        return jnp.exp(phases - jnp.sum(scaled * scaled, -1, keepdims=True)) / math.sqrt(count)


def _spectrum(kernel: Kernel) -> Spectrum:
    spectrum = kernel.spectrum()
    if spectrum is None:
        raise TypeError(f"RandomFeatures: {type(kernel).__name__} has no spectrum; features need a stationary kernel.")
    return spectrum


def _orthogonal(count: int, dimension: int, dtype: jnp.dtype, key: PRNGKeyArray) -> Array:
    """Rows that are orthogonal within blocks of `dimension`, with lengths of standard normal vectors."""
    first, second = jax.random.split(key)
    blocks = -(-count // dimension)
    squares = jax.random.normal(first, (blocks, dimension, dimension), dtype)
    # One block after the other: batched factorisations may wait for each other on small CPUs.
    rotations = jax.lax.map(lambda square: jnp.linalg.qr(square)[0], squares)
    directions = rotations.reshape(blocks * dimension, dimension)[:count]
    lengths = jnp.linalg.norm(jax.random.normal(second, (count, dimension), dtype), axis=1, keepdims=True)
    return directions * lengths
