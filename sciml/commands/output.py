"""What commands write: one JSON object or readable text on standard output, progress on standard error."""

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any


def write(text: str = "") -> None:
    """Write a line on standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def write_json(value: Mapping[str, Any]) -> None:
    """Write one JSON object on standard output."""
    write(json.dumps(value, allow_nan=False))


def say(text: str) -> None:
    """Write a line of progress on standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


@contextlib.contextmanager
def quiet_stdout() -> Iterator[None]:
    """Send what others print to standard error, so that standard output holds the result only."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def pairs(rows: Mapping[str, object]) -> str:
    """Names and values in two columns."""
    width = max((len(name) for name in rows), default=0)
    return "\n".join(f"  {name:<{width}}  {value}" for name, value in rows.items())
