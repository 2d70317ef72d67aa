"""The mistake of a person at the command line."""

import difflib
from collections.abc import Iterable


class UsageError(Exception):
    """Shown as one line; the exit code is 2."""


class ComputationFailed(Exception):
    """A computation did not reach its end: one line, exit code 1."""


def unknown(kind: str, given: str, known: Iterable[str]) -> str:
    """Say that a name is unknown, and which one may have been meant."""
    names = list(known)
    close = difflib.get_close_matches(given, names, n=1)
    return f"unknown {kind} {given}; " + (f"did you mean {close[0]}?" if close else f"known: {', '.join(names)}")
