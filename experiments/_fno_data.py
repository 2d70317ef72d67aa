"""Pairs of functions for the experiment `fno`: Gaussian initial data and the solution of Burgers' equation at t = 1."""

import dataclasses
import math

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.grid import Grid
from sciml.physics import Burgers, cole_hopf
from sciml.random import GaussianRandomField
from sciml.solvers import Stepper, rollout_with

TIME = 1.0
# Functions solved at a time: few enough that their states stay in the cache.
_TOGETHER = 32


@dataclasses.dataclass(frozen=True)
class Pairs:
    """Initial data and solutions on one grid, and how far the solutions are from the exact ones.

    Attributes:
        inputs: initial values, shape `(samples, 1, n)`.
        outputs: values at t = 1, same shape.
        largest_error: largest absolute difference from Cole and Hopf's solution over all samples and nodes.
        relative_error: mean relative L2 difference.
    """

    inputs: Float[Array, "samples 1 n"]
    outputs: Float[Array, "samples 1 n"]
    largest_error: float
    relative_error: float

    def at(self, resolution: int) -> tuple[Float[Array, "samples 1 m"], Float[Array, "samples 1 m"]]:
        """The same functions at every (n / m)-th node."""
        stride = self.inputs.shape[-1] // resolution
        return self.inputs[..., ::stride], self.outputs[..., ::stride]


def draw_pairs(*, samples: int, nodes: int, steps: int, viscosity: float, key: PRNGKeyArray) -> Pairs:
    """Draw initial data from `N(0, 625 (-Laplacian + 25)^(-2))` on [0, 2 pi), solve, and compare with the exact solution.

    Args:
        samples: number of functions; sample `i` depends on the key and on `i` alone.
        nodes: of the solver's grid. The functions have as many modes as it keeps after dealiasing.
        steps: of the solver, up to t = 1.
        viscosity: of Burgers' equation.
        key: random key.

    Raises:
        ValueError: the solver did not stay finite.
    """
    grid = Grid((nodes,), extent=(2 * math.pi,))
    field = GaussianRandomField(grid, variance_scale=625.0, tau=5.0, alpha=2.0, modes=2 * ((nodes - 1) // 3) + 1)
    keys = jax.vmap(lambda i: jax.random.fold_in(key, i))(np.arange(samples))
    inputs = jax.vmap(field.sample)(keys)
    equation = Burgers(viscosity=viscosity)
    stepper = Stepper.build(equation, grid, dt=TIME / steps, precision=inputs.dtype.name)
    outputs = _solve(stepper, inputs, steps)
    if not np.isfinite(outputs).all():
        raise ValueError(f"fno: the solver did not stay finite in {steps} steps; take a larger `solver_steps`.")
    exact = cole_hopf(equation, grid, np.asarray(inputs), TIME)
    difference = np.asarray(outputs, np.float64) - exact
    relative = np.linalg.norm(difference, axis=-1) / np.linalg.norm(exact, axis=-1)
    return Pairs(inputs, outputs, float(np.abs(difference).max()), float(relative.mean()))


@eqx.filter_jit
def _solve(stepper: Stepper, inputs: Float[Array, "samples 1 n"], steps: int) -> Float[Array, "samples 1 n"]:
    def one(u0: Array) -> Array:
        solution = rollout_with(stepper, u0, steps=steps, save_every=steps, include_initial=False, gradient="forward")
        return solution.values[0]

    return jax.lax.map(one, inputs, batch_size=_TOGETHER)
