"""Rosenbrock methods as diffrax solvers."""

from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from diffrax import RESULTS
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

from sciml.solvers.rate import rate
from sciml.solvers.rosenbrock.dense_output import RosenbrockInterpolation
from sciml.solvers.rosenbrock.jacobian import DenseJacobian, Jacobian
from sciml.solvers.rosenbrock.tableau import RosenbrockTableau

_State: TypeAlias = PyTree[Array]


class Rosenbrock(diffrax.AbstractAdaptiveSolver):
    """Linearly implicit methods: one Jacobian and one factorisation per step, no Newton iteration that could fail.

    They solve `mass y' = f(t, y)` with a constant mass matrix. A singular one makes a differential-algebraic equation of index 1; its
    initial values must satisfy the algebraic rows. The state is any pytree of real arrays; the mass matrix and the Jacobian refer to
    its leaves raveled one after the other.

    Attributes:
        jacobian: how the Jacobian is formed and factorised; dense by default.
        mass: `None` for the identity, its diagonal `(n,)`, or the matrix `(n, n)`.
    """

    tableau: eqx.AbstractClassVar[RosenbrockTableau]

    jacobian: Jacobian = DenseJacobian()
    mass: Float[Array, " n"] | Float[Array, "n n"] | None = None

    term_structure: ClassVar[Any] = diffrax.AbstractTerm
    interpolation_cls: ClassVar[Callable[..., RosenbrockInterpolation]] = RosenbrockInterpolation

    def order(self, terms: diffrax.AbstractTerm) -> int:
        """Order of the method."""
        return self.tableau.order

    def init(self, terms: diffrax.AbstractTerm, t0: Any, t1: Any, y0: _State, args: Any) -> None:
        """No state is carried from step to step; the mass matrix is checked here."""
        size = sum(leaf.size for leaf in jax.tree.leaves(y0))
        if self.mass is not None and self.mass.shape not in ((size,), (size, size)):
            raise ValueError(
                f"{type(self).__name__}: `mass` has shape {self.mass.shape}, the state has {size} components: give its diagonal "
                f"({size},) or the matrix ({size}, {size})."
            )
        if any(jnp.iscomplexobj(leaf) for leaf in jax.tree.leaves(y0)):
            raise TypeError(
                f"{type(self).__name__}: the state must be real, got complex leaves; split them into real and imaginary parts."
            )

    def step(
        self, terms: diffrax.AbstractTerm, t0: Any, t1: Any, y0: _State, args: Any, solver_state: None, made_jump: Any
    ) -> tuple[_State, _State, dict[str, Any], None, RESULTS]:
        """One step from `t0` to `t1`."""
        flat, unravel = ravel_pytree(y0)
        length = jnp.asarray(t1 - t0, flat.dtype)
        times = [t0 + (t1 - t0) * node for node in self.tableau.nodes]

        def field(t: Any, y: Array) -> Array:
            return ravel_pytree(rate(terms, t, unravel(y), args))[0]

        stages = self._stages(field, times, flat, length)
        end, error = flat + _combine(self.tableau.a[-1], stages) + stages[-1], stages[-1]
        # The controller takes an infinite error for a step to be tried again with a smaller length; NaN would stick.
        finite = jnp.all(jnp.isfinite(end))
        error = jnp.where(finite, error, jnp.inf)
        rows = jnp.stack([_combine(row, stages) for row in self.tableau.dense])
        dense = {"y0": y0, "y1": unravel(end), "rows": jax.vmap(unravel)(rows)}
        return dense["y1"], unravel(error), dense, None, RESULTS.successful

    def _stages(
        self, field: Callable[[Any, Array], Array], times: list[Any], y: Array, length: Float[Array, ""]
    ) -> list[Array]:
        tableau = self.tableau
        start, entries = self.jacobian.linearise(lambda y: field(times[0], y), y)
        solve = self.jacobian.factorise(entries, 1 / (tableau.gamma * length), self.mass)
        time = jnp.asarray(times[0])
        _, in_time = jax.jvp(lambda t: field(t, y), (time,), (jnp.ones_like(time),))
        stages = [solve(start + tableau.time_weights[0] * length * in_time)]
        for number in range(1, tableau.stages):
            value = field(times[number], y + _combine(tableau.a[number], stages))
            value += tableau.time_weights[number] * length * in_time
            value += self._times_mass(_combine(tableau.c[number], stages)) / length
            stages.append(solve(value))
        return stages

    def _times_mass(self, y: Array) -> Array:
        if self.mass is None:
            return y
        return self.mass * y if self.mass.ndim == 1 else self.mass @ y

    def func(self, terms: diffrax.AbstractTerm, t0: Any, y0: _State, args: Any) -> _State:
        """The field, `f(t, y)`."""
        return terms.vf(t0, y0, args)


def _combine(weights: tuple[float, ...], stages: list[Array]) -> Array:
    return sum((weight * stage for weight, stage in zip(weights, stages) if weight), jnp.zeros_like(stages[0]))
