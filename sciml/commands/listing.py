"""`sciml list`: the experiments, from the catalogue alone."""

from collections.abc import Sequence

from sciml.commands.errors import UsageError
from sciml.commands.output import pairs, write, write_json
from sciml.experiments.catalogue import EXPERIMENTS

_HELP = """usage: sciml list [-h] [--json]

Show the experiments: reproductions of published systems.

example: sciml list --json"""


def main(argv: Sequence[str]) -> int:
    """Print names and one-line descriptions."""
    if set(argv) & {"-h", "--help"}:
        write(_HELP)
        return 0
    wrong = [argument for argument in argv if argument != "--json"]
    if wrong:
        raise UsageError(f"unknown argument {wrong[0]} (sciml list --help)")
    if "--json" in argv:
        write_json({"experiments": [{"name": name, "help": entry.help} for name, entry in EXPERIMENTS.items()]})
        return 0
    write(pairs({name: entry.help for name, entry in EXPERIMENTS.items()}))
    write("\nsciml run NAME runs one; sciml run NAME --help shows its options.")
    return 0
