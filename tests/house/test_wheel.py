"""The built wheel is one package: `sciml` imports from it, and no package called `models` comes with it."""

import os
import shutil
import subprocess
import sys
import zipfile

import pytest
from source_tree import FOLDERS, ROOT, source_files

pytestmark = pytest.mark.slow


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "source"
    copy.mkdir()
    for name in FOLDERS:
        shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, copy)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_source_file_under_one_package(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0].split("-")[0] for name in names} == {"sciml"}
    relative = [path.relative_to(ROOT).as_posix() for path in source_files()]
    expected = {name if name.startswith("sciml/") else f"sciml/{name}" for name in relative} | {"sciml/py.typed"}
    assert {name for name in names if ".dist-info/" not in name} == expected


def test_the_wheel_imports_and_its_rooms_are_not_top_level_packages(wheel, tmp_path):
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", tmp_path / "site", wheel)
    probe = """
import importlib, sciml
print(sciml.__file__)
grid = sciml.Grid((8,), extent=(1.0,))
print(sciml.physics.Burgers(0.1).degree(grid), sciml.solvers.rollout.__module__, len(sciml.models.__all__) > 0)
for name in ("solvers", "models", "physics", "experiments"):
    try:
        importlib.import_module(name)
    except ImportError:
        continue
    raise SystemExit(f"import {name} works")
"""
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    first, second = run(sys.executable, "-c", probe, cwd=tmp_path, env=environment).split("\n")[:2]
    assert first.startswith(str(tmp_path))
    assert second == "2 sciml.solvers.fixed_step True"


@pytest.mark.parametrize("room", ["solvers", "models", "physics", "experiments"])
def test_from_the_repository_a_bare_room_is_refused(room):
    done = subprocess.run([sys.executable, "-c", f"import {room}"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert f"sciml.{room}" in done.stderr
