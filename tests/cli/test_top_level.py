"""The light top level: help, version, list, cite, unknown commands, exit codes."""

import json
import os
import subprocess
import sys

import pytest

import sciml
from sciml import cli
from sciml.commands.citations import BIBTEX, WORKS
from sciml.experiments.catalogue import EXPERIMENTS


def test_help_names_every_command(sciml_command):
    for arguments in ([], ["--help"], ["-h"]):
        found = sciml_command(*arguments)
        assert found.code == 0 and not found.err
        assert all(name in found.out for name in cli.COMMANDS) and "example:" in found.out


def test_version(sciml_command):
    assert sciml_command("--version").out == f"sciml {sciml.__version__}\n"


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_each_command_has_help_with_an_example(sciml_command, name):
    found = sciml_command(name, "--help")
    assert found.code == 0 and not found.err
    assert "xample" in found.out and f"sciml {name}" in found.out


def test_unknown_command_suggests(mistake):
    assert mistake("genrate") == "sciml: unknown command genrate; did you mean generate? (sciml --help)"
    assert "known: list, run" in mistake("xyzzy")


def test_list(sciml_command, mistake):
    found = sciml_command("list")
    assert found.code == 0 and all(name in found.out and entry.help in found.out for name, entry in EXPERIMENTS.items())
    listed = sciml_command("list", "--json").json["experiments"]
    assert [entry["name"] for entry in listed] == list(EXPERIMENTS)
    assert "unknown argument --jso" in mistake("list", "--jso")


def test_cite(sciml_command, mistake):
    assert sciml_command("cite", "fno").out.startswith("@inproceedings{li2021fourier")
    keys = [entry["key"] for entry in sciml_command("cite", "fno", "etdrk", "ifno", "--json").json["citations"]]
    assert len(keys) == len(set(keys)) and "kassam2005fourth" in keys
    assert "did you mean fno?" in mistake("cite", "fnoo")
    assert "missing NAME" in mistake("cite")


def test_every_citation_exists():
    used = {key for works in WORKS.values() for key in works} | {k for e in EXPERIMENTS.values() for k in e.citations}
    assert used == set(BIBTEX)
    for key, entry in BIBTEX.items():
        assert entry.startswith("@") and f"{{{key}," in entry and entry.count("{") == entry.count("}")


def test_doctor(sciml_command, mistake):
    found = sciml_command("doctor", "--json").json
    assert found["versions"]["sciml"] == sciml.__version__
    assert {"versions", "devices", "precision", "compilation cache"} == set(found)
    assert "no program is stored" in found["compilation cache"]["compiled again"]
    assert "jaxlib" in sciml_command("doctor").out
    assert (
        mistake("doctor", "--jsn") == "sciml doctor: unknown option --jsn; did you mean --json? (sciml doctor --help)"
    )


def test_doctor_says_what_would_be_compiled_again(sciml_command, tmp_path, monkeypatch):
    from sciml.commands import environment

    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "program-cache").write_bytes(b"x" * 2048)
    now = environment.dependencies()
    (folder / environment.STAMP).write_text(json.dumps(now))
    assert "nothing changed" in sciml_command("doctor", "--json").json["compilation cache"]["compiled again"]
    (folder / environment.STAMP).write_text(json.dumps(now | {"jaxlib": "0.0.1"}))
    said = sciml_command("doctor", "--json").json["compilation cache"]["compiled again"]
    assert "jaxlib '0.0.1' ->" in said
    (folder / environment.STAMP).write_text("not JSON")
    assert "everything" in sciml_command("doctor", "--json").json["compilation cache"]["compiled again"]
    monkeypatch.setenv("JAX_ENABLE_COMPILATION_CACHE", "0")
    assert "turns the cache off" in sciml_command("doctor", "--json").json["compilation cache"]["compiled again"]


def test_the_user_cache_follows_the_system(monkeypatch, tmp_path):
    from sciml.commands import environment

    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if sys.platform.startswith("linux"):
        assert environment.cache_folder() == tmp_path / "sciml" / "jax"
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "own"))
    assert environment.cache_folder() == tmp_path / "own"


class Boom:
    def __init__(self, error):
        self.error = error

    def main(self, argv):
        raise self.error


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ValueError("first\n  second"), 2, "sciml list: first second"),
        (FileNotFoundError(2, "No such file or directory", "a.h5"), 2, "sciml list: no such file or directory: a.h5"),
        (KeyboardInterrupt("saved in x"), 130, "sciml list: interrupted. saved in x"),
        (RuntimeError("odd"), 1, "sciml list: odd [RuntimeError; SCIML_TRACEBACK=1 shows where]"),
    ],
)
def test_errors_are_one_line(sciml_command, monkeypatch, error, code, line):
    monkeypatch.setattr(cli.importlib, "import_module", lambda name: Boom(error))
    found = sciml_command("list", "--json")
    assert (found.code, found.err.strip()) == (code, line)
    assert found.json["error"] in line
    if code == 1:
        monkeypatch.setenv("SCIML_TRACEBACK", "1")
        with pytest.raises(RuntimeError):
            sciml_command("list")


def _python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env=os.environ | environment
    )


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["--version"], ["nonsense"], ["cite", "fno"]])
def test_light_calls_import_neither_jax_nor_tyro(arguments):
    found = _python(
        f"import sys; from sciml.cli import main; code = main({arguments!r})\n"
        "heavy = {'jax', 'numpy', 'tyro', 'rich', 'equinox', 'matplotlib', 'h5py'} & set(sys.modules)\n"
        "sys.exit(repr(heavy) if heavy else code)"
    )
    assert found.returncode == (2 if arguments == ["nonsense"] else 0), found.stderr


def test_import_sciml_is_light():
    found = _python(
        "import sys, sciml; sciml.Grid; sciml.metrics, sciml.losses, sciml.random, sciml.plotting\n"
        "heavy = {'diffrax', 'optimistix', 'flax', 'orbax', 'h5py', 'matplotlib', 'rich', 'tyro'} & set(sys.modules)\n"
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    assert found.returncode == 0, found.stderr


def test_a_closed_pipe_is_no_error():
    script = f"{sys.executable} -c 'import sys; from sciml.cli import main; sys.exit(main([\"--help\"]))' | head -n 1"
    found = subprocess.run(script, shell=True, capture_output=True, text=True, timeout=60)
    assert found.returncode == 0 and not found.stderr
