"""`--boundary` on the command line: what is read, which nodes are taken, and solutions against exact ones."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml import physics
from sciml.boundary import Dirichlet, Neumann, Periodic, Robin, Sides
from sciml.commands import walls
from sciml.commands.initial import InitialOptions, sampler
from sciml.commands.walls import Formula
from sciml.data import read_hdf5


@pytest.mark.parametrize(
    ("text", "dimension", "expected"),
    [
        ("periodic", 2, (Periodic(), Periodic())),
        ("Dirichlet", 2, (Dirichlet(0.0), Dirichlet(0.0))),
        ("dirichlet=1/2", 1, (Dirichlet(0.5),)),
        ("periodic, neumann = -2", 2, (Periodic(), Neumann(-2.0))),
        ("dirichlet=1/neumann", 1, (Sides(Dirichlet(1.0), Neumann(0.0)),)),
        ("dirichlet=sin(t)/4 / robin(1, 0.5)=3", 1, (Sides(Dirichlet(Formula("sin(t)/4", ("t",))), Robin(1.0, 0.5, 3.0)),)),
        ("neumann,dirichlet=x*t", 2, (Neumann(0.0), Dirichlet(Formula("x*t", ("t", "x"))))),
        ("dirichlet=1;t", 1, (Dirichlet((1.0, Formula("t", ("t",)))),)),
    ],
)  # fmt: skip
def test_what_is_read(text, dimension, expected):
    assert walls.read_boundaries(text, dimension, ("u", "v")) == expected


@pytest.mark.parametrize(
    ("text", "nodes", "expected"),
    [
        ("periodic, dirichlet", "auto", ("vertex", "vertex")),
        ("periodic, dirichlet=0/neumann=1", "auto", ("vertex", "chebyshev")),
        ("neumann, dirichlet=t", "auto", ("chebyshev", "chebyshev")),
        ("neumann, robin(1, 2)", "cell, auto", ("cell", "chebyshev")),
        ("dirichlet", "cell", ("cell", "cell")),
        ("periodic, neumann", "chebyshev", ("vertex", "chebyshev")),
    ],
)
def test_nodes_follow_the_boundary(text, nodes, expected):
    assert walls.place_nodes(nodes, walls.read_boundaries(text, 2, ("u",))) == expected


DIFFUSION = [
    "solve",
    "diffusion",
    "--extent",
    "1",
    "--frames",
    "3",
    "--dt",
    "0.01",
    "--grid",
    "24",
    "--diffusivity",
    "0.2",
]
# Boundary, state at time t as a formula of the exact solution.
EXACT = [
    ("dirichlet", lambda x, t: np.exp(-0.2 * np.pi**2 * t) * np.sin(np.pi * x), "sin(pi*x)"),
    ("neumann", lambda x, t: np.exp(-0.2 * np.pi**2 * t) * np.cos(np.pi * x), "cos(pi*x)"),
    ("dirichlet/neumann", lambda x, t: np.exp(-0.05 * np.pi**2 * t) * np.sin(np.pi * x / 2), "sin(pi*x/2)"),
    ("dirichlet=1/dirichlet=3", lambda x, t: 1 + 2 * x, "1+2*x"),
    ("dirichlet=2*t*0.2/dirichlet=1+2*t*0.2", lambda x, t: x**2 + 0.4 * t, "x**2"),
    ("robin(1,1)=-1/robin(1,1)=2", lambda x, t: 1.0 * x, "x"),
]  # fmt: skip


@pytest.mark.parametrize(("boundary", "exact", "initial"), EXACT)
def test_heat_between_walls_is_exact(sciml_command, tmp_path, boundary, exact, initial):
    call = [*DIFFUSION, "--boundary", boundary, "--initial", initial, "-o", tmp_path / "u.h5"]
    found = sciml_command(*call)
    assert found.code == 0, found.err
    data = read_hdf5(tmp_path / "u.h5")
    for t, state in zip(data.times, data.trajectories[0, :, 0]):
        np.testing.assert_allclose(state, exact(data.coordinates[0], t), atol=1e-14)
    assert data.attributes["boundary"] == boundary


@pytest.mark.parametrize("boundary", ["dirichlet=1/neumann", "neumann=2", "robin(2,1)=1/dirichlet", "periodic"])
def test_random_states_satisfy_the_conditions(boundary):
    made = walls.read_boundaries(boundary, 1, ("u",))
    grid = sciml.Grid((48,), extent=(2.0,), boundary=made, nodes=walls.place_nodes("auto", made))
    state = sampler(InitialOptions("fourier"), physics.Burgers(), grid, jnp.float64)(jax.random.key(1))
    kept = sciml.solvers.rollout(physics.Burgers(0.1), grid, state, dt=1e-6, steps=1).values[0]
    # The projection on modes that satisfy the conditions leaves the state as it is, but for modes the 2/3 rule drops.
    assert np.abs(state).max() > 0.1
    np.testing.assert_allclose(kept, state, atol=1.5e-6)


def test_a_stream_with_boundary_data_goes_on(sciml_command, tmp_path):
    call = [
        *DIFFUSION,
        "--boundary",
        "dirichlet=sin(t)/neumann",
        "--initial",
        "0",
        "--stream",
        tmp_path / "u.h5",
        "--json",
    ]
    assert sciml_command(*call, "--until", "0.1").json["statistics"]["resumed"] == 0
    assert sciml_command(*call, "--until", "0.2", "--frames", "5").json["statistics"]["resumed"] == 3
    other = [text.replace("sin(t)", "sin(2*t)") if isinstance(text, str) else text for text in call[:-1]]
    found = sciml_command(*other, "--until", "0.2", "--frames", "5")
    assert found.code == 2 and "boundary data" in found.err


def test_a_picture_of_polynomial_axes_has_even_cells():
    from sciml.commands.pictures import View, _shown

    grid = sciml.Grid((8, 33), extent=(1.0, 2.0), boundary=(Periodic(), Dirichlet()), nodes=("vertex", "chebyshev"))
    y = grid.coordinates()[1]
    values, even, _ = _shown(View(y[None, None], np.zeros(1), grid, physics.Diffusion()))
    assert even.periodic and even.shape == grid.shape
    np.testing.assert_allclose(values[0, 0], 2 / 33 * (np.arange(33) + 0.5), atol=1e-12)


def test_data_sets_between_walls(sciml_command, tmp_path):
    call = ["generate", "burgers", "--boundary", "dirichlet", "--samples", "3", "--grid", "24", "--dt", "0.05"]
    assert sciml_command(*call, "--until", "0.1", "-o", tmp_path / "d.h5").code == 0
    data = read_hdf5(tmp_path / "d.h5")
    assert np.abs(data.inputs[..., [0, -1]]).max() < 1e-6 and np.abs(data.outputs[..., [0, -1]]).max() < 1e-6


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--boundary", "dirichlt"], "cannot read 'dirichlt'; known: periodic, dirichlet"),
        (["--boundary", "dirichlet,neumann"], "2 entries for 1 axes"),
        (["--boundary", "dirichlet/neumann/neumann"], "3 ends"),
        (["--boundary", "dirichlet/periodic"], "periodic holds for both ends"),
        (["--boundary", "periodic=1"], "takes no data"),
        (["--boundary", "robin=1"], "'robin(a, b)=g'"),
        (["--boundary", "robin(1)"], "needs two numbers"),
        (["--boundary", "dirichlet=y"], "known: t, pi"),
        (["--boundary", "dirichlet=1;2"], "2 data for the 1 components u"),
        (["--boundary", "dirichlet=1/0"], "has no value"),
        (["--boundary", "dirichlet", "--nodes", "middle"], "write auto, vertex, cell or chebyshev"),
        (["--boundary", "dirichlet", "--initial", "1+x"], "u is 1 at x = 0, where 0 is asked for"),
        (["--boundary", "neumann", "--initial", "x"], "du/dn is -1 at x = 0, where 0 is asked for"),
        (["--boundary", "robin(1,1)", "--nodes", "vertex", "--initial", "0"], "needs chebyshev nodes"),
        (["--boundary", "dirichlet", "--like", "u.h5"], "leave --boundary out"),
    ],
)
def test_mistakes(mistake, arguments, words):
    assert words in mistake("solve", "diffusion", "--grid", "16", "--until", "0.1", *arguments)


def test_solutions_between_walls_are_compared_on_their_nodes(sciml_command, mistake, tmp_path):
    call = [*DIFFUSION, "--boundary", "dirichlet=1/neumann", "--initial", "1"]
    assert sciml_command(*call, "-o", tmp_path / "a.h5").code == 0
    assert sciml_command(*call, "--stream", tmp_path / "b.zarr").code == 0
    found = sciml_command("evaluate", tmp_path / "b.zarr", "--reference", tmp_path / "a.h5", "--json").json
    assert found["maximum_error"] < 1e-14
    assert sciml_command(*call, "--grid", "20", "-o", tmp_path / "c.h5").code == 0
    words = mistake("evaluate", tmp_path / "c.h5", "--reference", tmp_path / "a.h5")
    assert "compared on the same nodes only" in words
    assert "a solution between walls" in mistake("solve", "diffusion", "--like", tmp_path / "a.h5")


def test_what_walls_do_not_allow_is_one_sentence(sciml_command):
    call = ["solve", "navier-stokes-velocity", "--grid", "8", "8", "8", "--dt", "0.1", "--initial", "grf"]
    found = sciml_command(*call, "--boundary", "dirichlet")
    last = found.err.splitlines()[-1]
    assert found.code == 2 and "with walls the projection of a velocity" in last and "TRACEBACK" not in last


def test_finer_grids_are_refused_between_walls(mistake):
    call = ["generate", "burgers", "-o", "a.h5", "--refine", "2", "--boundary", "neumann"]
    assert "--refine needs a periodic box" in mistake(*call)
