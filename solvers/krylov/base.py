"""What all Krylov methods share: the door to lineax, the stopping rule, the result, transposes that keep the preconditioner."""

import abc
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
from jaxtyping import Array, PyTree

from sciml.solvers.krylov import _trees as trees
from sciml.solvers.krylov.low_precision import LowPrecision

Options = dict[str, Any]
Preconditioner = lx.AbstractLinearOperator | Callable[[Any], Any]


class System(NamedTuple):
    """One system, scaled so that the largest entry of `b` is one: squares neither overflow nor vanish in single precision.

    Attributes:
        operator: `A`.
        precondition: application of `M`, or None for the identity.
        b: right-hand side.
        start: first guess, or None for zero.
        tolerance: what the 2-norm of the residual must not exceed.
        limit: most steps.
        options: as they came.
    """

    operator: lx.AbstractLinearOperator
    precondition: Callable[[Any], Any] | None
    b: Any
    start: Any
    tolerance: Array
    limit: int
    options: Options


class Outcome(NamedTuple):
    """What a method found: solution of the scaled system, counts, norm of the residual, what went wrong, further statistics."""

    x: Any
    steps: Array
    matvecs: Array
    norm: Array
    broken: Array
    stagnated: Array
    extra: dict[str, Any]


class KrylovSolver(lx.AbstractLinearSolver[lx.AbstractLinearOperator]):
    """A Krylov method as a lineax solver: `lineax.linear_solve(operator, b, solver, options=..., throw=...)`.

    All of them stop when the 2-norm of `b - A x`, computed from `x` itself at the end, is at most `max(rtol * |b|, atol)`. Derivatives
    are those of the solution (implicit), forward and reverse, and the solves they need keep the preconditioner. Arrays inside
    `options` are constants: pass preconditioners that depend on differentiated parameters through `jax.lax.stop_gradient`.
    `jax.vmap` runs a batch until its slowest member is done; members that are done do not change any more.

    Attributes:
        rtol: tolerance relative to the 2-norm of `b`.
        atol: absolute tolerance.
        max_steps: most steps, or None for ten times the count of unknowns.
    """

    rtol: eqx.AbstractVar[float]
    atol: eqx.AbstractVar[float]
    max_steps: eqx.AbstractVar[int | None]

    @property
    @abc.abstractmethod
    def accepted_options(self) -> tuple[str, ...]:
        """Names that `options` may contain."""

    @property
    @abc.abstractmethod
    def needs(self) -> str:
        """What the operator must be: "square", "symmetric" or "positive"."""

    @abc.abstractmethod
    def iterate(self, system: System) -> Outcome:
        """Solve the scaled system."""

    def init(self, operator: lx.AbstractLinearOperator, options: Options) -> lx.AbstractLinearOperator:
        """Check the operator."""
        name = type(self).__name__
        _check_names(name, options, self.accepted_options)
        shapes = [
            jax.tree.map(lambda s: (s.shape, s.dtype), o) for o in (operator.in_structure(), operator.out_structure())
        ]
        if shapes[0] != shapes[1]:
            raise ValueError(f"{name}: `operator` must be square, it maps {shapes[0]} to {shapes[1]}.")
        if self.needs != "square":
            self._check_symmetry(name, operator)
        return lx.linearise(operator)

    def _check_symmetry(self, name: str, operator: lx.AbstractLinearOperator) -> None:
        if jnp.issubdtype(trees.dtype_of(operator.in_structure()), jnp.complexfloating):
            raise TypeError(f"{name}: `operator` must be real; for complex operators take RestartedGMRES or GCRODR.")
        positive = self.needs == "positive"
        if not (lx.is_positive_semidefinite(operator) or (lx.is_symmetric(operator) and not positive)):
            kind, tag = (
                ("positive definite", "positive_semidefinite_tag") if positive else ("symmetric", "symmetric_tag")
            )
            raise ValueError(
                f"{name}: `operator` must be {kind}, and nothing says that it is. Tag it: "
                f"`lineax.TaggedLinearOperator(operator, lineax.{tag})`; solve with the negative of a negative definite one."
            )

    def compute(
        self, state: lx.AbstractLinearOperator, vector: PyTree[Array], options: Options
    ) -> tuple[PyTree[Array], lx.RESULTS, dict[str, Any]]:
        """Solve for one right-hand side; see `lineax.AbstractLinearSolver.compute`."""
        dtype = trees.real_dtype_of(vector)
        peak = trees.largest(vector, dtype)
        size = jnp.where(jnp.isfinite(peak) & (peak > 0), peak, 1)
        system = self._scaled_system(state, vector, options, size)
        outcome = self.iterate(system)
        converged = outcome.norm <= system.tolerance
        failure = lx.RESULTS.where(outcome.stagnated, lx.RESULTS.stagnation, lx.RESULTS.max_steps_reached)
        failure = lx.RESULTS.where(outcome.broken, lx.RESULTS.breakdown, failure)
        # lineax turns this into its message on input where the right-hand side is not finite.
        failure = lx.RESULTS.where(jnp.isfinite(outcome.norm), failure, lx.RESULTS.singular)
        result = lx.RESULTS.where(converged, lx.RESULTS.successful, failure)
        stats = {
            "num_steps": outcome.steps,
            "matvecs": outcome.matvecs,
            "residual_norm": outcome.norm * size,
            "max_steps": self.max_steps,
            **outcome.extra,
        }
        return trees.scaled(outcome.x, size), result, stats

    def _scaled_system(self, operator: lx.AbstractLinearOperator, b: Any, options: Options, size: Array) -> System:
        b = trees.scaled(b, 1 / size)
        start = options.get("y0")
        relative = jnp.asarray(self.rtol, size.dtype) * trees.norm(b)
        return System(
            operator=operator,
            precondition=_application(type(self).__name__, options.get("preconditioner"), b),
            b=b,
            start=None if start is None else trees.scaled(start, 1 / size),
            tolerance=jnp.maximum(relative, jnp.asarray(self.atol, size.dtype) / size),
            limit=10 * trees.size_of(b) if self.max_steps is None else self.max_steps,
            options=options,
        )

    def transpose(
        self, state: lx.AbstractLinearOperator, options: Options
    ) -> tuple[lx.AbstractLinearOperator, Options]:
        """The transposed system with the transposed preconditioner; the first guess belongs to the other one and is left out."""
        kept = {name: value for name, value in options.items() if name != "y0"}
        if self.needs != "square" or _is_symmetric(state):
            return state, kept
        kept.pop("recycle", None)
        if "preconditioner" in kept:
            kept["preconditioner"] = _transposed(type(self).__name__, kept["preconditioner"])
        return state.transpose(), kept

    def conj(self, state: lx.AbstractLinearOperator, options: Options) -> tuple[lx.AbstractLinearOperator, Options]:
        """The conjugate system with the conjugate preconditioner."""
        if not jnp.issubdtype(trees.dtype_of(state.in_structure()), jnp.complexfloating):
            return state, options
        turned = jax.tree.map(lambda leaf: jnp.conj(leaf) if eqx.is_array(leaf) else leaf,
                              {name: value for name, value in options.items() if name != "preconditioner"})  # fmt: skip
        if "preconditioner" in options:
            turned["preconditioner"] = _conjugate(options["preconditioner"])
        return lx.conj(state), turned

    def assume_full_rank(self) -> bool:
        """Square and not singular."""
        return True


