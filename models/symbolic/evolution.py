"""A small evolutionary search for expressions."""

from collections import deque
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from scipy import optimize

from sciml.models.symbolic.expression import (
    BINARY,
    UNARY,
    Expression,
    ExpressionField,
    complexity,
    constants_of,
    evaluate,
    renumbered,
)

_TOURNAMENT, _TUNED = 8, 0.25
"""Members that compete for being a parent; share of the children whose constants are fitted."""


@dataclass(frozen=True)
class Candidate:
    """An expression that no simpler one beats.

    Attributes:
        expression: the tree, see `ExpressionField`.
        constants: its constants.
        error: mean square of the misfit by the variance of the target.
        complexity: number of nodes.
    """

    expression: Expression
    constants: tuple[float, ...]
    error: float
    complexity: int


class Search:
    """One evolving population and the best candidate of each complexity."""

    def __init__(
        self, y: np.ndarray, target: np.ndarray, unary: tuple[str, ...], largest: int, nested: bool, generator: Any
    ):
        self.y, self.target, self.unary, self.largest, self.generator = y, target, unary, largest, generator
        self.nested = nested
        self.scale = float(np.var(target)) or 1.0
        self.front: dict[int, Candidate] = {}

    def random_tree(self, depth: int) -> Expression:
        """A tree of at most that depth."""
        draw = self.generator.random()
        if depth == 0 or draw < 0.3:
            if self.generator.random() < 0.7:
                return ("x", int(self.generator.integers(self.y.shape[1])))
            return ("c", 0)
        if draw < 0.45 and self.unary:
            return (self.pick(self.unary), self.random_tree(depth - 1))
        return (self.pick(BINARY), self.random_tree(depth - 1), self.random_tree(depth - 1))

    def pick(self, names: Any) -> Any:
        """One of them."""
        return names[int(self.generator.integers(len(names)))]

    def mutate(self, tree: Expression) -> Expression:
        """Change one node: replace it, put an operation on top of it, take one away, or another of its kind."""
        place = int(self.generator.integers(complexity(tree)))
        kind = self.pick(("replace", "insert", "delete", "swap"))

        def change(one: Expression) -> Expression:
            if kind == "replace":
                return self.random_tree(2)
            if kind == "insert":
                if self.unary and self.generator.random() < 0.3:
                    return (self.pick(self.unary), one)
                return (self.pick(BINARY), one, self.random_tree(1))
            if one[0] in ("x", "c"):
                return self.random_tree(0)
            if kind == "delete":
                return self.pick(one[1:])
            return (self.pick(BINARY if one[0] in BINARY else self.unary), *one[1:])

        return changed(tree, place, change)

    def cross(self, tree: Expression, other: Expression) -> Expression:
        """A node of one replaced by a node of the other."""
        found: list[Expression] = []
        changed(other, int(self.generator.integers(complexity(other))), lambda one: found.append(one) or one)
        return changed(tree, int(self.generator.integers(complexity(tree))), lambda one: found[0])

    def measure(self, tree: Expression, constants: np.ndarray) -> float:
        """Error of a tree by the variance of the target."""
        with np.errstate(all="ignore"):
            value = np.mean((evaluate(tree, self.y, constants, np) - self.target) ** 2) / self.scale
        return float(value) if np.isfinite(value) else np.inf

    def judged(self, tree: Expression, constants: np.ndarray, *, tune: bool) -> Candidate:
        """A candidate, its constants fitted or not; the front takes note of it."""
        if tune and constants.size:
            constants = self.tuned(tree, constants)
        one = Candidate(tree, tuple(map(float, constants)), self.measure(tree, constants), complexity(tree))
        best = self.front.get(one.complexity)
        if best is None or one.error < best.error:
            self.front[one.complexity] = one
        return one

    def tuned(self, tree: Expression, constants: np.ndarray) -> np.ndarray:
        """Constants by least squares."""

        def gap(values: np.ndarray) -> np.ndarray:
            with np.errstate(all="ignore"):
                found = np.broadcast_to(evaluate(tree, self.y, values, np), self.target.shape) - self.target
            return np.where(np.isfinite(found), found, 1e6)

        return optimize.least_squares(gap, constants, method="lm", max_nfev=20 * constants.size).x

    def child(self, population: Any, parsimony: float) -> tuple[Expression, np.ndarray]:
        """A changed member that won a tournament; constants that stay keep their values where their number does."""

        def winner() -> Candidate:
            chosen = [self.pick(population) for _ in range(_TOURNAMENT)]
            return min(chosen, key=lambda one: np.log(one.error + 1e-12) + parsimony * one.complexity)

        parent = winner()
        if self.generator.random() < 0.2:
            tree = self.cross(parent.expression, winner().expression)
        else:
            tree = self.mutate(parent.expression)
        fits = complexity(tree) <= self.largest and (self.nested or not nests(tree))
        tree = renumbered(tree if fits else parent.expression)
        count = constants_of(tree)
        kept = np.asarray(parent.constants[:count])
        return tree, np.concatenate([kept, self.generator.standard_normal(count - kept.size)])


def nests(tree: Expression, inside: bool = False) -> bool:
    """Whether a function of one operand stands within another, squares left out."""
    if tree[0] in ("x", "c"):
        return False
    unary = tree[0] in UNARY and tree[0] != "square"
    return (unary and inside) or any(nests(one, inside or unary) for one in tree[1:])


