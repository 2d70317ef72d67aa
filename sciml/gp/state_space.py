"""Gaussian processes in time at a cost that grows as their length: filters of the kernel's state."""

import math
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray

from sciml.gp.covariance_solver import CovarianceSolver, Factorisation
from sciml.gp.kalman import Before, Innovation, before_observation, filtered, innovation, innovations, kalman_sample
from sciml.gp.small_matrices import (
    Blocks,
    Observation,
    Symmetric,
    Vector,
    add,
    apply_blocks,
    apply_symmetric,
    congruence,
    known_entries,
    rows_of,
)
from sciml.gp.state_space_probability import Method, backward_pass, forward_pass, log_probability
from sciml.gp.time_order import TimeOrder, time_order
from sciml.kernels.kernel import Kernel
from sciml.kernels.state_space import StateSpace, transition_blocks

MethodName = Literal["sequential", "blocked", "associative"]


LARGEST_FOR_SCALARS = 2
"""States up to this size keep the loop below the size that XLA compiles as a whole."""


class StateSpaceSolver(CovarianceSolver):
    """Exact solver for kernels of time that know a linear stochastic equation (`kernel.state_space()`), in time and memory `O(n)`.

    Such are the oscillator, the damped random walk, celerite, CARMA, half-integer Matern kernels, and their sums and products. Points
    are numbers in any order, equal ones too where the noise is not zero. Gradients reach the kernel's parameters, times,
    observations and noise. Forward mode (`jax.jvp`, `jax.jacfwd`) of the log-probability is refused by JAX; Hessians by `jax.hessian`
    work.

    In float32 the noise variance should be at least 1e-4 of the kernel's: below, the log-probability loses digits (an error of 0.15 at
    1e-6 for 2000 points). Where rounding, or zero noise at equal times, makes a variance negative or zero, results are not numbers.

    Attributes:
        method: how the recursion is run. `"sequential"`: one loop, the best for states of one or two numbers on a CPU;
            `"blocked"`: many stretches of time side by side, the best for larger states on a CPU; `"associative"`: a parallel
            scan, for accelerators. By default chosen by platform and size.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.gp import StateSpaceSolver
        >>> from sciml.kernels import SHO
        >>> times = jnp.asarray([0.0, 0.4, 1.0, 2.5])
        >>> covariance = StateSpaceSolver().factorise(SHO(frequency=1.0, quality=0.4), times, 0.01)
        >>> covariance.log_prob(jnp.sin(times)).shape
        ()
    """

    method: MethodName | None = eqx.field(static=True, default=None)

    def __check_init__(self) -> None:
        if self.method not in (None, "sequential", "blocked", "associative"):
            raise ValueError(
                f'StateSpaceSolver: `method` must be "sequential", "blocked", "associative" or None, got {self.method!r}.'
            )

    def factorise(self, kernel: Kernel, points: Any, noise_variance: ArrayLike) -> "StateSpaceFactorisation":
        """Bring times into order and evaluate the transitions; the loops run when results are asked for.

        Raises:
            TypeError: the kernel has no state-space form.
            ValueError: points are not numbers, or the noise has another shape.
        """
        times = as_times(points)
        space = kernel.cast(times.dtype).state_space()
        if space is None:
            raise TypeError(
                f"StateSpaceSolver: this kernel has no state-space form: {type(kernel).__name__}. Those that have are SHO, "
                "DampedRandomWalk, Celerite, CARMA, Matern12, 32, 52 and 72 of one lengthscale, their sums and products; "
                "for others use `Dense`."
            )
        noise = jnp.asarray(noise_variance).astype(times.dtype)
        if noise.shape not in ((), times.shape):
            raise ValueError(
                f"StateSpaceSolver: `noise_variance` must be a number or of shape {times.shape}, got {noise.shape}."
            )
        noise, order = jnp.broadcast_to(noise, times.shape), time_order(times)
        if order is not None:
            times, noise = order.apply(times), order.apply(noise)
        return StateSpaceFactorisation(space, times, noise, order, self.method or _default_method(space.size))


