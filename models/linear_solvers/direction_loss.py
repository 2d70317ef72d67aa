"""The loss that trains a search direction without any solution."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
from jaxtyping import Array, Float, Key

from sciml.losses import apply_batch


class DirectionLoss(eqx.Module):
    """Mean over a batch of `|b - alpha A f(b)|^2`, where `alpha = f.b / (f.A f)` is the exact line search.

    What one step from zero along the direction leaves of a right-hand side. It does not depend on the length of the direction, and is
    zero only where this is parallel to the solution; the solution itself is not needed.

    Attributes:
        operator: symmetric positive definite `A`, in the precision of the network.

    Source: Kaneda et al. (arXiv 2205.10763), section 5.

    Example:
        >>> import jax, jax.numpy as jnp, lineax
        >>> from sciml.models import DirectionLoss
        >>> operator = lineax.TaggedLinearOperator(
        ...     lineax.DiagonalLinearOperator(jnp.asarray([1.0, 2.0])), lineax.positive_semidefinite_tag
        ... )
        >>> b = jnp.asarray([[0.6, 0.8]])
        >>> exact = lambda r, key=None: 7 * r / jnp.asarray([1.0, 2.0])
        >>> abs(round(float(DirectionLoss(operator)(exact, b, jax.random.key(0))[0]), 6))
        0.0
    """

    operator: lx.AbstractLinearOperator

    def __call__(
        self, model: Callable, batch: Float[Array, "batch *grid"], key: Key[Array, ""] | None = None
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        """Evaluate the loss.

        Args:
            model: called as `model(b, key=key)` on single right-hand sides.
            batch: right-hand sides of 2-norm one.
            key: split over the batch for models that draw numbers; may be None.

        Returns:
            The scalar and the mean 2-norm of what is left, as `remaining`.
        """
        squares = jax.vmap(self.remaining)(batch, apply_batch(model, batch, key=key))
        value = jnp.mean(squares)
        return value, {"remaining": jnp.mean(jnp.sqrt(jax.lax.stop_gradient(squares)))}

    def remaining(self, b: Float[Array, "*grid"], direction: Float[Array, "*grid"]) -> Float[Array, ""]:
        """`|b - alpha A direction|^2` of one right-hand side."""
        image = self.operator.mv(direction)
        curvature = jnp.sum(direction * image)
        # A direction without curvature is no direction: what is left is all of it.
        sound = curvature > 0
        step = jnp.sum(direction * b) / jnp.where(sound, curvature, 1)
        return jnp.sum(jnp.square(b - jnp.where(sound, step, 0) * image))
