"""`sciml run NAME`: an experiment with its options, and whether its claims hold."""

import importlib
import importlib.util
import inspect
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from sciml.commands import environment
from sciml.commands.errors import UsageError, unknown
from sciml.commands.options import HelpShown, combine, parse
from sciml.commands.output import quiet_stdout, say, write, write_json
from sciml.experiment import Report
from sciml.experiments.catalogue import EXPERIMENTS

_HELP = """usage: sciml run NAME [options]

Run an experiment and check its claims; exit code 1 when one does not hold.
sciml list shows the names, sciml run NAME --help the options of one.

example: sciml run fno --seed 1 --out results"""


@dataclass(frozen=True)
class RunOptions:
    """Options of every experiment."""

    seed: int = 0
    """Seed of all random numbers."""
    out: Path | None = None
    """Folder for figures, tables and checkpoints; runs/NAME if not given."""
    scale: str = "demo"
    """Size: "demo" runs in minutes on two cores; "full", where an experiment has it, is that of the paper."""
    json: bool = False
    """Print one JSON object on standard output, progress on standard error."""


def main(argv: Sequence[str]) -> int:
    """Run one experiment."""
    argv = list(argv)
    if not argv or argv[0] in ("-h", "--help"):
        if not argv:
            raise UsageError("missing NAME, such as: sciml run fno (sciml list)")
        write(_HELP)
        return 0
    name, rest = argv[0], argv[1:]
    if name.startswith("-"):
        raise UsageError(f"the NAME comes first: sciml run NAME {name} (sciml run --help)")
    module = _load(name)
    try:
        options, config = _options(name, module, rest)
    except HelpShown:
        return 0
    environment.prepare()
    with quiet_stdout():
        report, seconds = _run(name, module, options, config)
    folder = options.out or Path("runs") / name
    figures = report.save(folder)
    if options.json:
        write_json({"name": name, "seed": options.seed} | report.summary() | {"figures": [str(f) for f in figures]})
    else:
        _show(report, figures, seconds)
    return 0 if report.holds else 1


def _load(name: str) -> ModuleType:
    if name not in EXPERIMENTS:
        raise UsageError(unknown("experiment", name, EXPERIMENTS) + " (sciml list)")
    return importlib.import_module(EXPERIMENTS[name].module)


def _options(name: str, module: ModuleType, argv: list[str]) -> tuple[RunOptions, Any]:
    scales = {"demo": module.Config()} | getattr(module, "SCALES", {})
    chosen = _scale(argv)
    if chosen not in scales:
        raise UsageError(f"unknown scale {chosen}; this experiment has: {', '.join(scales)} (sciml run {name} --help)")
    kind, default = combine({"options": RunOptions, "config": module.Config}, {"config": scales[chosen]})
    parsed = parse(
        kind,
        argv,
        command=f"sciml run {name}",
        help=EXPERIMENTS[name].help,
        example=f"sciml run {name} --seed 1 --out results",
        default=default,
    )
    return parsed.options, parsed.config


def _scale(argv: list[str]) -> str:
    """The scale chooses the defaults of the other options, so it is read before them."""
    for number, argument in enumerate(argv):
        if argument.startswith("--scale="):
            return argument.partition("=")[2]
        if argument == "--scale" and number + 1 < len(argv):
            return argv[number + 1]
    return "demo"


def _run(name: str, module: ModuleType, options: RunOptions, config: Any) -> tuple[Report, float]:
    import jax

    say(f"sciml run {name}: seed {options.seed}, scale {options.scale}")
    extra: dict[str, Any] = {}
    if "out" in inspect.signature(module.run).parameters:
        extra["out"] = options.out or Path("runs") / name
        extra["out"].mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    report = module.run(config, jax.random.key(options.seed), **extra)
    return report, time.perf_counter() - started


def _show(report: Report, figures: list[Path], seconds: float) -> None:
    for table in report.tables:
        write(table.text() + "\n")
    for claim in report.claims:
        verdict = "holds" if claim.holds else "DOES NOT HOLD"
        write(f"  {verdict:<13}  {claim.text}: {claim.value:.4g} {claim.relation} {claim.bound:.4g}")
    kept = sum(claim.holds for claim in report.claims)
    write(f"\n{kept} of {len(report.claims)} claims hold; {seconds:.0f} s")
    for path in figures:
        write(f"figure: {path}")
