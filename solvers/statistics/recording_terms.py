"""Terms that take the state out of a state with a record."""

from typing import Any

import diffrax
import jax
from jaxtyping import PyTree

from sciml.solvers.statistics.recorded_state import state_of


class TermOfState(diffrax.AbstractTerm):
    """A term that sees the state alone. `RecordStatistics` takes it off again: it is for diffrax' checks before the solve."""

    term: diffrax.AbstractTerm

    def vf(self, t: Any, y: PyTree, args: PyTree) -> Any:
        """Vector field of the term."""
        return self.term.vf(t, state_of(y), args)

    def contr(self, t0: Any, t1: Any, **kwargs: Any) -> Any:
        """Control of the term."""
        return self.term.contr(t0, t1, **kwargs)

    def prod(self, vf: Any, control: Any) -> PyTree:
        """Product of the term."""
        return self.term.prod(vf, control)


def recording_terms(terms: PyTree[diffrax.AbstractTerm]) -> PyTree[diffrax.AbstractTerm]:
    """The same terms for a state with a record; the vector fields see the plain state.

    Example:
        >>> import diffrax
        >>> from sciml.solvers.statistics import recording_terms
        >>> type(recording_terms(diffrax.ODETerm(lambda t, y, args: -y))).__name__
        'TermOfState'
    """
    if isinstance(terms, diffrax.MultiTerm):
        return diffrax.MultiTerm(*(recording_terms(term) for term in terms.terms))
    return terms if isinstance(terms, TermOfState) else TermOfState(terms)


def plain_terms(terms: PyTree[diffrax.AbstractTerm]) -> PyTree[diffrax.AbstractTerm]:
    """Without `TermOfState`, however deep."""

    def is_wrapped(node: Any) -> bool:
        return isinstance(node, TermOfState)

    return jax.tree.map(lambda node: node.term if is_wrapped(node) else node, terms, is_leaf=is_wrapped)
