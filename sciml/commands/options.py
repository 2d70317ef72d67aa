"""Options from dataclasses, by tyro; its error boxes become one line."""

import contextlib
import dataclasses
import io
import re
import sys
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

import tyro

from sciml.commands.errors import UsageError

T = TypeVar("T")

_MARKERS = (tyro.conf.FlagCreatePairsOff, tyro.conf.OmitArgPrefixes, tyro.conf.HelptextFromCommentsOff)


def parse(kind: type[T], argv: Sequence[str], *, command: str, help: str, example: str, default: T | None = None) -> T:
    """Read options into a dataclass.

    Args:
        kind: the dataclass; its attribute docstrings are the help texts.
        argv: the arguments.
        command: full name of the command, such as "sciml run fno".
        help: what the command does.
        example: a call, shown in the help text.
        default: values where nothing is given.

    Raises:
        UsageError: one line that says what to do.
        HelpShown: after the help text was printed.
    """
    captured = io.StringIO()
    try:
        with contextlib.redirect_stderr(captured):
            cli: Any = tyro.cli  # its overloads do not know a default that may be absent
            return cli(
                kind,
                args=_join_values(argv),
                prog=command,
                description=f"{help}\n\nExample: {example}",
                config=_MARKERS,
                **({} if default is None else {"default": default}),
            )
    except SystemExit as stop:
        if not stop.code:
            sys.stdout.flush()
            raise HelpShown from None
        raise UsageError(f"{one_line(captured.getvalue())} ({command} --help)") from None


def _join_values(argv: Sequence[str]) -> list[str]:
    """`--initial -sin(x)` becomes `--initial=-sin(x)`: a value may begin with a sign."""
    joined: list[str] = []
    for argument in argv:
        signed = re.match(r"-(?![-\d.])..", argument)
        if signed and joined and re.fullmatch(r"--[\w-]+", joined[-1]):
            joined[-1] += "=" + argument
        else:
            joined.append(argument)
    return joined


class HelpShown(Exception):
    """The help text was printed; nothing is left to do."""


def combine(parts: dict[str, type], defaults: dict[str, Any]) -> tuple[type, Any]:
    """A dataclass that holds several, whose options appear side by side without prefix; and its default instance."""
    fields = []
    for name, kind in parts.items():
        given = defaults.get(name)
        value = dataclasses.field(default=given) if given is not None else dataclasses.field(default_factory=kind)
        fields.append((name, Annotated[kind, tyro.conf.arg(name="")], value))
    made = dataclasses.make_dataclass("Options", fields, frozen=True)
    return made, made()


def one_line(box: str) -> str:
    """The first sentence of an error box, in our words where we have better ones."""
    lines = [re.sub(r"[│╭╮╰╯|]", " ", line.replace("─", "-")).strip() for line in box.splitlines()]
    # A box has its title in the upper border, plain text has it above a rule.
    rules = [i for i, line in enumerate(lines) if re.fullmatch(r"-+( .* -+)?", line)] + [len(lines)] * 2
    message = (
        " ".join(line for line in lines[rules[0] + 1 : rules[1]] if line) if rules[0] < len(lines) else " ".join(lines)
    )
    if found := re.match(r"Unrecognized options?: ([^,\s]+)", message):
        meant = re.search(r"Perhaps you meant:\s*(--[\w-]+)", " ".join(lines))
        kind = "option" if found[1].startswith("-") else "argument"
        return f"unknown {kind} {found[1]}" + (f"; did you mean {meant[1]}?" if meant else "")
    if found := re.match(r"Missing from .*?: *(\S+)", message):
        return f"missing {found[1]}"
    message = re.sub(r"^Error parsing (\S+): ", r"\1: ", message.strip())
    return (message[:1].lower() + message[1:]).rstrip(".") or "the options cannot be read"
