"""`import sciml` costs little beyond JAX: judged by what is loaded, not by a clock."""

import subprocess
import sys

import pytest

HEAVY = ("diffrax", "optimistix", "flax", "orbax", "h5py", "zarr", "matplotlib", "rich", "tyro")


def loaded(code, candidates):
    probe = f"{code}\nimport sys\nprint(*(name for name in {candidates!r} if name in sys.modules))"
    return subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout.split()


def test_importing_the_package_loads_no_heavy_library():
    assert loaded("import sciml", HEAVY) == []


def test_the_equations_and_the_algebra_load_no_heavy_library():
    assert loaded("from sciml import physics, Grid\nphysics.Burgers(0.1)", HEAVY) == []


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["list"]], ids=" ".join)
def test_the_light_commands_load_neither_jax_nor_the_option_parser(arguments):
    code = (
        "import contextlib, io\nfrom sciml.cli import main\n"
        f"with contextlib.redirect_stdout(io.StringIO()):\n    main({arguments})"
    )
    assert loaded(code, ("jax", "tyro", *HEAVY)) == []
