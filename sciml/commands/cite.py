"""`sciml cite NAME`: BibTeX of what a name rests on."""

from collections.abc import Sequence

from sciml.commands.citations import BIBTEX, WORKS
from sciml.commands.errors import UsageError, unknown
from sciml.commands.output import write, write_json
from sciml.experiments.catalogue import EXPERIMENTS

_HELP = """usage: sciml cite [-h] [--json] NAME...

Print the works behind experiments, models and methods as BibTeX.
Names: {names}

example: sciml cite fno etdrk > references.bib"""


def main(argv: Sequence[str]) -> int:
    """Print the entries of all names, each once."""
    known = {name: entry.citations for name, entry in EXPERIMENTS.items()} | WORKS
    if set(argv) & {"-h", "--help"}:
        write(_HELP.format(names=", ".join(sorted(known))))
        return 0
    names = [argument for argument in argv if argument != "--json"]
    if not names:
        raise UsageError("missing NAME, such as: sciml cite fno (sciml cite --help)")
    for name in names:
        if name not in known:
            raise UsageError(unknown("name", name, sorted(known)) + " (sciml cite --help)")
    keys = list(dict.fromkeys(key for name in names for key in known[name]))
    if "--json" in argv:
        write_json({"citations": [{"key": key, "bibtex": BIBTEX[key]} for key in keys]})
    else:
        write("\n\n".join(BIBTEX[key] for key in keys))
    return 0
