"""`sciml solve` and `sciml generate` with steady equations."""

import numpy as np
import pytest

from sciml.commands.coefficients import CoefficientFamily, random_field
from sciml.commands.steady_runs import SteadyDomain, make_steady_grid
from sciml.data import read_hdf5
from sciml.solvers import solve_elliptic


def test_solve_poisson_gives_the_known_maximum_and_a_picture(sciml_command, tmp_path):
    found = sciml_command("solve", "poisson", "--grid", 33, 33, "--plot", tmp_path / "u.png", "--json")
    assert found.code == 0, found.err
    # 0.0736714 less the error of the discretisation, of second order.
    assert abs(found.json["maximum"] - 0.0736714) < 1e-4
    assert found.json["relative_residual"] < 1e-8
    assert (tmp_path / "u.png").read_bytes().startswith(b"\x89PNG")


def test_solve_darcy_writes_coefficient_and_solution(sciml_command, tmp_path):
    path = tmp_path / "u.h5"
    found = sciml_command(
        "solve", "darcy", "--grid", 17, 17, "--coefficient", "lognormal", "--seed", 3, "-o", path, "--json",
        "--boundary", "dirichlet=1/dirichlet, neumann", "--source", "x*y",
    )  # fmt: skip
    assert found.code == 0, found.err
    data = read_hdf5(path)
    assert data.inputs.shape == data.outputs.shape == (1, 1, 17, 17)
    grid = make_steady_grid(SteadyDomain((17, 17), "dirichlet=1/dirichlet, neumann", "x*y", "harmonic"))
    x, y = grid.coordinates()
    expected = solve_elliptic(grid, x * y, data.inputs[0, 0], rtol=1e-10)
    np.testing.assert_allclose(data.outputs[0, 0], expected.values, atol=1e-7)


def test_generate_darcy_depends_on_seed_and_index_alone(sciml_command, tmp_path):
    paths = [tmp_path / "a.h5", tmp_path / "b.h5"]
    for path, batch, samples in zip(paths, (2, 1), (3, 2)):
        found = sciml_command(
            "generate", "darcy", "--grid", 9, 9, "--refine", 2, "--samples", samples, "--batch", batch, "-o", path,
            "--seed", 5, "--json", "--store", "double",
        )  # fmt: skip
        assert found.code == 0, found.err
        assert found.json["largest_relative_residual"] < 1e-8
    first, second = (read_hdf5(path) for path in paths)
    assert first.inputs.shape == first.outputs.shape == (3, 1, 9, 9)
    assert set(np.unique(first.inputs)) == {3.0, 12.0}
    np.testing.assert_array_equal(first.inputs[:2], second.inputs)
    np.testing.assert_allclose(first.outputs[:2], second.outputs, atol=1e-9)
    assert first.attributes["faces"] == "arithmetic" and first.attributes["refine"] == 2
    assert np.abs(first.outputs[0, 0] - first.outputs[1, 0]).max() > 1e-3


@pytest.mark.slow
def test_generate_and_solve_helmholtz(sciml_command, tmp_path):
    path = tmp_path / "h.h5"
    found = sciml_command(
        "generate",
        "helmholtz",
        "--grid",
        33,
        33,
        "--frequency",
        200,
        "--samples",
        2,
        "--batch",
        2,
        "-o",
        path,
        "--json",
    )
    assert found.code == 0, found.err
    data = read_hdf5(path)
    # 200 / (20 + tanh) lies between 200 / 21 and 200 / 19.
    assert 9.5 < data.inputs.min() < data.inputs.max() < 10.6
    assert np.isfinite(data.outputs).all() and np.abs(data.outputs).max() > 1e-3
    waves = sciml_command(
        "solve", "helmholtz", "--grid", 33, 33, "--coefficient", 10, "--boundary", "outgoing", "--json"
    )
    assert waves.code == 0 and waves.json["relative_residual"] < 1e-6


def test_the_field_of_two_phases_has_the_published_standard_deviation():
    grid = make_steady_grid(SteadyDomain((85, 85), "dirichlet", "1", "harmonic"), factor=5)
    assert grid.shape == (421, 421)
    field = random_field(CoefficientFamily("two-phase"), grid, "float64")
    assert 0.2918 < float(np.sqrt(field.variance())) < 0.2921


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("solve", "darcy", "--coefficient", "two-phas"), "did you mean two-phase"),
        (("solve", "darcy", "--coefficient", "x-2", "--grid", "9", "9"), "must be positive everywhere"),
        (("solve", "bratu", "--coefficient", "x", "--grid", "9", "9"), "one number"),
        (("solve", "poisson", "--grid", "3"), "at least 4 nodes"),
        (("solve", "poisson", "--boundary", "outgoing"), "belongs to helmholtz"),
        (("solve", "poisson", "--coefficient", "2"), "unknown option --coefficient"),
        (("solve", "darcy", "--plot", "u.gif"), "must end in .png, .pdf or .svg"),
        (("solve", "helmholz"), "did you mean helmholtz"),
        (("generate", "poisson", "-o", "x.h5"), "has no random coefficient"),
        (("generate", "darcy"), "missing -o FILE"),
        (("generate", "darcy", "-o", "x.h5", "--coefficient", "1+x"), "must be a random family"),
        (("generate", "darcy", "-o", "x.h5", "--nodes", "cell"), "--refine needs nodes at vertices"),
    ],
)
def test_mistakes_end_in_one_sentence(mistake, arguments, message):
    assert message in mistake(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("bratu", "--coefficient", 9), "beyond a fold"),
        (("poisson", "--boundary", "neumann"), "take a source of mean zero"),
    ],
)
def test_where_there_is_no_solution_the_last_line_says_why(sciml_command, arguments, message):
    found = sciml_command("solve", *arguments, "--grid", 17)
    assert found.code == 1
    assert message in found.err.splitlines()[-1]


def test_help_lists_steady_equations(sciml_command):
    assert "darcy" in sciml_command("solve", "--help").out
    assert "helmholtz" in sciml_command("generate", "--help").out
    assert "--coefficient" in sciml_command("solve", "darcy", "--help").out
