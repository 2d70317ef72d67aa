"""Arrays that vector fields close over, made leaves of their terms."""

from typing import Any

import diffrax
import equinox as eqx
from jaxtyping import Array, PyTree


def open_terms(terms: Any, t0: Array, y0: PyTree, args: PyTree) -> Any:
    """The same terms; what their vector fields took from outside is now within, where custom derivatives see it.

    Example:
        >>> import diffrax
        >>> import jax
        >>> import jax.numpy as jnp
        >>> from sciml.solvers.adjoints.open_terms import open_terms
        >>> rate = jnp.ones(3)
        >>> term = open_terms(diffrax.ODETerm(lambda t, y, args: -rate * y), jnp.asarray(0.0), jnp.ones(3), None)
        >>> term.vf(jnp.asarray(0.0), jnp.ones(3), None).tolist()
        [-1.0, -1.0, -1.0]
    """
    if isinstance(terms, diffrax.MultiTerm):
        return diffrax.MultiTerm(*(open_terms(term, t0, y0, args) for term in terms.terms))
    if hasattr(terms, "term"):
        return eqx.tree_at(lambda wrapper: wrapper.term, terms, open_terms(terms.term, t0, y0, args))
    if not hasattr(terms, "vector_field"):
        return terms
    opened = eqx.filter_closure_convert(terms.vector_field, t0, y0, args)
    return eqx.tree_at(lambda term: term.vector_field, terms, opened)
