"""Values brought into the order of their times, at no cost where they are in it already."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer
from jaxtyping import Bool, Float, Int


class TimeOrder(eqx.Module):
    """An ordering that is applied only if it is needed, which while tracing is known at run time alone.

    Attributes:
        rising: whether the times are in order.
        places: of the ordered values among those given.
    """

    rising: Bool[Array, ""]
    places: Int[Array, " n"]

    def apply(self, values: Float[Array, " n"]) -> Float[Array, " n"]:
        """Values in order of time."""
        # A branch, as a gather's transpose is a slow scatter.
        return jax.lax.cond(self.rising, lambda: values, lambda: values[self.places])

    def undo(self, values: Float[Array, " n"]) -> Float[Array, " n"]:
        """Back to the given order."""
        return jax.lax.cond(self.rising, lambda: values, lambda: jnp.zeros_like(values).at[self.places].set(values))


def time_order(times: Float[Array, " n"]) -> TimeOrder | None:
    """The order of times; None if it is known already that they rise."""
    if not isinstance(times, Tracer):
        host = np.asarray(times)
        rising = bool((np.diff(host) >= 0).all())
        return None if rising else TimeOrder(jnp.asarray(False), jnp.asarray(np.argsort(host, kind="stable")))
    fixed = jax.lax.stop_gradient(times)
    rising = jnp.all(fixed[1:] >= fixed[:-1])
    places = jax.lax.cond(rising, lambda: jnp.arange(fixed.size), lambda: jnp.argsort(fixed, stable=True))
    return TimeOrder(rising, places)
