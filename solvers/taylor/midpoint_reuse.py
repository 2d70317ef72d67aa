"""The midpoint rule at one evaluation per step."""

from collections.abc import Callable
from typing import Any, ClassVar

import diffrax
import jax
import jax.numpy as jnp
from diffrax import RESULTS
from jaxtyping import Array, PyTree

from sciml.solvers.rate import rate


class MidpointReuse(diffrax.AbstractSolver):
    """The midpoint rule with the velocity of the last midpoint as predictor: `q = f(t + h/2, y + h/2 q_old)`, `y_next = y + h q`.

    Order 2 at one evaluation per step (and one at the start), where the velocity changes little from step to step; made for rectified
    flows with many steps. Two steps of very different length cost one order in that step.

    Example:
        >>> import diffrax, jax.numpy as jnp
        >>> from sciml.solvers import MidpointReuse
        >>> decay = diffrax.ODETerm(lambda t, y, args: -y)
        >>> end = diffrax.diffeqsolve(decay, MidpointReuse(), 0.0, 1.0, 0.01, jnp.ones(())).ys
        >>> bool(abs(end[0] - jnp.exp(-1.0)) < 2e-5)
        True

    Source: Y. Deng et al., FireFlow, 2024 (arXiv 2412.07517).
    """

    term_structure: ClassVar[Any] = diffrax.AbstractTerm
    interpolation_cls: ClassVar[Callable[..., diffrax.LocalLinearInterpolation]] = diffrax.LocalLinearInterpolation

    @property
    def evaluations_per_step(self) -> tuple[int, int]:
        """At the start and by each step."""
        return 1, 1

    def order(self, terms: diffrax.AbstractTerm) -> int:
        """Order of the method."""
        return 2

    def init(self, terms: diffrax.AbstractTerm, t0: Any, t1: Any, y0: PyTree[Array], args: Any) -> PyTree[Array]:
        """The velocity at the start."""
        return rate(terms, t0, y0, args)

    def step(
        self,
        terms: diffrax.AbstractTerm,
        t0: Any,
        t1: Any,
        y0: PyTree[Array],
        args: Any,
        solver_state: PyTree[Array],
        made_jump: Any,
    ) -> tuple[PyTree[Array], None, dict[str, Any], PyTree[Array], RESULTS]:
        """One step from `t0` to `t1`."""

        def moved(length: Any, velocity: PyTree[Array]) -> PyTree[Array]:
            return jax.tree.map(lambda y, v: y + jnp.asarray(length, v.real.dtype) * v, y0, velocity)

        middle = rate(terms, t0 + (t1 - t0) / 2, moved((t1 - t0) / 2, solver_state), args)
        y1 = moved(t1 - t0, middle)
        return y1, None, {"y0": y0, "y1": y1}, middle, RESULTS.successful

    def func(self, terms: diffrax.AbstractTerm, t0: Any, y0: PyTree[Array], args: Any) -> PyTree[Array]:
        """The right-hand side."""
        return terms.vf(t0, y0, args)
