"""Which rule applies to which parameter, and what it makes of it."""

import difflib
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from sciml.parameters.constraint import Constraint, Fixed, Real
from sciml.parameters.prior import Prior

Rule = Constraint | Prior | Fixed | tuple[Constraint, Prior]
"""What is known about a parameter."""


def find_rules(rules: Mapping[str, Rule], names: Sequence[str]) -> dict[str, Rule]:
    """The rule of each name that has one: its own path before patterns and paths of what contains it, later before earlier."""
    found: dict[str, Rule] = {}
    for pattern, rule in rules.items():
        _check_rule(pattern, rule)
        matching = [name for name in names if _matches(pattern, name)]
        if not matching:
            raise ValueError(_unknown(pattern, names))
        found |= dict.fromkeys(matching, rule)
    return found | {name: rules[name] for name in names if name in rules}


def interpret(rule: Rule | None, declared: Constraint | Fixed | None) -> tuple[Constraint | Fixed, Prior | None]:
    """Constraint and prior of a parameter, from its rule and from what its field declares."""
    match rule:
        case None:
            return declared or Real(), None
        case (constraint, prior):
            return constraint, prior
        case Prior():
            support = rule.support()
            keep = isinstance(support, Real) and isinstance(declared, Constraint)
            return (declared if keep else support), rule  # pyright: ignore[reportReturnType]
        case _:
            return rule, None


def _matches(pattern: str, name: str) -> bool:
    return name == pattern or name.startswith(pattern + ".") or fnmatchcase(name, pattern)


def _check_rule(pattern: str, rule: object) -> None:
    pair = isinstance(rule, tuple) and len(rule) == 2
    good = (isinstance(rule[0], Constraint) and isinstance(rule[1], Prior)) if pair else None  # pyright: ignore[reportIndexIssue]
    if not (good or isinstance(rule, Constraint | Prior | Fixed)):
        raise TypeError(
            f"rules[{pattern!r}]: expected a constraint such as Positive(), a prior such as LogNormal(1.0, 0.5), a pair "
            f"(constraint, prior), or Fixed(), got {rule!r}."
        )


def _unknown(pattern: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(pattern, names, n=3, cutoff=0.5)
    meant = f" Did you mean {' or '.join(repr(name) for name in close)}?" if close else ""
    return f"rules: no parameter matches {pattern!r}.{meant} Known: {', '.join(names) or 'none'}."
