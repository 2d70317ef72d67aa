"""The Python blocks of README and of the pages run, page by page, as a reader would run them."""

import os
import re
import subprocess
import sys

import pytest
from source_tree import ROOT, name_of

pytestmark = pytest.mark.slow

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def blocks(path):
    return re.findall(r"^```python\n(.*?)^```", path.read_text(), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", [path for path in PAGES if blocks(path)], ids=name_of)
def test_the_blocks_of_a_page_run(path, tmp_path):
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks(path)))
    # A reader's settings, not the strict ones of this suite.
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    done = subprocess.run(
        [sys.executable, "-W", "error", script], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_example_of_the_readme_is_short():
    code = [line for line in blocks(ROOT / "README.md")[0].splitlines() if line.strip()]
    assert len(code) <= 15


def test_links_between_files_lead_somewhere():
    missing = []
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\(([^)#\s]+)\)", path.read_text()):
            if "://" not in target and not (path.parent / target).exists():
                missing.append(f"{name_of(path)}: {target}")
    assert missing == []