def first_residual(system: System) -> tuple[Any, Any, Array]:
    """First guess, its residual and the products it took; a guess worse than zero is dropped."""
    if system.start is None:
        return trees.zeros_like(system.b), system.b, jnp.zeros((), jnp.int32)
    residual = trees.subtract(system.b, system.operator.mv(system.start))
    worse = ~(trees.norm(residual) <= trees.norm(system.b))
    start = trees.select(worse, trees.zeros_like(system.b), system.start)
    return start, trees.select(worse, system.b, residual), jnp.ones((), jnp.int32)


def flat_system(system: System) -> tuple[Callable[[Array], Array], Callable[[Array], Array] | None]:
    """`A` and `M` on flat vectors."""

    def lifted(function: Callable[[Any], Any]) -> Callable[[Array], Array]:
        return lambda vector: trees.flatten(function(trees.unflatten(vector, system.b)))

    return lifted(system.operator.mv), None if system.precondition is None else lifted(system.precondition)


def _check_names(name: str, options: Options, accepted: tuple[str, ...]) -> None:
    unknown = sorted(set(options) - set(accepted))
    if unknown:
        raise ValueError(f"{name}: unknown `options` {unknown}; it takes {list(accepted)}.")


def _application(name: str, preconditioner: Preconditioner | None, b: Any) -> Callable[[Any], Any] | None:
    if preconditioner is None or isinstance(preconditioner, lx.IdentityLinearOperator):
        return None
    wanted = jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), b)
    if isinstance(preconditioner, lx.AbstractLinearOperator) and not isinstance(preconditioner, LowPrecision):
        found = jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), preconditioner.in_structure())
        if found != wanted:
            raise ValueError(
                f"{name}: the preconditioner takes {found}, but the right-hand side is {wanted}. One that works in another "
                "precision goes into `LowPrecision`."
            )
    apply = preconditioner.mv if isinstance(preconditioner, lx.AbstractLinearOperator) else preconditioner
    if not callable(apply):
        raise TypeError(
            f"{name}: `preconditioner` must be a lineax operator or callable, got {type(preconditioner).__name__}."
        )

    def checked(vector: Any) -> Any:
        out = apply(vector)
        found = jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), out)
        if found != wanted:
            raise ValueError(f"{name}: the preconditioner gave {found}, the right-hand side is {wanted}.")
        return out

    return checked


def _is_symmetric(operator: lx.AbstractLinearOperator) -> bool:
    return lx.is_symmetric(operator) and not jnp.issubdtype(
        trees.dtype_of(operator.in_structure()), jnp.complexfloating
    )


def _transposed(name: str, preconditioner: Preconditioner) -> Preconditioner:
    transpose = getattr(preconditioner, "transpose", None)
    if transpose is None:
        raise ValueError(
            f"{name}: a derivative in reverse needs the transposed preconditioner, and {type(preconditioner).__name__} has no "
            "`transpose()`. Give it one, or pass a lineax operator."
        )
    return transpose()


def _conjugate(preconditioner: Preconditioner) -> Preconditioner:
    if isinstance(preconditioner, lx.AbstractLinearOperator):
        return lx.conj(preconditioner)
    method = getattr(preconditioner, "conj", None)
    return _Conjugate(preconditioner) if method is None else method()


class _Conjugate(eqx.Module):
    """`v -> conj(M(conj(v)))` for any callable."""

    inner: Any

    def __call__(self, vector: Any) -> Any:
        return jax.tree.map(jnp.conj, self.inner(jax.tree.map(jnp.conj, vector)))

    def transpose(self) -> "_Conjugate":
        """The conjugate of the transpose."""
        return _Conjugate(_transposed("conj", self.inner))
