"""The multi-level convolutional network that turns a residual into a search direction."""

import itertools
import math
from collections.abc import Callable, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models._convolution import Convolution


class ResidualPair(eqx.Module):
    """Twice a convolution of 3 points per axis and the activation; the input is added to the result.

    Attributes:
        first: convolution that the activation follows.
        second: the next one.
    """

    first: Convolution
    second: Convolution
    activation: Callable[[Array], Array] = eqx.field(static=True)

    def __call__(self, x: Float[Array, "c *grid"]) -> Float[Array, "c *grid"]:
        """Apply to one sample."""
        return x + self.activation(self.second(self.activation(self.first(x))))


class DirectionCNN(eqx.Module):
    """A residual network on a few levels, from a residual to a direction along which to descend; any grid size, 1 to 3 axes.

    The finest level holds residual pairs before and after what the coarser ones do; each coarser level works on means over two
    cells per axis, and its result is repeated and added to what the finer level had. Zeros surround the grid, as for an operator
    with zero values at its walls. Nothing tells the network where obstacles are, other than the zeros of the residual there.

    The paper's networks are `DirectionCNN(3, width=16, pairs=(2, 3))` for 64 cells per axis (97 thousand parameters) and
    `pairs=(3, 4)` for 128.

    Attributes:
        enter: first convolution, no activation.
        before: residual pairs of each level but the coarsest on the way down, finest first.
        coarsest: residual pairs of the coarsest level.
        after: residual pairs on the way up, coarsest first.
        leave: map of the channels at each point to one number.

    Source: Kaneda et al., "A Deep Conjugate Direction Method for Iteratively Solving Linear Systems" (arXiv 2205.10763).

    Example:
        >>> import jax
        >>> from sciml.models import DirectionCNN
        >>> model = DirectionCNN(2, width=8, pairs=(1, 1, 2), key=jax.random.key(0))
        >>> model(jax.numpy.ones((33, 20))).shape
        (33, 20)
    """

    enter: Convolution
    before: tuple[tuple[ResidualPair, ...], ...]
    coarsest: tuple[ResidualPair, ...]
    after: tuple[tuple[ResidualPair, ...], ...]
    leave: Convolution
    dimension: int = eqx.field(static=True)

    def __init__(
        self,
        dimension: int,
        *,
        width: int = 16,
        pairs: Sequence[int] = (2, 3),
        activation: Callable[[Array], Array] = jax.nn.relu,
        key: PRNGKeyArray,
    ):
        """Draw the weights.

        Args:
            dimension: number of spatial axes, 1 to 3.
            width: channels.
            pairs: residual pairs of each level, finest first; all but the last occur twice.
            activation: a named elementwise function.
            key: random key.

        Raises:
            ValueError: an argument is not one of those allowed.
        """
        if not 1 <= dimension <= 3:
            raise ValueError(f"DirectionCNN: `dimension` must be 1, 2 or 3, got {dimension}.")
        if not pairs or min(pairs) < 0:
            raise ValueError(f"DirectionCNN: `pairs` must name at least one level and no negative number, got {pairs}.")
        *fine, coarsest = pairs
        keys = iter(jax.random.split(key, 2 + 2 * (2 * sum(fine) + coarsest)))

        def convolution(inputs: int, outputs: int, size: int = 3) -> Convolution:
            return Convolution(dimension, inputs, outputs, size, padding="zero", key=next(keys))

        def level(count: int) -> tuple[ResidualPair, ...]:
            return tuple(
                ResidualPair(convolution(width, width), convolution(width, width), activation) for _ in range(count)
            )

        self.dimension = dimension
        self.enter = convolution(1, width)
        self.before = tuple(level(count) for count in fine)
        self.coarsest = level(coarsest)
        self.after = tuple(level(count) for count in reversed(fine))
        self.leave = convolution(width, 1, size=1)

    def __call__(self, r: Float[Array, "*grid"], *, key: PRNGKeyArray | None = None) -> Float[Array, "*grid"]:
        """Give a direction.

        Args:
            r: a residual of 2-norm one, shape `(*grid)`. It is scaled to mean square one here, so that the size of the grid plays
                no part.
            key: not used.

        Returns:
            The direction, shape `(*grid)`, of any length.

        Raises:
            ValueError: the number of axes is another one.
        """
        if r.ndim != self.dimension:
            raise ValueError(f"DirectionCNN: `r` must have {self.dimension} axes and no channels, got shape {r.shape}.")
        x = self.enter(math.sqrt(r.size) * r[None])
        kept = []
        for level in self.before:
            x = _through(level, x)
            kept.append(x)
            x = _halved(x)
        x = _through(self.coarsest, x)
        for level, fine in zip(self.after, reversed(kept)):
            x = _through(level, fine + _doubled(x, fine.shape))
        return self.leave(x)[0]


def _through(level: tuple[ResidualPair, ...], x: Float[Array, "c *grid"]) -> Float[Array, "c *grid"]:
    for pair in level:
        x = pair(x)
    return x


def _halved(x: Float[Array, "c *grid"]) -> Float[Array, "c *coarse"]:
    """Means over two cells per axis; an odd axis gets one more zero."""
    x = jnp.pad(x, [(0, 0), *((0, n % 2) for n in x.shape[1:])])
    split = itertools.chain.from_iterable((n // 2, 2) for n in x.shape[1:])
    return jnp.mean(x.reshape(x.shape[0], *split), axis=tuple(range(2, 2 * x.ndim - 1, 2)))


def _doubled(x: Float[Array, "c *coarse"], shape: tuple[int, ...]) -> Float[Array, "c *grid"]:
    """Each cell twice along each axis, cut to a shape."""
    for axis in range(1, x.ndim):
        x = jnp.repeat(x, 2, axis=axis)
    return x[tuple(slice(n) for n in shape)]
