"""A path known on a uniform grid of times, as a control for diffrax."""

from typing import Any

import diffrax
import jax.numpy as jnp
from jaxtyping import Array, Float


class SampledPath(diffrax.AbstractPath):
    """Values at equally spaced times, linear in between, as `diffrax.ControlTerm(diffusion, path)` takes it.

    Any path drives any diffrax solver this way: exact fractional Brownian motion, a Markov approximation, recorded noise. A step of the
    solver should be a cell of the grid or a union of cells. Solvers of Stratonovich type (`Heun`, `EulerHeun`) converge to the
    Stratonovich or, for Hurst indices above 1/2, the Young solution. Exact paths rougher than 1/2 need more than their increments:
    below 1/3 those solvers do not converge in general for more than one noise.

    Attributes:
        t0: first time.
        t1: last time.
        values: values, the first axis along time.

    Example:
        >>> import jax
        >>> from sciml.solvers import sample_fbm
        >>> noise = sample_fbm(0.7, 100, key=jax.random.key(0))
        >>> path = SampledPath(0.0, 1.0, noise)
        >>> term = diffrax.MultiTerm(
        ...     diffrax.ODETerm(lambda t, x, args: -x), diffrax.ControlTerm(lambda t, x, args: 0.1 * x, path))
        >>> end = diffrax.diffeqsolve(term, diffrax.Heun(), 0.0, 1.0, 0.01, jnp.ones(())).ys[-1]
        >>> bool(abs(jnp.log(end) + 1 - 0.1 * noise[-1]) < 1e-3)
        True
    """

    t0: Any
    t1: Any
    values: Float[Array, "times ..."]

    def __check_init__(self):
        if self.values.ndim < 1 or self.values.shape[0] < 2:
            raise ValueError(
                f"SampledPath: `values` needs two or more times along its first axis, got shape {self.values.shape}."
            )

    def evaluate(self, t0: Any, t1: Any = None, left: bool = True, use_levy: bool = False) -> Float[Array, "..."]:
        """Value at `t0`, or the increment from `t0` to `t1`."""
        del left, use_levy
        return self._value(t0) if t1 is None else self._value(t1) - self._value(t0)

    def _value(self, time: Any) -> Float[Array, "..."]:
        steps, dtype = self.values.shape[0] - 1, self.values.dtype
        start, end = jnp.asarray(self.t0, dtype), jnp.asarray(self.t1, dtype)
        position = (jnp.asarray(time, dtype) - start) / (end - start) * steps
        cell = jnp.clip(jnp.floor(position), 0, steps - 1)
        share, index = position - cell, cell.astype(int)
        return self.values[index] * (1 - share) + self.values[index + 1] * share
