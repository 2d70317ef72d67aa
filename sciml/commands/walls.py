"""Boundary conditions from the command line, such as `dirichlet` or `periodic, dirichlet=0/neumann=sin(t)`."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from sciml.commands.errors import UsageError
from sciml.commands.expression import evaluate, number_of

_KINDS = ("periodic", "dirichlet", "neumann", "robin")
_SYNTAX = (
    "write one for all axes or one per axis, such as --boundary dirichlet or --boundary 'periodic, dirichlet=1/neumann'"
)


@dataclass(frozen=True)
class Formula:
    """Boundary data as a function of time and of the coordinates of the other axes; equal where the text is.

    Attributes:
        text: the formula.
        names: of its arguments, time first.
    """

    text: str
    names: tuple[str, ...]

    def __call__(self, *arguments: Any) -> Any:
        """Its value."""
        import jax.numpy as jnp

        return evaluate(self.text, dict(zip(self.names, arguments)), jnp)


def read_boundaries(text: str, dimension: int, components: tuple[str, ...]) -> tuple[Any, ...]:
    """One boundary per axis.

    Args:
        text: per axis, separated by commas, or once for all: `periodic`, or a condition for both ends, or `lower/upper`. A condition
            is `dirichlet`, `neumann` or `robin(a, b)`, with data after an equals sign: a formula in `t` and the other coordinates,
            or one per component, separated by semicolons.
        dimension: number of axes.
        components: of the state.

    Raises:
        UsageError: one sentence, if it cannot be read.
    """
    parts = _split(text)
    if len(parts) not in (1, dimension):
        raise UsageError(f"--boundary has {len(parts)} entries for {dimension} axes; {_SYNTAX}")
    return tuple(
        _axis(part, axis, dimension, components) for axis, part in enumerate(parts * (dimension // len(parts)))
    )


def _split(text: str) -> list[str]:
    """At the commas outside of parentheses."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _axis(text: str, axis: int, dimension: int, components: tuple[str, ...]) -> Any:
    from sciml.boundary import Periodic, Sides

    # A formula may hold a slash too: the one that separates the ends has a condition behind it.
    sides = re.split(rf"/(?=\s*(?:{'|'.join(_KINDS)})\b)", text, flags=re.IGNORECASE)
    if len(sides) > 2:
        raise UsageError(f"--boundary: {text!r} has {len(sides)} ends, an axis has two: lower/upper")
    made = [_side(side, axis, dimension, components) for side in sides]
    if len(made) == 2 and any(isinstance(side, Periodic) for side in made):
        raise UsageError(f"--boundary: {text!r}: periodic holds for both ends of an axis")
    return made[0] if len(made) == 1 else Sides(*made)


def _side(text: str, axis: int, dimension: int, components: tuple[str, ...]) -> Any:
    from sciml.boundary import Dirichlet, Neumann, Periodic, Robin

    found = re.fullmatch(r"\s*(\w+)\s*(?:\((.*?)\))?\s*(?:=(.*))?", text)
    if found is None or found[1].lower() not in _KINDS:
        raise UsageError(f"--boundary: cannot read {text!r}; known: {', '.join(_KINDS)}; {_SYNTAX}")
    kind, weights, data = found[1].lower(), found[2], found[3]
    if (weights is None) != (kind != "robin"):
        raise UsageError(f"--boundary: cannot read {text!r}; a u + b du/dn = g is written 'robin(a, b)=g'")
    if kind == "periodic":
        if data is not None:
            raise UsageError(f"--boundary: {text!r}: a periodic axis takes no data")
        return Periodic()
    value = 0.0 if data is None else _data(data, axis, dimension, components)
    if kind == "robin":
        numbers = [number_of(weight) for weight in weights.split(",")]
        if len(numbers) != 2:
            raise UsageError(f"--boundary: {text!r} needs two numbers, a and b of a u + b du/dn = g: 'robin(a, b)=g'")
        return Robin(numbers[0], numbers[1], value)
    return Dirichlet(value) if kind == "dirichlet" else Neumann(value)


def _data(text: str, axis: int, dimension: int, components: tuple[str, ...]) -> Any:
    """A number or a formula, or one per component."""
    parts = [part for part in text.split(";") if part.strip()]
    if len(parts) not in (1, len(components)):
        raise UsageError(
            f"--boundary: {text!r} has {len(parts)} data for the {len(components)} components {', '.join(components)}"
        )
    names = ("t", *(name for number, name in enumerate("xyz"[:dimension]) if number != axis))
    made = tuple(_datum(part.strip(), names) for part in parts)
    return made[0] if len(made) == 1 else made


def _datum(text: str, names: tuple[str, ...]) -> Any:
    # Evaluated at some place, so that mistakes show here.
    value = evaluate(text, dict.fromkeys(names, np.asarray(0.37)))
    if re.search(rf"\b({'|'.join(names)})\b", text):
        return Formula(text, names)
    if not np.isfinite(value):
        raise UsageError(f"--boundary: {text!r} is not finite")
    return value.item()


def has_data(boundaries: tuple[Any, ...]) -> bool:
    """Whether any condition is inhomogeneous or of Robin's kind, so that sines and cosines do not suit it."""
    from sciml.boundary import Robin, coefficients_and_data

    sides = _sides(boundaries)
    data = [coefficients_and_data(side)[2] for side in sides]
    flat = [one for each in data for one in (each if isinstance(each, tuple) else (each,))]
    return any(isinstance(side, Robin) for side in sides) or any(callable(one) or one != 0 for one in flat)


def _sides(boundaries: tuple[Any, ...]) -> list[Any]:
    from sciml.boundary import Periodic, ends

    return [side for boundary in boundaries if not isinstance(boundary, Periodic) for side in ends(boundary)]


def place_nodes(text: str, boundaries: tuple[Any, ...]) -> tuple[Any, ...]:
    """Placement of the nodes per axis; automatic: Chebyshev's on bounded axes if any data are given, else uniform ones.

    Raises:
        UsageError: for an unknown placement, or a number that is not that of the axes.
    """
    from sciml.boundary import Periodic, Robin

    given = [part.strip().lower() for part in text.split(",")]
    if len(given) not in (1, len(boundaries)) or set(given) - {"auto", "vertex", "cell", "chebyshev"}:
        raise UsageError(f"--nodes {text!r}: write auto, vertex, cell or chebyshev, once or once per axis")
    usual = "chebyshev" if has_data(boundaries) else "vertex"
    placed = []
    for wanted, boundary in zip(given * (len(boundaries) // len(given)), boundaries):
        if isinstance(boundary, Periodic):
            wanted = "cell" if wanted == "cell" else "vertex"
        placed.append(usual if wanted == "auto" else wanted)
        if placed[-1] != "chebyshev" and any(isinstance(side, Robin) for side in _sides((boundary,))):
            raise UsageError(f"--nodes {wanted}: a Robin condition needs chebyshev nodes; leave --nodes out")
    return tuple(placed)
