"""Neural stochastic differential equations."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.nde.diffusion_field import BoundedField, PositiveField
from sciml.models.nde.vector_fields import DenseField
from sciml.solvers.fractional.augmented_terms import Calculus
from sciml.solvers.stochastic import (
    EulerMaruyama,
    StochasticPath,
    ito_to_stratonovich,
    solve_sde,
    stratonovich_to_ito,
)
from sciml.solvers.stochastic.solve import FixedStepMethod

Field = Callable[[Any, Array, Any], Array]


class NeuralSDE(eqx.Module):
    """`dy = f dt + g dW` with learned f and g, in the calculus of its method.

    Fields are any callables; those that are `eqx.Module`s are trained. The law of the paths is trained by `SignatureLoss`, as a
    latent process by `LatentSDE`, against a discriminator by `SDEGAN`.

    Attributes:
        drift: `f(t, y, args)`, shape `(d,)`.
        diffusion: `g(t, y, args)`, shape `(d,)`: diagonal, or `(d, channels)`.
        method: of the fixed steps: `EulerMaruyama()` and `Milstein()` (Ito), `StratonovichHeun()` and `ReversibleHeun()` (Stratonovich;
            the latter has a gradient in constant memory).

    Example:
        >>> import jax.numpy as jnp
        >>> model = NeuralSDE.dense(2, width=16, depth=1, key=jax.random.key(0))
        >>> model(jnp.zeros(2), t0=0.0, t1=1.0, steps=20, key=jax.random.key(1)).values.shape
        (21, 2)
    """

    drift: Field
    diffusion: Field
    method: FixedStepMethod = EulerMaruyama()

    @classmethod
    def dense(
        cls,
        size: int,
        *,
        channels: int | None = None,
        width: int,
        depth: int,
        method: FixedStepMethod | None = None,
        key: PRNGKeyArray,
    ) -> "NeuralSDE":
        """Draw dense networks.

        Args:
            size: components d of the state.
            channels: channels of the noise for a general diffusion matrix; one per component, diagonal and positive, if left out.
            width: units of each hidden layer.
            depth: number of hidden layers.
            method: of the steps, `EulerMaruyama()` by default.
            key: random key.
        """
        one, two = jax.random.split(key)
        if channels is None:
            diffusion: Field = PositiveField(size, width=width, depth=depth, key=two)
        else:
            diffusion = BoundedField(size, (size, channels), width=width, depth=depth, key=two)
        drift = DenseField(size, width=width, depth=depth, key=one)
        return cls(drift, diffusion, EulerMaruyama() if method is None else method)

    @property
    def calculus(self) -> Calculus:
        """ "ito" or "stratonovich", that of the method."""
        return self.method.calculus

    def __call__(
        self,
        y0: Float[Array, " d"],
        args: Any = None,
        *,
        t0: float,
        t1: float,
        steps: int,
        save_every: int = 1,
        increments: Float[Array, "steps channels"] | None = None,
        key: PRNGKeyArray | None = None,
    ) -> StochasticPath:
        """Draw one path.

        Args:
            y0: first value.
            args: handed to drift and diffusion.
            t0: first time.
            t1: last time.
            steps: number of steps.
            save_every: steps between saved values.
            increments: of the noise, if given beforehand.
            key: random key.
        """
        return solve_sde(
            self.drift, self.diffusion, y0, t0=t0, t1=t1, steps=steps, method=self.method, args=args,
            increments=increments, save_every=save_every, key=key,
        )  # fmt: skip

    def with_method(self, method: FixedStepMethod) -> "NeuralSDE":
        """The same process stepped by another method; the drift is converted where the calculus changes.

        Example:
            >>> from sciml.solvers import StratonovichHeun
            >>> model = NeuralSDE(lambda t, y, args: 0.3 * y, lambda t, y, args: 0.4 * y)
            >>> other = model.with_method(StratonovichHeun())
            >>> import jax.numpy as jnp
            >>> round(float(other.drift(0.0, jnp.ones(1), None)[0]), 4)
            0.22
        """
        if method.calculus == self.calculus:
            return NeuralSDE(self.drift, self.diffusion, method)
        convert = ito_to_stratonovich if self.calculus == "ito" else stratonovich_to_ito
        return NeuralSDE(convert(self.drift, self.diffusion), self.diffusion, method)
