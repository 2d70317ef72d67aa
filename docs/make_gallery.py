"""Draw a picture of every equation with `sciml solve` and write `docs/gallery.md`: `make gallery`, some minutes."""

import argparse
import subprocess
import sys
from pathlib import Path

from sciml.commands.problem_table import PROBLEMS

DOCS = Path(__file__).parent
IMAGES = DOCS / "images" / "gallery"
HEAD = """# Gallery

Every equation that comes with the library, as `sciml solve` draws it with its defaults: the commands below each picture are all there
is to it. One-dimensional solutions are shown over time, position upwards; of the others six states, of three-dimensional ones the
middle plane. Written by `make gallery`. An animation in place of a picture: `--plot NAME.gif`.
"""
# Options beyond the defaults, where another choice shows more.
OPTIONS: dict[str, str] = {}


def command(name: str) -> str:
    """What a user types."""
    return " ".join(f"sciml solve {name} {OPTIONS.get(name, '')} --plot {name}.png".split())


def draw(name: str) -> None:
    """Run one equation and keep its picture small."""
    from PIL import Image

    path = IMAGES / f"{name}.png"
    run = [sys.executable, "-m", "sciml", *command(name).split()[1:-1], str(path)]
    subprocess.run(run, check=True, capture_output=True, text=True)
    with Image.open(path) as picture:
        width = 900
        smaller = picture.convert("RGB").resize(
            (width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS
        )
    smaller.quantize(128).save(path, optimize=True)


def page() -> str:
    """The gallery as Markdown."""
    entries = [
        f"## {name}\n\n`{problem.help}` ({problem.equation})\n\n![{name}](images/gallery/{name}.png)\n\n```\n{command(name)}\n```\n"
        for name, problem in PROBLEMS.items()
    ]
    return "\n".join([HEAD, *entries])


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="equations to draw again, all by default")
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name in parser.parse_args().names or PROBLEMS:
        draw(name)
    (DOCS / "gallery.md").write_text(page())


if __name__ == "__main__":
    main()
