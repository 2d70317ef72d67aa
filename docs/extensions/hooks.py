"""Pages that are made when the site is built: notebooks as text, the benchmark page where it exists."""

import json
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[2]


def on_config(config):
    """Name the benchmark page in the navigation once `make bench` has written it."""
    if (ROOT / "docs" / "benchmarks.md").exists():
        places = [next(iter(entry)) for entry in config.nav]
        config.nav.insert(places.index("Limits"), {"Benchmarks": "benchmarks.md"})
    return config


def on_files(files, config):
    """Add each notebook as a page of text and code."""
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        page = as_markdown(json.loads(notebook.read_text()), notebook.name)
        files.append(File.generated(config, f"tutorials/{notebook.stem}.md", content=page))
    return files


def as_markdown(notebook, name):
    """Cells one after the other; outputs are not in the repository, so they are not shown."""
    parts = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"]).strip()
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
    title, *rest = parts
    note = f"!!! note\n    This is `notebooks/{name}` without its outputs; `make notebooks` runs it."
    return "\n\n".join([title, note, *rest]) + "\n"
