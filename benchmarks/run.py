"""Run every comparison and write `docs/benchmarks.md`.

    python benchmarks/run.py [--peer-python PATH]

The PyTorch comparison needs an environment of its own with `torch` and `neuraloperator`; without `--peer-python` its last result
is kept.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
PAGE = HERE.parent / "docs" / "benchmarks.md"

SPECTRAL = """## Spectral solvers beside exponax

Time per step with float32 states: the same equation, grid, step, order and 2/3 rule; the contenders by turns in one process,
medians, and the ratio within each round. "Transforms alone" runs only the Fourier transforms that one step of ours needs; "of bound" is how much
of our step they are. The first call holds set-up, tracing, compilation and one run. Script: `benchmarks/spectral.py`.
"""

OPERATOR = """## Training step of a Fourier neural operator beside neuraloperator (PyTorch)

The complete neuraloperator 2.0 network with the same weights on both sides; outputs are compared before the clock starts. Script:
`benchmarks/fno_step.py`.
"""


def measure(script: str, name: str, *options: str) -> dict:
    """Run one script that writes JSON, show what it prints, and return the JSON."""
    target = RESULTS / f"{name}.json"
    subprocess.run([sys.executable, HERE / script, "--output", target, *options], check=True)
    return json.loads(target.read_text())


def machine() -> str:
    """One line on what the numbers were measured with."""
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    packages = ", ".join(f"{name} {version(name)}" for name in ("jax", "jaxlib", "exponax"))
    return f"{os.cpu_count()} cores ({model}), Python {platform.python_version()}, {packages}."


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer-python", help="Python with torch and neuraloperator")
    arguments = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    spectral = measure("spectral.py", "spectral")
    sections = [f"# Benchmarks\n\nWritten by `make bench` on {machine()}\n", SPECTRAL + "\n" + spectral["table"] + "\n"]
    if arguments.peer_python:
        measure("fno_step.py", "fno_step", "--peer-python", arguments.peer_python)
    operator = RESULTS / "fno_step.json"
    if operator.exists():
        sections.append(OPERATOR + "\n" + json.loads(operator.read_text())["table"] + "\n")
    PAGE.write_text("\n".join(sections))


if __name__ == "__main__":
    main()
