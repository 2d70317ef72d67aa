"""Classifier-free guidance: a velocity that leans towards its class."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from sciml.models.flow.conditioning import NO_CLASS


class GuidedVelocity(eqx.Module):
    """`v(t, x, none) + scale (v(t, x, args) - v(t, x, none))`: two evaluations, one where `scale` is the number 1.

    The velocity must have been trained with some labels left out: `FlowMatchingLoss(conditional=True, label_dropout=0.1)`. Scales
    above 1 give samples that are more of their class and less varied, and are no flow of a law: leave inversions at 1.

    Attributes:
        velocity: of one sample, `velocity(t, x, args)`, where `args` of -1 is no class.
        scale: of the guidance.

    Example:
        >>> velocity = lambda t, x, label: x * label
        >>> float(GuidedVelocity(velocity, 2.0)(0.0, jnp.asarray(1.0), jnp.asarray(3)))
        7.0

    Source: J. Ho & T. Salimans, Classifier-Free Diffusion Guidance, 2022 (arXiv 2207.12598), with `scale = 1 + w`.
    """

    velocity: Callable[[Any, Array, Any], Array]
    scale: Any

    def __call__(self, t: Any, x: Float[Array, "*shape"], args: Any = None) -> Float[Array, "*shape"]:
        """The velocity at one sample.

        Args:
            t: time.
            x: sample.
            args: class; None or -1 for no class.
        """
        told = self.velocity(t, x, args)
        if args is None or is_one(self.scale):
            return told
        return guided(told, self.velocity(t, x, jnp.asarray(NO_CLASS)), self.scale)


def guided(told: Float[Array, "*shape"], untold: Float[Array, "*shape"], scale: Any) -> Float[Array, "*shape"]:
    """`untold + scale (told - untold)`.

    Args:
        told: velocity that knows the class.
        untold: velocity that does not.
        scale: of the guidance.

    Example:
        >>> float(guided(jnp.asarray(3.0), jnp.asarray(2.0), 2.0))
        4.0
    """
    return untold + jnp.asarray(scale, told.dtype) * (told - untold)


def is_one(scale: Any) -> bool:
    """Whether a scale is the number 1, so that the velocity without class is not needed.

    Example:
        >>> is_one(1.0), is_one(jnp.asarray(1.0))
        (True, False)
    """
    return isinstance(scale, int | float) and scale == 1


def drop_labels(labels: Int[Array, "*batch"], rate: float, *, key: PRNGKeyArray) -> Int[Array, "*batch"]:
    """Labels with some of them replaced by -1, no class.

    Args:
        labels: classes.
        rate: share that is replaced.
        key: random key.

    Example:
        >>> drop_labels(jnp.arange(3), 1.0, key=jax.random.key(0)).tolist()
        [-1, -1, -1]
    """
    return jnp.where(jax.random.bernoulli(key, rate, labels.shape), jnp.asarray(NO_CLASS, labels.dtype), labels)
