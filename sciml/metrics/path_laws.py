"""Distance between the laws of two samples of paths, by their expected signatures."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.signatures import signature_features


def signature_mmd(
    first: Float[Array, "n times d"],
    second: Float[Array, "m times d"],
    *,
    depth: int = 3,
    times: Float[Array, " times"] | None = None,
    unbiased: bool = True,
) -> Float[Array, ""]:
    """Squared maximum mean discrepancy of two samples, the kernel being the inner product of truncated signatures.

    Features are compared, not pairs of paths: the cost grows with `n + m`. The expected signature determines the law of a path where
    the law's tails are light; truncation makes this a distance between the first `depth` levels.

    Args:
        first: a sample of n paths.
        second: a sample of m paths, at the same times or others.
        depth: levels of the signature.
        times: joined to both as first channel; leave out where the paths hold time already, or its parametrisation does not matter.
            Rescale time and values to about one: level k of a signature grows with the k-th power of the path's length.
        unbiased: leave out the products of a path with itself; may be negative. Otherwise the squared distance of the means.

    Returns:
        The squared discrepancy.

    Raises:
        ValueError: fewer than two paths of one sample with `unbiased`.

    Example:
        >>> keys = jax.random.split(jax.random.key(0), 3)
        >>> walks = [jnp.cumsum(0.1 * jax.random.normal(key, (200, 20, 1)), axis=1) for key in keys]
        >>> times = jnp.linspace(0, 1, 20)
        >>> same = signature_mmd(walks[0], walks[1], times=times)
        >>> other = signature_mmd(walks[0], 2 * walks[2], times=times)
        >>> bool(other > 10 * abs(same))
        True

    Source:
        Chevyrev and Oberhauser, "Signature moments to characterize laws of stochastic processes", JMLR 2022 (arXiv 1810.10971).
    """
    if unbiased and min(first.shape[0], second.shape[0]) < 2:
        raise ValueError(
            f"signature_mmd: `unbiased` needs two or more paths in each sample, got {first.shape[0]} and {second.shape[0]}."
        )

    def features(path: Array) -> Array:
        if times is not None:
            path = jnp.concatenate([times.astype(path.dtype)[:, None], path], axis=1)
        return signature_features(path, depth)

    ours, theirs = jax.vmap(features)(first), jax.vmap(features)(second)
    if not unbiased:
        return jnp.sum((jnp.mean(ours, 0) - jnp.mean(theirs, 0)) ** 2)
    cross = jnp.mean(ours, 0) @ jnp.mean(theirs, 0)
    return _self_product(ours) + _self_product(theirs) - 2 * cross


def _self_product(features: Float[Array, "n features"]) -> Float[Array, ""]:
    """Mean product of two different paths of one sample."""
    count = features.shape[0]
    return (jnp.sum(jnp.sum(features, 0) ** 2) - jnp.sum(features**2)) / (count * (count - 1))