class StateSpaceFactorisation(Factorisation):
    """Observations of a state in order of time.

    Attributes:
        space: the state.
        times: ascending.
        noise: variances.
        order: how the observations given are brought into this order; None where they came in it.
        method: how recursions run.
    """

    space: StateSpace
    times: Float[Array, " n"]
    noise: Float[Array, " n"]
    order: TimeOrder | None
    method: str = eqx.field(static=True)

    def log_prob(self, residual: Float[Array, " n"]) -> Float[Array, ""]:
        """One pass; with the gradient two."""
        return self._log_prob(self._ordered(residual))

    def log_determinant(self) -> Float[Array, ""]:
        """Sum of the logarithms of the innovations' variances."""
        return -2 * self._log_prob(jnp.zeros_like(self.noise)) - self.noise.size * math.log(2 * math.pi)

    def solve(self, right_side: Float[Array, "n *columns"]) -> Float[Array, "n *columns"]:
        """Minus the gradient of the log-probability."""
        columns = right_side.reshape(right_side.shape[0], -1).T
        found = jax.vmap(lambda column: self._restored(-jax.grad(self._log_prob)(self._ordered(column))))(columns)
        return found.T.reshape(right_side.shape)

    def whiten(self, residual: Float[Array, " n"]) -> Float[Array, " n"]:
        """Standardised one-step residuals in order of time: independent standard normal numbers if the model is right."""
        y, h, start, steps = self._ordered(residual), self._observation(), self._start(), self._steps()
        before = forward_pass(Method(self.method, h.known), steps, h, start, self.space.stationary, y, self.noise)
        new = innovations(steps, before, h, start, y, self.noise)
        return new.surprise / jnp.sqrt(new.variance)

    def sample(self, *, key: PRNGKeyArray) -> Float[Array, " n"]:
        """A draw from independent innovations."""
        h, start = self._observation(), self._start()
        steps, zeros = self._steps(), jnp.zeros_like(self.noise)
        before = forward_pass(Method(self.method, h.known), steps, h, start, self.space.stationary, zeros, self.noise)
        new = innovations(steps, before, h, start, zeros, self.noise)
        normals = jax.random.normal(key, self.noise.shape, self.noise.dtype)
        return self._restored(kalman_sample(steps, h, new, normals))

    def predict(self, residual: Float[Array, " n"], points: Any) -> tuple[Float[Array, " m"], Float[Array, " m"]]:
        """Mean and variance of the process at times in any order, by one pass each way and `O(log n)` per time."""
        y, h, start, steps = self._ordered(residual), self._observation(), self._start(), self._steps()
        new_times = as_times(points).astype(self.times.dtype)
        method = Method(self.method, h.known)
        before = forward_pass(method, steps, h, start, self.space.stationary, y, self.noise)
        new = innovations(steps, before, h, start, y, self.noise)
        inverse = 1 / new.variance
        gain, weight = [g * inverse for g in new.gain], new.surprise * inverse
        later = before_observation(*backward_pass(method, steps, h, new), h, gain, weight, inverse)
        left = jnp.searchsorted(self.times, new_times, side="right") - 1
        last = self.times.shape[0] - 1
        has_left, has_right = left >= 0, left < last
        i, j = jnp.maximum(left, 0), jnp.minimum(left + 1, last)

        mean, known = jax.tree.map(lambda value: jnp.where(has_left, value[i], 0), _after(steps, before, new))
        rho, late = jax.tree.map(lambda value: jnp.where(has_right, value[j], 0), later)
        since = rows_of(_entries(self.space, jnp.where(has_left, new_times - self.times[i], 0)))
        until = rows_of(_entries(self.space, jnp.where(has_right, self.times[j] - new_times, 0)), transposed=True)
        mean, known = apply_blocks(since, mean), congruence(since, known)
        rho, late = apply_blocks(until, rho), congruence(until, late)
        here = innovation(mean, known, h, start, 0.0, 0.0)
        value = h.dot(mean) + add(*(g * r for g, r in zip(here.gain, rho)))
        variance = here.variance - add(*(g * w for g, w in zip(here.gain, apply_symmetric(late, here.gain))))
        return value, jnp.maximum(variance, 0)

    def _log_prob(self, y: Array) -> Array:
        space = self.space
        h = jnp.asarray(space.observation)
        method = Method(self.method, known_entries(space.observation))
        return log_probability(method, self._steps(), h, space.stationary @ h, space.stationary, y, self.noise)

    def _steps(self) -> Blocks:
        return _entries(self.space, jnp.diff(self.times, prepend=self.times[:1]))

    def _observation(self) -> Observation:
        return Observation(list(jnp.asarray(self.space.observation)), known_entries(self.space.observation))

    def _start(self) -> list[Array]:
        return list(self.space.stationary @ jnp.asarray(self.space.observation))

    def _ordered(self, values: Array) -> Array:
        if values.shape != self.times.shape:
            raise ValueError(f"observations must have the shape of the times, {self.times.shape}, got {values.shape}.")
        values = values.astype(self.times.dtype)
        return values if self.order is None else self.order.apply(values)

    def _restored(self, values: Array) -> Array:
        return values if self.order is None else self.order.undo(values)


def as_times(points: Any) -> Float[Array, " n"]:
    """Points on the line as an array of numbers.

    Raises:
        ValueError: points of several coordinates.
        TypeError: functionals or a lattice.
    """
    if isinstance(points, tuple) and len(points) == 1:
        points = points[0]
    if not isinstance(points, jax.Array | np.ndarray | list | range):
        raise TypeError(
            f"StateSpaceSolver observes values at times, one array of shape (n,), got {type(points).__name__}; "
            "for functionals use `Dense`."
        )
    times = jnp.asarray(points)
    if times.ndim == 0 or times.shape[1:] not in ((), (1,)) or times.shape[0] == 0:
        raise ValueError(f"StateSpaceSolver: points must be times of shape (n,) or (n, 1), got {times.shape}.")
    times = times.reshape(-1)
    return times if jnp.issubdtype(times.dtype, jnp.floating) else times.astype(jnp.result_type(float))


def _after(steps: Blocks, before: Before, new: Innovation) -> tuple[Vector, Symmetric]:
    rows = rows_of(steps)
    return filtered(apply_blocks(rows, before.mean), congruence(rows, before.known), new)


def _default_method(size: int) -> str:
    if jax.default_backend() != "cpu":
        return "associative"
    return "sequential" if size <= LARGEST_FOR_SCALARS else "blocked"


def _entries(space: StateSpace, steps: Array) -> Blocks:
    """Entries of the blocks of the transition, each of the shape of the steps."""
    blocks = []
    for block in transition_blocks(space):
        size = block.size
        matrix = jax.vmap(block.transition, out_axes=-1)(steps)
        # A split's transpose is one concatenation, where that of slices pads the whole for each.
        parts = jax.lax.split(matrix.reshape(size * size, *steps.shape), (1,) * (size * size))
        entries = [part.reshape(steps.shape) for part in parts]
        blocks.append([entries[row * size : (row + 1) * size] for row in range(size)])
    return blocks
