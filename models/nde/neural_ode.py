"""Neural ordinary differential equations, regularised so that they are cheap to solve."""

import dataclasses
from typing import Any, Literal

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.nde.regularised_solve import (
    ALONG,
    OF_STEPS,
    REGULARISERS,
    BatchField,
    NeuralODESolution,
    Regulariser,
    SolveOptions,
    regularised_solve,
)
from sciml.models.nde.vector_fields import VectorField
from sciml.solvers.adjoints import GradientStrategy
from sciml.solvers.regularisers import steer_end_time
from sciml.solvers.statistics.step import checked_solver


class NeuralODE(eqx.Module):
    """`y' = f(t, y, args)` with a learned field f: the state at the end, or at given times.

    Called, it predicts. `solve` is for training: it applies the regulariser and STEER, and says how many steps were taken;
    `solve_batch` does so for many initial states, as one system (one sequence of steps for all, as in the regularisation papers) or
    each for itself.

    Regularisers, whose value is to be added to the loss with a weight:

    - "error": mean over accepted steps of scaled error times length; "stiffness": the largest stiffness estimate; "both": error plus
      `stiffness_weight` times stiffness. Differentiated through the solver; `solution.statistics` has sums and means.
    - "local-unbiased", "local-biased": error (or stiffness) of one step at a random time, uniform or among the solver's steps; the only
      ones of the solver's own numbers that go with every gradient strategy.
    - "taylor": integral of the squared derivative of order `order` of the solution; "kinetic": of `|f|^2` plus the squared norm of the
      Jacobian.

    Attributes:
        vector_field: `f(t, y, args)`, any callable; `eqx.Module`s are trained. See `DenseField`, `SecondOrderField`, `HybridField`.
        options: solver, tolerances, gradient, regulariser.
        t0: start.
        t1: end.
        augment: channels of zeros appended to the state (augmented neural ODE).
        keep_augmented: whether results keep these channels.
        steer: half-width of the interval of random end times in `solve`; 0 for none.

    Example:
        >>> from sciml.models import DenseField
        >>> field = DenseField(3, width=16, depth=1, key=jax.random.key(0))
        >>> model = NeuralODE(field, augment=1, regulariser="error", rtol=1e-3, atol=1e-3)
        >>> model(jnp.ones(2)).shape
        (2,)
        >>> solution = model.solve_batch(jnp.ones((5, 2)), ts=jnp.linspace(0.0, 1.0, 4))
        >>> solution.ys.shape, bool(solution.regulariser > 0), int(solution.steps) > 1
        ((5, 4, 2), True, True)

    Source:
        Chen et al. 2018 (arXiv 1806.07366); Dupont et al. 2019 (1904.01681); Pal et al. 2021 (2105.03918) and 2023 (2303.02262); Kelly
        et al. 2020 (2007.04504); Finlay et al. 2020 (2002.02798); Ghosh et al. 2020 (2006.10711).
    """

    vector_field: VectorField
    options: SolveOptions
    t0: float = eqx.field(static=True)
    t1: float = eqx.field(static=True)
    augment: int = eqx.field(static=True)
    keep_augmented: bool = eqx.field(static=True)
    steer: float = eqx.field(static=True)

    def __init__(
        self,
        vector_field: VectorField,
        *,
        t0: float = 0.0,
        t1: float = 1.0,
        solver: diffrax.AbstractSolver | None = None,
        rtol: float = 1e-4,
        atol: float = 1e-4,
        gradient: GradientStrategy | None = None,
        expected_steps: int = 64,
        fixed_steps: int | None = None,
        max_steps: int = 1024,
        regulariser: Regulariser | None = None,
        stiffness_weight: float = 0.01,
        local_quantity: Literal["error", "stiffness"] = "error",
        order: int = 2,
        steer: float = 0.0,
        augment: int = 0,
        keep_augmented: bool = False,
    ):
        """Choose the field and how it is solved.

        Args:
            vector_field: `f(t, y, args)` for one state, those of `augment` included.
            t0: start.
            t1: end.
            solver: `diffrax.Tsit5()` by default.
            rtol: relative tolerance.
            atol: absolute tolerance.
            gradient: strategy; stores every state by default.
            expected_steps: for which the gradient makes room; more steps take more time, not more memory.
            fixed_steps: so many equal steps instead of adaptive ones.
            max_steps: adaptive steps before giving up.
            regulariser: see above.
            stiffness_weight: of stiffness beside error in "both".
            local_quantity: what the local regularisers measure.
            order: of the derivative that "taylor" penalises.
            steer: half-width of the interval of end times, smaller than the span.
            augment: number of zero channels.
            keep_augmented: keep them in results.

        Raises:
            ValueError: for what does not fit together.
        """
        solver = diffrax.Tsit5() if solver is None else solver
        gradient = GradientStrategy("store") if gradient is None else gradient
        if regulariser is not None and regulariser not in REGULARISERS:
            raise ValueError(f"NeuralODE: `regulariser` must be None or one of {REGULARISERS}, got {regulariser!r}.")
        if not t1 > t0 or not 0 <= steer < t1 - t0 or augment < 0:
            raise ValueError(
                f"NeuralODE: `t1` must be after `t0`, `steer` in [0, t1 - t0) and `augment` at least 0; got t0={t0}, t1={t1}, "
                f"steer={steer}, augment={augment}."
            )
        if regulariser is not None and regulariser not in ALONG:
            checked_solver(solver, f"NeuralODE(regulariser={regulariser!r})")
        if regulariser in OF_STEPS and gradient.kind in ("continuous", "reversible"):
            raise ValueError(
                f"NeuralODE: the gradient strategy {gradient.kind!r} differentiates no steps, which regulariser={regulariser!r} needs; "
                "take 'store' or 'checkpoint', or a local regulariser."
            )
        if regulariser == "local-biased" and gradient.kind in ("continuous", "reversible"):
            raise ValueError(
                f"NeuralODE: 'local-biased' needs the steps of the solve, which the gradient strategy {gradient.kind!r} does not save; "
                "take 'local-unbiased', or 'store' or 'checkpoint'."
            )
        self.vector_field = vector_field
        self.options = SolveOptions(
            solver, gradient, float(rtol), float(atol), regulariser, float(stiffness_weight), local_quantity, order,
            fixed_steps, expected_steps, max_steps,
        )  # fmt: skip
        self.t0, self.t1, self.steer = float(t0), float(t1), float(steer)
        self.augment, self.keep_augmented = augment, keep_augmented

    def __call__(
        self,
        y0: Float[Array, "*state"],
        args: Any = None,
        *,
        ts: Float[Array, " times"] | np.ndarray | None = None,
        key: PRNGKeyArray | None = None,
    ) -> Float[Array, "..."]:
        """Predict: no regulariser, no random end time.

        Args:
            y0: initial state; channels last.
            args: for the vector field.
            ts: times, the first of them that of `y0`; `t0` and `t1` are then not used.
            key: not used.

        Returns:
            The state at `t1`, or the states at `ts` along the first axis.
        """
        plain = dataclasses.replace(self.options, regulariser=None)
        solution = self._solve(self.vector_field, plain, y0, args, ts, 0.0, None)
        return solution.ys[-1] if ts is None else solution.ys

    def solve(
        self,
        y0: Float[Array, "*state"],
        args: Any = None,
        *,
        ts: Float[Array, " times"] | np.ndarray | None = None,
        key: PRNGKeyArray | None = None,
    ) -> NeuralODESolution:
        """Solve for training.

        Args:
            y0: initial state; channels last.
            args: for the vector field.
            ts: times, the first of them that of `y0`; the end alone by default.
            key: for STEER and the regularisers "local-..." and "kinetic".

        Returns:
            States along the first axis, regulariser, counts.

        Raises:
            ValueError: a key is missing, or STEER meets given times.
        """
        return self._solve(self.vector_field, self.options, y0, args, ts, self.steer, key)

    def solve_batch(
        self,
        y0: Float[Array, "batch *state"],
        args: Any = None,
        *,
        ts: Float[Array, " times"] | np.ndarray | None = None,
        joint: bool = True,
        key: PRNGKeyArray | None = None,
    ) -> NeuralODESolution:
        """Solve for many initial states, which share `args` and `ts`.

        Args:
            y0: initial states along the first axis.
            args: for the vector field.
            ts: times as in `solve`.
            joint: one system for all, with one sequence of steps and one value of the regulariser; else each its own, along the first
                axis of every number.
            key: as in `solve`.

        Returns:
            States `(batch, times, *state)`.
        """
        if not joint:
            keys = None if key is None else jax.random.split(key, y0.shape[0])
            return eqx.filter_vmap(lambda one, key: self.solve(one, args, ts=ts, key=key))(y0, keys)
        found = self._solve(BatchField(self.vector_field), self.options, y0, args, ts, self.steer, key)
        return eqx.tree_at(lambda s: s.ys, found, jnp.moveaxis(found.ys, 0, 1))

    def _solve(
        self, field: Any, options: SolveOptions, y0: Array, args: Any, ts: Any, steer: float, key: PRNGKeyArray | None
    ) -> NeuralODESolution:
        asks = steer > 0 or options.regulariser in ("local-unbiased", "local-biased", "kinetic")
        if asks and key is None:
            raise ValueError("NeuralODE.solve: this regulariser or STEER draws random numbers; give `key`.")
        first, second = (None, None) if key is None else jax.random.split(key)
        if ts is None:
            start, end = jnp.asarray(self.t0, y0.dtype), jnp.asarray(self.t1, y0.dtype)
            end = steer_end_time(end, steer, key=first) if steer > 0 and first is not None else end
        else:
            if steer > 0:
                raise ValueError("NeuralODE.solve: STEER moves the end; it does not go with given times `ts`.")
            ts = jnp.asarray(ts, y0.dtype)
            start, end = ts[0], ts[-1]
        channels = y0.shape[-1]
        if self.augment:
            y0 = jnp.concatenate([y0, jnp.zeros((*y0.shape[:-1], self.augment), y0.dtype)], axis=-1)
        found = regularised_solve(field, options, start, end, y0, args, ts, second)
        if self.augment and not self.keep_augmented:
            return eqx.tree_at(lambda s: s.ys, found, found.ys[..., :channels])
        return found
