"""Execute the notebooks of this folder; the executed copies go to build/notebooks/."""

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "build" / "notebooks"
SECONDS_PER_CELL = 300


def execute(path):
    """Run one notebook from top to bottom with the interpreter of this process."""
    started = time.perf_counter()
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=SECONDS_PER_CELL, kernel_name="python3").execute(cwd=str(TARGET))
    nbformat.write(notebook, TARGET / path.name)
    print(f"{path.name}: {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    TARGET.mkdir(parents=True, exist_ok=True)
    chosen = [HERE / name for name in sys.argv[1:]] or sorted(HERE.glob("*.ipynb"))
    for notebook_path in chosen:
        execute(notebook_path)
