"""`sciml solve --stream`: the file holds the solution, the same command goes on, mistakes are one sentence."""

import numpy as np
import pytest

from sciml.data import read_hdf5

CALL = ["solve", "burgers", "--grid", "32", "--dt", "0.05", "--initial", "sin(x)"]


def test_the_file_holds_what_the_solve_returns(sciml_command, tmp_path):
    assert sciml_command(*CALL, "--until", "1", "--frames", "11", "-o", tmp_path / "whole.h5").code == 0
    stream = [*CALL, "--stream", tmp_path / "run.h5", "--json"]
    first = sciml_command(*stream, "--until", "0.5", "--frames", "6").json
    assert first["statistics"] == {"steps": 10, "resumed": 0} and first["frames"] == 6
    found = sciml_command(*stream, "--until", "1", "--frames", "11", "--plot", tmp_path / "u.png")
    assert found.json["statistics"] == {"steps": 20, "resumed": 6} and "6 of 11 states" in found.err
    assert (tmp_path / "u.png").read_bytes().startswith(b"\x89PNG")
    whole, kept = (read_hdf5(tmp_path / name) for name in ("whole.h5", "run.h5"))
    np.testing.assert_allclose(kept.trajectories, whole.trajectories, atol=1e-12)
    np.testing.assert_allclose(kept.times, whole.times, atol=1e-15)
    assert kept.attributes["extent"] == whole.attributes["extent"]
    assert kept.parameters["viscosity"] == whole.parameters["viscosity"]


def test_without_a_step_the_error_chooses_it(sciml_command, tmp_path):
    call = [*CALL[:4], *CALL[6:], "--tolerance", "1e-8"]
    assert sciml_command(*call, "--until", "1", "--frames", "11", "-o", tmp_path / "whole.h5").code == 0
    stream = [*call, "--stream", tmp_path / "run.h5", "--json"]
    assert sciml_command(*stream, "--until", "0.7", "--frames", "8").json["statistics"]["resumed"] == 0
    assert sciml_command(*stream, "--until", "1", "--frames", "11").json["statistics"]["resumed"] == 8
    whole, kept = (read_hdf5(tmp_path / name) for name in ("whole.h5", "run.h5"))
    np.testing.assert_allclose(kept.trajectories, whole.trajectories, atol=1e-10)


def test_an_interruption_says_what_is_there(sciml_command, tmp_path, monkeypatch):
    from sciml.commands import streamed

    def interrupt(self, done, wanted):
        self.known = f"{done} of {wanted} states"
        if done >= 3:
            raise KeyboardInterrupt

    call = [*CALL, "--until", "0.5", "--frames", "6", "--stream", tmp_path / "run.h5"]
    with monkeypatch.context() as patch:
        patch.setattr(streamed._Progress, "__call__", interrupt)
        found = sciml_command(*call)
    assert found.code == 130
    assert found.err.splitlines()[-1].endswith("run.h5 holds 3 of 6 states; the same command goes on from there")
    assert sciml_command(*call, "--json").json["statistics"]["resumed"] == 3


def test_other_runs_are_refused_by_name(sciml_command, tmp_path):
    call = [*CALL, "--frames", "3", "--stream", tmp_path / "run.h5", "--until", "0.2"]
    assert sciml_command(*call).code == 0
    for change, words in (
        (["--viscosity", "0.2"], "differs in equation"),
        (["--dt", "0.025"], "differs in dt, save_every"),
        (["--initial", "cos(x)"], "differs in u0"),
        (["--frames", "2", "--until", "0.1"], "is longer"),
    ):
        found = sciml_command(*call, *change)
        assert found.code == 2 and words in found.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--stream", "a.txt"], "--stream must end in one of .h5"),
        (["--stream", "a.h5", "-o", "b.h5"], "leave --out out"),
        (["--stream", "/nowhere/a.h5"], "no such folder"),
    ],
)
def test_mistakes(mistake, arguments, words):
    assert words in mistake(*CALL, *arguments)


def test_fixed_methods_need_a_step(mistake):
    assert "--method sbdf2 has fixed steps only" in mistake("solve", "burgers", "--stream", "a.h5", "--method", "sbdf2")
