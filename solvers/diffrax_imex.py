"""diffrax' own implicit-explicit solvers on an equation's split: two terms, and a root finder that inverts the symbol."""

from collections.abc import Callable
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import optimistix
from jaxtyping import Array

from sciml.fields.discretisation import Basis
from sciml.solvers.diffrax_door import EvolutionTerm, _as_pair, _from_pair
from sciml.solvers.method import act
from sciml.solvers.small_inverse import LARGEST, small_inverse


class PartTerm(diffrax.AbstractTerm):
    """One side of an equation's split as a diffrax term.

    Attributes:
        whole: the term of the equation.
        linear: whether this is the linear part or the rest.
    """

    whole: EvolutionTerm
    linear: bool = eqx.field(static=True)

    def vf(self, t: Any, y: Any, args: Any) -> Any:
        """Time derivative of the state by this part."""
        coefficients = self.whole.to_coefficients(y)
        if self.linear:
            return self.whole.from_coefficients(act(self.whole.symbol, coefficients))
        time = jnp.asarray(t).astype(self.whole.basis.precision)
        return self.whole.from_coefficients(self.whole.explicit_rate(coefficients, time))

    def contr(self, t0: Any, t1: Any, **kwargs: Any) -> Any:
        """Length of a step."""
        return t1 - t0

    def prod(self, vf: Any, control: Any) -> Any:
        """Rate times length of a step."""
        return vf * jnp.asarray(control).astype(vf.dtype)


def split_terms(term: EvolutionTerm) -> Any:
    """The terms of an equation as diffrax' implicit-explicit solvers want them: `MultiTerm(explicit, implicit)`.

    Example:
        >>> import diffrax, jax.numpy as jnp
        >>> import sciml
        >>> grid = sciml.Grid((32,), extent=(2 * jnp.pi,))
        >>> term = sciml.solvers.EvolutionTerm.build(sciml.physics.Burgers(0.1), grid, precision="float32")
        >>> u0 = jnp.sin(jnp.asarray(grid.coordinates()[0], jnp.float32))[None]
        >>> solver = diffrax.KenCarp4(root_finder=sciml.solvers.SymbolRootFinder(term.basis))
        >>> solution = diffrax.diffeqsolve(
        ...     sciml.solvers.split_terms(term), solver, 0.0, 0.1, 0.02, term.pack(u0))
        >>> term.unpack(solution.ys).shape
        (1, 1, 32)
    """
    return diffrax.MultiTerm(PartTerm(term, False), PartTerm(term, True))


def _inverses(blocks: Array) -> Array:
    # Without LAPACK where it can be: see `phi_matrices`.
    return (
        jnp.vectorize(small_inverse, signature="(n,n)->(n,n)")(blocks)
        if blocks.shape[-1] <= LARGEST
        else jnp.linalg.inv(blocks)
    )


class _Inverse(eqx.Module):
    """Of the Jacobian, in coefficients as real and imaginary parts; and whether it has been applied."""

    blocks: Array
    applied: Array


class SymbolRootFinder(optimistix.AbstractRootFinder):
    """Solves `f - L (y + a dt f) = 0`, the equation of an implicit stage, exactly in coefficients.

    One Jacobian-vector product per component with a unit impulse shows `1 - a dt L` in all modes at once; C x C blocks are inverted
    mode by mode. Nothing is iterated and nothing dense is formed in the solve. Its derivative is another matter: optimistix
    differentiates the root by a dense linear solve, so that gradients through these solvers are for small grids; elsewhere take
    gradients through `rollout`.

    Attributes:
        basis: of the term.
        rtol: not used; optimistix asks for it.
        atol: not used.
        norm: not used.
    """

    basis: Basis = eqx.field(static=True)
    rtol: float = 1e-6
    atol: float = 1e-6
    norm: Callable[[Any], Array] = optimistix.max_norm

    def _door(self) -> EvolutionTerm:
        """Only the conversions between states and coefficients of a term are used."""
        return EvolutionTerm(self.basis, None)

    def init(
        self,
        fn: Any,
        y: Any,
        args: Any,
        options: dict[str, Any],
        f_struct: Any,
        aux_struct: Any,
        tags: frozenset[object],
    ) -> Any:
        """Find the Jacobian and invert it."""
        if "init_state" in options:
            return options["init_state"]
        door = self._door()
        shape = jax.eval_shape(door.to_coefficients, y)
        columns = []
        for component in range(shape.shape[0]):
            impulse = door.from_coefficients(jnp.zeros(shape.shape, shape.dtype).at[component].set(1))
            _, response = jax.jvp(lambda state: fn(state, args)[0], (y,), (impulse,))
            columns.append(door.to_coefficients(response))
        blocks = jnp.moveaxis(jnp.stack(columns, axis=1), (0, 1), (-2, -1))
        inverse = jnp.moveaxis(_inverses(blocks), (-2, -1), (0, 1))
        return _Inverse(_as_pair(inverse), jnp.asarray(False))

    def step(
        self, fn: Any, y: Any, args: Any, options: dict[str, Any], state: Any, tags: frozenset[object]
    ) -> tuple[Any, Any, Any]:
        """The whole solve."""
        residual, aux = fn(y, args)
        door = self._door()
        moved = act(_from_pair(state.blocks), door.to_coefficients(residual))
        return y - door.from_coefficients(moved), _Inverse(state.blocks, jnp.asarray(True)), aux

    def terminate(
        self, fn: Any, y: Any, args: Any, options: dict[str, Any], state: Any, tags: frozenset[object]
    ) -> tuple[Array, Any]:
        """After one step."""
        return state.applied, optimistix.RESULTS.successful

    def postprocess(
        self,
        fn: Any,
        y: Any,
        aux: Any,
        args: Any,
        options: dict[str, Any],
        state: Any,
        tags: frozenset[object],
        result: Any,
    ) -> tuple[Any, Any, dict[str, Any]]:
        """Nothing to add."""
        return y, aux, {}
