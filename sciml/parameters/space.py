"""Which numbers of a model are free, and the map between them and one vector without constraints."""

import itertools
import math
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.parameters.constraint import Constraint, Fixed, Real
from sciml.parameters.leaves import as_array, is_floating_array, is_number, named_leaves
from sciml.parameters.prior import Prior
from sciml.parameters.rules import Rule, find_rules, interpret
from sciml.parameters.table import parameter_table

Model = TypeVar("Model")


class Parameter(eqx.Module):
    """One free array of a model.

    Attributes:
        name: dotted path.
        leaf: its place among the model's leaves.
        shape: its shape.
        dtype: its dtype.
        constraint: where it may lie.
        prior: its law before data, if any.
    """

    name: str = eqx.field(static=True)
    leaf: int = eqx.field(static=True)
    shape: tuple[int, ...] = eqx.field(static=True)
    dtype: np.dtype = eqx.field(static=True)
    constraint: Constraint
    prior: Prior | None

    @property
    def size(self) -> int:
        """Count of free numbers."""
        return math.prod(self.constraint.free_shape(self.shape))

    def value(self, free: Float[Array, " size"]) -> Float[Array, "*shape"]:
        """The parameter from its free numbers, in their dtype."""
        return self.constraint.constrain(free.reshape(self.constraint.free_shape(self.shape)))


