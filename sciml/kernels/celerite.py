"""The terms of celerite: exponentials, plain or times a wave."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from sciml.kernels.kernel import Kernel
from sciml.kernels.line import lag, lags
from sciml.kernels.state_space import Rotation, StateSpace
from sciml.parameters.field import Parameter, positive, real


class Celerite(Kernel):
    """`exp(-c t) (a cos(d t) + b sin(d t))`, celerite's complex term; `|b d| <= a c` makes it a covariance.

    Its real term, `a exp(-c t)`, is `DampedRandomWalk(timescale=1 / c, variance=a)`.

    Attributes:
        cosine: `a`, the variance.
        sine: `b`.
        decay: `c`, a rate.
        frequency: `d`, angular.

    Source: D. Foreman-Mackey et al., AJ 154 (2017) 220, equations 8 and 9.

    Example:
        >>> from sciml.kernels import Celerite
        >>> round(float(Celerite(cosine=1.0, sine=0.1, decay=0.5, frequency=2.0)(0.0, 1.0)), 4)
        -0.1973
    """

    cosine: Float[Parameter, ""] = positive()
    sine: Float[Parameter, ""] = real()
    decay: Float[Parameter, ""] = positive()
    frequency: Float[Parameter, ""] = positive()

    def __check_init__(self) -> None:
        parts: list[Any] = [self.cosine, self.sine, self.decay, self.frequency]
        # Any object may stand in a field while a tree is being mapped over.
        if not all(isinstance(p, jax.Array) and not isinstance(p, Tracer) and p.ndim == 0 for p in parts):
            return
        a, b, c, d = map(float, parts)
        if abs(b * d) > a * c * (1 + 1e-6):
            raise ValueError(
                f"Celerite: no covariance, for |sine * frequency| = {abs(b * d):g} exceeds cosine * decay = {a * c:g}."
            )

    @property
    def smoothness(self) -> float:
        """A kink at lag zero but where `b d = a c`, which is not known before the parameters are."""
        return 0.0

    def evaluate(self, x: Float[Array, "*point"], y: Float[Array, "*point"]) -> Float[Array, ""]:
        """Covariance of the values at two times."""
        return self._of(lag(x, y, "Celerite"))

    def pairs(self, x: Float[Array, "n *dimension"], y: Float[Array, "m *dimension"]) -> Float[Array, "n m"]:
        """All covariances, elementwise."""
        return self._of(lags(x, y, "Celerite"))

    def _of(self, t: Array) -> Array:
        angle = self.frequency * t
        return jnp.exp(-self.decay * t) * (self.cosine * jnp.cos(angle) + self.sine * jnp.sin(angle))

    def state_space(self) -> StateSpace:
        """A damped rotation driven by one noise."""
        a, b, c, d = self.cosine, self.sine, self.decay, self.frequency
        # Any value that leaves the driving noise positive gives the same kernel: no gradient belongs to it.
        excess = jnp.sqrt(jnp.maximum((c * c + d * d) * (c * a - b * d) * (c * a + b * d), 0.0))
        second = jax.lax.stop_gradient(a + 2 * (c * c * a - excess) / (d * d))
        stationary = jnp.stack([jnp.stack([a, b]), jnp.stack([b, second])])
        return StateSpace(Rotation(c, d), stationary, np.array([1.0, 0.0], a.dtype))
