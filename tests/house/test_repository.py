"""What the repository may not contain, and files that must agree with each other."""

import re
import tomllib

import pytest
from source_tree import ROOT, name_of, repository_files

# Written so that this file does not match itself.
FORBIDDEN = {
    "a path of one machine": r"/wor[k]/|/roo[t]/|/hom[e]/\w+/|/Users[/]\w+/",
    "a package index": r"index[-]url|https?://\S+/simpl[e]\b",
    "an address of a package": r"https?://\S+\.(?:whl|tar\.gz|tgz)\b",
    "an open end": r"\bTO[D]O\b|\bFIXM[E]\b",
}
TEXT = {".py", ".md", ".toml", ".yml", ".yaml", ".ipynb", ".cfg", ".txt", ".css", ".html", ""}


def offences(text):
    return [f"{what}: {found.group(0)}" for what, pattern in FORBIDDEN.items() if (found := re.search(pattern, text))]


def test_no_file_names_a_machine_or_an_index_or_has_an_open_end():
    texts = [path for path in repository_files() if path.suffix in TEXT]
    assert {name_of(path): found for path in texts if (found := offences(path.read_text()))} == {}


@pytest.mark.parametrize(
    "text", ["cd /wor" + "k/x", "pip --index" + "-url x", "# TO" + "DO later", "https://a.b/c.wh" + "l"]
)
def test_an_offence_is_seen(text):
    assert offences(text)


def test_no_large_file():
    assert [name_of(path) for path in repository_files() if path.stat().st_size > 400_000] == []


def test_constraints_are_bare_versions_and_cover_the_requirements():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pattern = r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+( *; *python(_full)?_version *[<>=!]+ *\"[0-9.]+\")?"
    assert [line for line in lines if not re.fullmatch(pattern, line)] == []
    pinned = {re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + [item for extra in project["optional-dependencies"].values() for item in extra]
    names = {re.match(r"[\w.-]+", item).group(0).lower() for item in wanted} - {"sciml"}
    assert names - pinned == set()


def test_notebooks_carry_no_output():
    import json

    for path in (ROOT / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text())["cells"]
        assert [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")] == [], path.name


def test_the_changelog_has_the_version():
    import sciml

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == sciml.__version__
    assert f"## [{sciml.__version__}]" in (ROOT / "CHANGELOG.md").read_text()