class ParameterSpace(eqx.Module, Generic[Model]):
    """The free numbers of a model as one vector without constraints; everything else of the model stays as it is.

    Which arrays are free: a rule decides; without one, the field that holds the array (`positive()`, `parameter(...)`); without
    either it is a free real number. Arrays of whole or complex numbers are fixed, and so are Python floats (the coefficients of
    an equation) unless a rule names them. Rules are given by the names that the space prints; `"kernel"` means all below it,
    `"*.lengthscale"` all that match, and the full name goes before both. A rule is a constraint, a prior (which brings the
    constraint of its support; the field's own where the support is all numbers), a pair of them, or `Fixed()`. The space works
    inside `jit`, `grad` and `vmap`.

    Attributes:
        template: the model, whose fixed parts and present values are used.
        parameters: what is free, in the order of the vector.

    Raises:
        ValueError: a rule matches nothing, or a present value is not allowed by its constraint.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.parameters import LogNormal, ParameterSpace, Positive
        >>> model = {"rate": jnp.array(2.0), "shift": jnp.zeros(2), "order": 3}
        >>> space = ParameterSpace(model, rules={"rate": LogNormal(1.0, 0.5)})
        >>> free = space.free(model)
        >>> free.shape, space.names
        ((3,), ('rate', 'shift'))
        >>> float(space.model(free)["rate"])
        2.0
    """

    template: Model
    parameters: tuple[Parameter, ...]

    def __init__(self, model: Model, rules: Mapping[str, Rule] | None = None):
        leaves = list(named_leaves(model))
        names = [name for name, leaf, _ in leaves if is_number(leaf)]
        found = find_rules(rules or {}, names)
        parameters = []
        for position, (name, leaf, declared) in enumerate(leaves):
            if not is_floating_array(leaf) and name not in found:
                continue
            constraint, prior = interpret(found.get(name), declared)
            if not isinstance(constraint, Fixed):
                array = as_array(leaf)
                parameters.append(Parameter(name, position, array.shape, array.dtype, constraint, prior))
        self.template = model
        self.parameters = tuple(parameters)
        self.free(model)

    @property
    def size(self) -> int:
        """Length of the free vector."""
        return sum(parameter.size for parameter in self.parameters)

    @property
    def names(self) -> tuple[str, ...]:
        """Dotted paths of the free arrays."""
        return tuple(parameter.name for parameter in self.parameters)

    @property
    def dtype(self) -> np.dtype:
        """Dtype of the free vector: the widest of the free arrays."""
        with jax.numpy_dtype_promotion("standard"):
            return (
                jnp.result_type(*(parameter.dtype for parameter in self.parameters))
                if self.parameters
                else jnp.result_type(float)
            )

    def free(self, model: Model) -> Float[Array, " size"]:
        """The free vector of a model of the same structure.

        Raises:
            ValueError: a value is not allowed by its constraint (seen for concrete values only).
        """
        leaves = jax.tree.leaves(model)
        parts = [self._free_part(parameter, leaves[parameter.leaf]) for parameter in self.parameters]
        return jnp.concatenate([jnp.zeros((0,), self.dtype), *parts])

    def model(self, free: Float[Array, " size"]) -> Model:
        """The model of a free vector: the template with its free arrays replaced, each in its own dtype."""
        leaves, structure = jax.tree.flatten(self.template)
        for parameter, part in zip(self.parameters, self.split(free)):
            leaves[parameter.leaf] = parameter.value(part).astype(parameter.dtype)
        return jax.tree.unflatten(structure, leaves)

    def log_prior(self, free: Float[Array, " size"], *, jacobian: bool = True) -> Float[Array, ""]:
        """Logarithm of the prior density.

        Args:
            free: free vector.
            jacobian: `True`: density with respect to the free numbers, which is what a sampler needs; a parameter without a prior
                then has a flat density of its *value*. `False`: density with respect to the values, whose maximum does not depend
                on how they are constrained; parameters without a prior count nothing.
        """
        total = jnp.zeros((), free.dtype)
        for parameter, part in zip(self.parameters, self.split(free)):
            if parameter.prior is not None:
                total = total + parameter.prior.log_prob(parameter.value(part))
            if jacobian:
                total = total + parameter.constraint.log_jacobian(
                    part.reshape(parameter.constraint.free_shape(parameter.shape))
                )
        return total

    def around(self, *, spread: float = 1.0, key: PRNGKeyArray) -> Float[Array, " size"]:
        """A random free vector around the template's.

        It lies away by `spread` in the free number where there is a constraint, so by about a factor `exp(spread)` for a positive
        parameter, and by `spread` times the parameter's root mean square where there is none.
        """
        keys = jax.random.split(key, max(len(self.parameters), 1))
        present = self.split(self.free(self.template))
        parts = [_moved(p, part, part_key, spread) for p, part, part_key in zip(self.parameters, present, keys)]
        return jnp.concatenate([jnp.zeros((0,), self.dtype), *parts])

    def sample(self, *, spread: float = 1.0, key: PRNGKeyArray) -> Float[Array, " size"]:
        """A random free vector: from the priors; as by `around` where there is none or a draw violates the constraint."""
        around = self.split(self.around(spread=spread, key=key))
        keys = jax.random.split(jax.random.fold_in(key, 1), max(len(self.parameters), 1))
        parts = [_drawn(parameter, *rest) for parameter, *rest in zip(self.parameters, around, keys)]
        return jnp.concatenate([jnp.zeros((0,), self.dtype), *parts])

    def split(self, free: Float[Array, " size"]) -> list[Float[Array, " part"]]:
        """Pieces of a free vector, one per parameter.

        Raises:
            ValueError: the vector has another length.
        """
        if free.shape != (self.size,):
            raise ValueError(
                f"free: expected a vector of {self.size} numbers ({', '.join(self.names)}), got shape {free.shape}."
            )
        ends = itertools.accumulate((parameter.size for parameter in self.parameters), initial=0)
        return [free[start:end] for start, end in itertools.pairwise(ends)]

    def __repr__(self) -> str:
        return parameter_table(self.template, self.parameters)

    def _free_part(self, parameter: Parameter, leaf: Any) -> Array:
        part = parameter.constraint.unconstrain(as_array(leaf)).reshape(-1).astype(self.dtype)
        known = not isinstance(part, Tracer) and not isinstance(parameter.constraint, Real)
        allowed = not known or (np.isfinite(part).all() and parameter.constraint.admits(np.asarray(leaf)))
        if not allowed:
            raise ValueError(
                f"{parameter.name}: the value {np.asarray(leaf)} is outside {parameter.constraint} or on its bound; start inside, "
                "give another constraint in `rules`, or keep it with Fixed()."
            )
        return part


def _moved(parameter: Parameter, present: Array, key: PRNGKeyArray, spread: float) -> Array:
    noise = spread * jax.random.normal(key, present.shape, present.dtype)
    if isinstance(parameter.constraint, Real):
        size = jnp.sqrt(jnp.mean(present**2)) if parameter.size else jnp.ones((), present.dtype)
        noise = noise * jnp.where(size > 0, size, jnp.ones_like(size))
    return present + noise


def _drawn(parameter: Parameter, around: Array, key: PRNGKeyArray) -> Array:
    if parameter.prior is None:
        return around
    draw = parameter.prior.sample(parameter.value(around), key=key)
    drawn = parameter.constraint.unconstrain(draw).reshape(-1)
    return jnp.where(jnp.isfinite(drawn), drawn, around)
