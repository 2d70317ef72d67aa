"""Symmetric compositions of kicks and drifts, as diffrax solvers."""

from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from diffrax import RESULTS
from jax import lax
from jaxtyping import Array, PyTree

_Half: TypeAlias = PyTree[Array]
_State: TypeAlias = tuple[_Half, _Half]
_Terms: TypeAlias = tuple[diffrax.AbstractTerm, diffrax.AbstractTerm]


class SymplecticSolver(diffrax.AbstractSolver):
    """Explicit methods for separable Hamiltonian systems: the energy's error stays bounded over exponentially long times.

    The terms are `(velocity, force)`: positions move by `q' = velocity(t, p)`, momenta by `p' = force(t, q)`; the state is `(q, p)`, in
    diffrax' order of `SemiImplicitEuler`. Each weight w makes half a kick, a drift and half a kick of length `w h`; neighbouring kicks
    are one. The force at the end of a step is the first one of the next: a step costs as many forces as there are weights. The
    velocity must not depend on time. Steps must have constant length, or the property is lost.
    """

    weights: eqx.AbstractClassVar[tuple[float, ...]]
    known_order: eqx.AbstractClassVar[int]

    term_structure: ClassVar[Any] = (diffrax.AbstractTerm, diffrax.AbstractTerm)
    interpolation_cls: ClassVar[Callable[..., Any]] = diffrax.ThirdOrderHermitePolynomialInterpolation.from_k

    def order(self, terms: _Terms) -> int:
        """Order of the method."""
        return self.known_order

    def init(self, terms: _Terms, t0: Any, t1: Any, y0: _State, args: Any) -> _Half:
        """The force at the start."""
        return terms[1].vf(t0, y0[0], args)

    def step(
        self, terms: _Terms, t0: Any, t1: Any, y0: _State, args: Any, solver_state: _Half, made_jump: Any
    ) -> tuple[_State, None, dict[str, Any], _Half, RESULTS]:
        """One step from `t0` to `t1`."""
        velocity, force = terms
        positions, momenta = y0
        first = lax.cond(made_jump, lambda: force.vf(t0, positions, args), lambda: solver_state)
        here, kick = t0, first
        for weight in self.weights:
            there = here + (t1 - t0) * weight
            momenta = _move(momenta, force.prod(kick, _half(force, here, there)))
            positions = _move(positions, velocity.vf_prod(here, momenta, args, velocity.contr(here, there)))
            kick = force.vf(there, positions, args)
            momenta = _move(momenta, force.prod(kick, _half(force, here, there)))
            here = there
        y1 = positions, momenta
        dense = {"y0": y0, "y1": y1, "k": self._slopes(terms, t0, t1, y0, y1, (first, kick), args)}
        return y1, None, dense, kick, RESULTS.successful

    def _slopes(
        self, terms: _Terms, t0: Any, t1: Any, y0: _State, y1: _State, forces: tuple[_Half, _Half], args: Any
    ) -> _State:
        velocity, force = terms
        along = velocity.contr(t0, t1)
        ends = [
            (velocity.vf_prod(t, y[1], args, along), force.prod(kick, force.contr(t0, t1)))
            for t, y, kick in zip((t0, t1), (y0, y1), forces)
        ]
        return jax.tree.map(lambda *slopes: jnp.stack(slopes), *ends)

    def func(self, terms: _Terms, t0: Any, y0: _State, args: Any) -> _State:
        """`(q', p')`."""
        velocity, force = terms
        return velocity.vf(t0, y0[1], args), force.vf(t0, y0[0], args)


def _half(term: diffrax.AbstractTerm, start: Any, end: Any) -> PyTree[Array]:
    return jax.tree.map(lambda control: control / 2, term.contr(start, end))


def _move(state: _Half, step: _Half) -> _Half:
    return jax.tree.map(jnp.add, state, step)


def symmetric(*outer: float) -> tuple[float, ...]:
    """Weights from their outer half: the middle one makes the sum 1."""
    return (*outer, 1 - 2 * sum(outer), *outer[::-1])