def changed(tree: Expression, place: int, change: Any) -> Expression:
    """The tree with node number `place`, from the root, first operands first, put through `change`."""
    if place == 0:
        return change(tree)
    place -= 1
    parts = list(tree[1:])
    for i, one in enumerate(parts):
        size = complexity(one)
        if place < size:
            parts[i] = changed(one, place, change)
            break
        place -= size
    return (tree[0], *parts)


def evolve_expressions(
    states: Float[Array, "samples size"] | np.ndarray,
    targets: Float[Array, " samples"] | np.ndarray,
    *,
    unary: tuple[str, ...] = ("sin", "cos"),
    largest: int = 15,
    population: int = 100,
    children: int = 4000,
    parsimony: float = 0.05,
    precision: float = 1e-10,
    nested: bool = True,
    restarts: int = 1,
    key: PRNGKeyArray,
) -> tuple[Candidate, ...]:
    """Search for expressions of the state that give the targets, by regularised evolution: the oldest member dies.

    For two or three variables and short expressions, on the host; larger questions belong to a tool made for them.

    Args:
        states: where.
        targets: values there.
        unary: operations besides `+`, `-`, `*`; of "sin", "cos", "exp", "square".
        largest: most nodes of an expression.
        population: members alive.
        children: members born in all.
        parsimony: price of a node in units of the logarithm of the error.
        precision: error at which the search ends.
        nested: allow functions within functions, such as `sin(sin(x))`, which imitates `sin(x)` well.
        restarts: searches from new populations, whose best candidates are put together.
        key: random key.

    Returns:
        The best candidates, each with a smaller error than all simpler ones.

    Raises:
        ValueError: an operation is not known.

    Example:
        >>> x = np.linspace(-2, 2, 40)[:, None]
        >>> front = evolve_expressions(x, 1.5 * np.sin(x[:, 0]), key=jax.random.key(0))
        >>> front[-1].error < 1e-9
        True

    Source:
        Real et al. 2019 (regularised evolution); Cranmer 2023 (arXiv 2305.01582).
    """
    unknown = [name for name in unary if name not in UNARY]
    if unknown:
        raise ValueError(f"evolve_expressions: `unary` must be among {UNARY}, got {unknown}.")
    generator = np.random.default_rng(np.asarray(jax.random.key_data(key)).ravel().tolist())
    search = Search(np.asarray(states, np.float64), np.asarray(targets, np.float64), unary, largest, nested, generator)
    for _ in range(restarts):
        _evolve(search, population, children, parsimony, precision)
    front: list[Candidate] = []
    for _, one in sorted(search.front.items()):
        if not front or one.error < front[-1].error:
            front.append(one)
    return tuple(front)


def _evolve(search: Search, population: int, children: int, parsimony: float, precision: float) -> None:
    """One population to the end; the front of the search keeps what it found."""
    members: deque[Candidate] = deque(maxlen=population)
    while len(members) < population:
        tree = renumbered(search.random_tree(2))
        if search.nested or not nests(tree):
            start = search.generator.standard_normal(constants_of(tree))
            members.append(search.judged(tree, start, tune=True))
    for _ in range(children):
        tree, constants = search.child(members, parsimony)
        members.append(search.judged(tree, constants, tune=search.generator.random() < _TUNED))
        if min(one.error for one in search.front.values()) < precision:
            break


def choose_candidate(front: tuple[Candidate, ...], *, factor: float = 1.5, floor: float = 1e-9) -> Candidate:
    """The simplest whose error is within a factor of the best.

    Args:
        front: candidates of rising complexity.
        factor: how much worse it may be.
        floor: errors below it are as good as none.

    Example:
        >>> front = (Candidate(("x", 0), (), 1e-3, 1), Candidate(("sin", ("x", 0)), (), 9e-4, 2))
        >>> choose_candidate(front).complexity
        1
    """
    bound = max(floor, factor * min(one.error for one in front))
    return next(one for one in front if one.error <= bound)


def evolve_field(
    states: Float[Array, "samples size"],
    rates: Float[Array, "samples size"],
    *,
    factor: float = 1.5,
    floor: float = 1e-9,
    key: PRNGKeyArray,
    **options: Any,
) -> ExpressionField:
    """One expression per component of a field, each the simplest within `factor` of the best found.

    Args:
        states: where.
        rates: of the field there.
        factor: see `choose_candidate`.
        floor: see `choose_candidate`; the error of the learned field, by its variance, is a good one.
        key: random key.
        **options: of `evolve_expressions`.

    Example:
        >>> y = jax.random.normal(jax.random.key(0), (30, 2))
        >>> evolve_field(y, jnp.stack([y[:, 1], -y[:, 0]], axis=1), key=jax.random.key(1)).equations()[0]
        "x0' = x1"
    """
    expressions, constants = [], []
    for j, one in enumerate(jax.random.split(key, rates.shape[1])):
        front = evolve_expressions(states, rates[:, j], key=one, precision=floor, **options)
        chosen = choose_candidate(front, factor=factor, floor=floor)
        expressions.append(renumbered(chosen.expression, len(constants)))
        constants += chosen.constants
    return ExpressionField(jnp.asarray(constants, states.dtype), tuple(expressions))
