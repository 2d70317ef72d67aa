"""Samples brought to given bounds, or scaled and shifted."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from sciml.random.unit_box import check_bounds


class Rescaled(eqx.Module):
    """Samples of another family, scaled and shifted so that each component has its minimum and maximum at given bounds.

    Minimum and maximum are those at the nodes, so grids see slightly different factors. A constant component becomes the lower
    bound.

    Attributes:
        family: what is scaled: an object with `sample(key)`.
        bounds: minimum and maximum of the result.

    Example:
        >>> import jax, sciml
        >>> from sciml.random import RandomFourierSeries, Rescaled
        >>> family = Rescaled(RandomFourierSeries(sciml.Grid((64,), extent=(1.0,))), bounds=(0.0, 1.0))
        >>> values = family.sample(jax.random.key(0))
        >>> round(float(values.min()), 3), round(float(values.max()), 3)
        (0.0, 1.0)
    """

    family: Any
    bounds: tuple[float, float] = eqx.field(static=True)

    def __init__(self, family: Any, *, bounds: tuple[float, float] = (0.0, 1.0)) -> None:
        """Make a sampler; see the attributes of the class.

        Raises:
            ValueError: for bounds that do not rise.
            TypeError: for a family without `sample`.
        """
        if not callable(getattr(family, "sample", None)):
            raise TypeError(f"Rescaled: `family` must have a method `sample(key)`, got {type(family).__name__}.")
        self.family, self.bounds = family, check_bounds("Rescaled", "bounds", bounds)

    def sample(self, key: Key[Array, ""]) -> Float[Array, "c ..."]:
        """Draw one function of the shape of the family's."""
        values = self.family.sample(key)
        space = tuple(range(1, values.ndim))
        low, high = jnp.min(values, axis=space, keepdims=True), jnp.max(values, axis=space, keepdims=True)
        width = jnp.where(high > low, high - low, 1)
        return self.bounds[0] + (self.bounds[1] - self.bounds[0]) * (values - low) / width

    def __call__(self, *, key: Key[Array, ""]) -> Float[Array, "c ..."]:
        """The same as `sample`."""
        return self.sample(key)
