"""Truncated signatures and log-signatures of paths given by points with straight lines in between.

A signature is kept as a list of its levels, level k of shape `(d,) * k` for k = 1 ... depth; level 0 is 1.
"""

from functools import cache
from itertools import product
from math import factorial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Levels = list[Float[Array, "..."]]


def signature(path: Float[Array, "times d"], depth: int) -> Levels:
    """Iterated integrals of a path, exact for the straight lines between its points.

    Args:
        path: points, shape `(times, d)`. Time belongs to it as a channel where the speed matters: without, signatures do not see it.
        depth: number of levels.

    Returns:
        The levels, level k of shape `(d,) * k`; entry `(i, j)` of level 2 is the integral of `x_i - x_i(0)` over `dx_j`.

    Raises:
        ValueError: `depth` below one, or fewer than two points.

    Example:
        >>> area = signature(jnp.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]), 2)[1]
        >>> area.tolist()
        [[0.5, 1.0], [0.0, 0.5]]

    Source:
        Chen, 1957; Kidger and Lyons, "Signatory", ICLR 2021 (arXiv 2001.00706), for the fused step.
    """
    if depth < 1 or path.ndim != 2 or path.shape[0] < 2:
        raise ValueError(
            f"signature: needs `depth` >= 1 and a path of two or more points, got depth={depth} and shape {path.shape}."
        )
    size = path.shape[1]
    first: Levels = [jnp.zeros((size,) * (k + 1), path.dtype) for k in range(depth)]

    def step(levels: Levels, increment: Array) -> tuple[Levels, None]:
        return signature_product(levels, straight_signature(increment, depth)), None

    return jax.lax.scan(step, first, jnp.diff(path, axis=0))[0]


def straight_signature(increment: Float[Array, " d"], depth: int) -> Levels:
    """Signature of one straight line: the exponential of its increment."""
    levels = [increment]
    for k in range(2, depth + 1):
        levels.append(_outer(levels[-1], increment) / k)
    return levels


def signature_product(first: Levels, second: Levels) -> Levels:
    """Signature of one path followed by another (Chen's identity).

    Example:
        >>> first, second = jnp.array([[0.0], [1.0]]), jnp.array([[1.0], [3.0]])
        >>> joined = signature_product(signature(first, 2), signature(second, 2))
        >>> [float(level.sum()) for level in joined]
        [3.0, 4.5]
    """
    return [a + b + rest for a, b, rest in zip(first, second, _mixed(first, second))]


def log_signature(path: Float[Array, "times d"], depth: int) -> Float[Array, " words"]:
    """The logarithm of the signature by its coefficients at Lyndon words: as many numbers as the free Lie algebra has dimensions.

    Args:
        path: points, shape `(times, d)`.
        depth: number of levels.

    Returns:
        Coefficients in the order of `lyndon_words`: first the increments, then for depth 2 the areas between pairs of channels.

    Example:
        >>> log_signature(jnp.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]), 2).tolist()
        [1.0, 1.0, 0.5]
    """
    levels = signature_logarithm(signature(path, depth))
    words = lyndon_words(path.shape[1], depth)
    return jnp.stack([levels[len(word) - 1][word] for word in words])


def signature_logarithm(levels: Levels) -> Levels:
    """`log(1 + x) = x - x**2 / 2 + ...` in the tensor algebra, whose powers above the depth vanish."""
    total, power = list(levels), list(levels)
    for k in range(2, len(levels) + 1):
        power = _mixed(power, levels)
        total = [a + (-1) ** (k + 1) / k * b for a, b in zip(total, power)]
    return total


@cache
def lyndon_words(size: int, depth: int) -> tuple[tuple[int, ...], ...]:
    """Words smaller than all their proper suffixes, by length, then in the order of the dictionary.

    Example:
        >>> lyndon_words(2, 3)
        ((0,), (1,), (0, 1), (0, 0, 1), (0, 1, 1))
    """
    words = (word for length in range(1, depth + 1) for word in product(range(size), repeat=length))
    return tuple(word for word in words if all(word < word[cut:] for cut in range(1, len(word))))


def signature_features(
    path: Float[Array, "times d"], depth: int, *, balanced: bool = True
) -> Float[Array, " features"]:
    """All levels of the signature in one vector.

    Args:
        path: points, shape `(times, d)`.
        depth: number of levels.
        balanced: multiply level k by k!, so that levels are of one size for paths of length one.

    Example:
        >>> signature_features(jnp.array([[0.0, 0.0], [1.0, 2.0]]), 2).tolist()
        [1.0, 2.0, 1.0, 2.0, 2.0, 4.0]
    """
    levels = signature(path, depth)
    return jnp.concatenate(
        [(factorial(k) if balanced else 1) * level.reshape(-1) for k, level in enumerate(levels, start=1)]
    )


def _mixed(first: Levels, second: Levels) -> Levels:
    """Products of levels 1 and above, level by level."""
    return [
        sum(
            (_outer(first[i], second[k - i - 1]) for i in range(k)),
            jnp.zeros_like(first[k]),
        )
        for k in range(len(first))
    ]


def _outer(first: Array, second: Array) -> Array:
    return jnp.tensordot(first, second, axes=0)


def shuffles(first: tuple[int, ...], second: tuple[int, ...]) -> list[tuple[int, ...]]:
    """All ways to merge two words that keep the order within each, with repetitions.

    The product of two entries of a signature is the sum of the entries at their shuffles.

    Example:
        >>> shuffles((0,), (1, 2))
        [(0, 1, 2), (1, 0, 2), (1, 2, 0)]
    """
    if not first or not second:
        return [first + second]
    one = [(first[0], *rest) for rest in shuffles(first[1:], second)]
    two = [(second[0], *rest) for rest in shuffles(first, second[1:])]
    return one + two
