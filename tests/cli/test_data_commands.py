"""From a shell: solve, generate, train, evaluate; and every mistake in one line."""

import json

import numpy as np
import pytest

import sciml
from sciml.cli import main
from sciml.commands.expression import evaluate
from sciml.commands.references import Reference, interpolate
from sciml.data import read_dataset

SMALL = ["--grid", "32", "--samples", "12", "--batch", "5", "--dt", "0.05", "--until", "0.2"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A data set, a model trained on it, a solution."""
    folder = tmp_path_factory.mktemp("files")
    assert main(["generate", "burgers", "-o", f"{folder}/data.h5", *SMALL]) == 0
    assert main(["solve", "burgers", *SMALL[:2], *SMALL[6:], "--frames", "5", "-o", f"{folder}/solution.h5"]) == 0
    train = ["train", "fno", "--data", f"{folder}/data.h5", "-o", f"{folder}/model.sciml", "--steps", "4"]
    assert main([*train, "--batch-size", "4", "--width", "4", "--modes", "3", "--layers", "1"]) == 0
    return folder


def test_generated_samples_are_solutions(files):
    data = read_dataset(files / "data.h5")
    assert data.inputs.shape == data.outputs.shape == (12, 1, 32) and data.inputs.dtype == np.float32
    assert data.attributes["equation"] == "burgers" and float(data.parameters["viscosity"]) == 0.1
    # Each is another one, the mean is conserved, energy decays.
    assert len(np.unique(data.inputs[:, 0, 0])) == 12
    np.testing.assert_allclose(data.outputs.mean(axis=-1), data.inputs.mean(axis=-1), atol=1e-6)
    assert np.all((data.outputs**2).sum(axis=-1) < (data.inputs**2).sum(axis=-1))


def test_samples_depend_on_seed_and_number_alone(sciml_command, files, tmp_path):
    fewer = [*SMALL]
    fewer[3] = "7"
    assert sciml_command("generate", "burgers", "-o", tmp_path / "b.h5", *fewer).code == 0
    whole, part = read_dataset(files / "data.h5"), read_dataset(tmp_path / "b.h5")
    np.testing.assert_allclose(part.outputs, whole.outputs[:7], atol=1e-6)
    assert sciml_command("generate", "burgers", "-o", tmp_path / "c.h5", *fewer, "--seed", "1").code == 0
    assert np.abs(read_dataset(tmp_path / "c.h5").inputs - part.inputs).max() > 0.1


def test_pdebench_layout_and_complex_states(sciml_command, tmp_path):
    common = ["--samples", "2", "--grid", "16", "--until", "0.1", "--dt", "0.05", "--frames", "3", "--json"]
    found = sciml_command("generate", "burgers", "-o", tmp_path / "p.h5", "--layout", "pdebench", *common)
    assert found.json["frames"] == 3
    assert read_dataset(tmp_path / "p.h5").trajectories.shape == (2, 3, 1, 16)
    assert sciml_command("generate", "nonlinear-schroedinger", "-o", tmp_path / "n.h5", *common).json["shape"] == [
        2,
        16,
    ]


def test_evaluate_uses_what_was_held_out(sciml_command, files, tmp_path):
    found = sciml_command("evaluate", files / "model.sciml", "--data", files / "data.h5", "--json").json
    assert (found["part"], found["samples"]) == ("held out of training", 2)
    model, data = sciml.load(files / "model.sciml", narrow=True), read_dataset(files / "data.h5")
    errors = []
    for x, y in zip(data.inputs[-2:], data.outputs[-2:]):
        errors.append(np.linalg.norm(np.asarray(model(x)) - y) / np.linalg.norm(y))
    assert found["relative_l2"] == pytest.approx(np.mean(errors), rel=1e-4)
    assert found["relative_h1"] > 0 and len(found["rmse_low_middle_high"]) == 3


def test_a_model_is_evaluated_at_another_resolution(sciml_command, files, tmp_path):
    finer = [*SMALL]
    finer[1], finer[3] = "64", "3"
    assert sciml_command("generate", "burgers", "-o", tmp_path / "fine.h5", *finer).code == 0
    call = ["evaluate", files / "model.sciml", "--data", tmp_path / "fine.h5", "--plot", tmp_path / "e.png", "--json"]
    found = sciml_command(*call).json
    assert found["nodes"] == [64] and found["part"] == "all" and (tmp_path / "e.png").stat().st_size > 1000


def test_training_goes_on_from_a_checkpoint(sciml_command, files, tmp_path):
    call = [
        "train",
        "fno",
        "--data",
        files / "data.h5",
        "-o",
        tmp_path / "m.sciml",
        "--steps",
        "4",
        "--batch-size",
        "4",
    ]
    call += ["--width", "4", "--modes", "3", "--layers", "1", "--checkpoint", tmp_path / "c", "--json"]
    first = sciml_command(*call)
    assert first.json["parameters"] > 100 and (tmp_path / "c").exists()
    assert sciml_command(*call).json["test_loss"] == first.json["test_loss"]
    changed = [("5" if before == "--steps" else value) for before, value in zip([None, *call], call)]
    found = sciml_command(*changed)
    assert found.code == 2 and "steps" in found.err.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ifno", "resnet", "unet"])
def test_other_models_train(sciml_command, files, tmp_path, name):
    call = ["train", name, "--data", files / "data.h5", "-o", tmp_path / "m.sciml", "--steps", "2", "--batch-size", "4"]
    size = ["--width", "4", "--layers", "1"] + (["--modes", "3"] if name == "ifno" else [])
    assert sciml_command(*call, *size, "--loss", "h1", "--normalise", "none").code == 0
    assert (
        sciml_command("evaluate", tmp_path / "m.sciml", "--data", files / "data.h5", "--json").json["relative_l2"] > 0
    )


def test_solution_against_a_reference(sciml_command, files, tmp_path):
    found = sciml_command("evaluate", files / "solution.h5", "--reference", files / "solution.h5", "--json").json
    assert found["relative_l2"] == 0 and found["frames_compared"] == 5
    data = read_dataset(files / "solution.h5")
    # A reference written elsewhere: nodes first, end point repeated, every second time.
    values = data.trajectories[0, ::2, 0].T
    x = np.append(data.coordinates[0], 2 * np.pi)
    np.savez(tmp_path / "r.npz", x=x, t=data.times[::2], usol=np.concatenate([values, values[:1]]))
    call = [
        "evaluate",
        files / "solution.h5",
        "--reference",
        tmp_path / "r.npz",
        "--plot",
        tmp_path / "s.png",
        "--json",
    ]
    found = sciml_command(*call).json
    assert found["frames_compared"] == 3 and found["relative_l2"] < 1e-10 and (tmp_path / "s.png").exists()
    solve = ["solve", "burgers", "--like", tmp_path / "r.npz", "-o", tmp_path / "again.h5", "--json"]
    assert sciml_command(*solve).json["grid"] == [32]
    found = sciml_command("evaluate", tmp_path / "again.h5", "--reference", tmp_path / "r.npz", "--json").json
    assert found["relative_l2"] < 1e-4
    assert sciml_command("evaluate", files / "model.sciml", "--reference", tmp_path / "r.npz").code == 0


def test_solve_reports_and_plots(sciml_command, tmp_path):
    call = [
        "solve",
        "burgers",
        "--initial",
        "-sin(x)",
        "--grid",
        "32",
        "--until",
        "0.2",
        "--dt",
        "0.05",
        "--frames",
        "5",
    ]
    found = sciml_command(*call, "--plot", tmp_path / "s.png", "--json").json
    assert found["equation"] == "burgers" and found["statistics"]["steps"] == 4 and found["final_maximum"] < 1
    assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")


def test_divergence_is_one_line_and_code_one(sciml_command):
    call = ["solve", "korteweg-de-vries", "--dt", "0.2", "--grid", "128", "--initial", "50/cosh(x-10)", "--frames", "5"]
    found = sciml_command(*call, "--until", "20")
    last = found.err.splitlines()[-1]
    assert found.code == 1 and last.startswith("sciml solve: ") and "SCIML_TRACEBACK" not in last


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["solve"], "missing EQUATION"),
        (["solve", "burger"], "did you mean burgers?"),
        (["solve", "burgers", "--viscocity", "1"], "did you mean --viscosity?"),
        (["solve", "burgers", "--initial", "import os"], "cannot read the formula"),
        (["solve", "burgers", "--initial", "x.__class__"], "is not known"),
        (["solve", "burgers", "--initial", "1/(x-x)"], "not finite"),
        (["solve", "wave", "--initial", "sin(x)"], "needs 2 formulas, for h, v"),
        (["solve", "burgers", "--initial", "1j*x"], "complex"),
        (["solve", "burgers", "--frames", "1"], "--frames must be at least 2"),
        (["solve", "burgers", "--until", "-1"], "must be positive"),
        (["solve", "burgers", "--extent", "1", "2"], "--extent has 2 numbers for 1 axes"),
        (["solve", "burgers", "--plot", "a.txt"], ".gif or .mp4"),
        (["solve", "burgers", "-o", "/nowhere/a.h5"], "no such folder"),
        (["solve", "burgers", "--like", "missing.mat"], "no such file: missing.mat"),
        (["generate", "burgers"], "missing -o FILE"),
        (["generate", "burgers", "-o", "a.h5", "--initial", "sin(x)"], "one and the same sample"),
        (["generate", "burgers", "-o", "a.h5", "--samples", "0"], "at least 1"),
        (["train"], "missing MODEL"),
        (["train", "fmo"], "did you mean fno?"),
        (["train", "fno"], "missing --data FILE"),
        (["train", "fno", "--data", "missing.h5"], "no such file: missing.h5"),
        (
            ["train", "fno", "--data", "{}/data.h5", "--modes", "30", "--batch-size", "4"],
            "--modes 30 is too many for 32 nodes",
        ),
        (["train", "fno", "--data", "{}/data.h5", "--batch-size", "99"], "exceeds the 10 samples"),
        (["train", "fno", "--data", "{}/model.sciml"], "not an HDF5 file"),
        (["evaluate"], "missing"),
        (["evaluate", "missing.sciml"], "no such file"),
        (["evaluate", "{}/model.sciml"], "either --data FILE or --reference FILE"),
        (["evaluate", "{}/solution.h5"], "give --reference FILE"),
        (["evaluate", "{}/data.h5", "--reference", "{}/data.h5"], "holds pairs"),
        (["evaluate", "{}/solution.h5", "--reference", "{}/model.sciml"], "HDF5"),
        (["evaluate", "{}/notes.txt", "--reference", "{}/solution.h5"], "HDF5"),
        (["evaluate", "{}/bad.sciml", "--data", "{}/data.h5"], "bad.sciml"),
        (["evaluate", "{}/model.sciml", "--data", "{}/wide.h5"], "maps 1 channels to 1 on 1 axes"),
    ],
)
def test_mistakes(mistake, files, arguments, words):
    if arguments[-1].endswith("wide.h5"):
        from sciml.data import Dataset, write_hdf5

        wide = np.zeros((3, 2, 32), np.float32)
        write_hdf5(files / "wide.h5", Dataset(inputs=wide, outputs=wide, coordinates=(np.arange(32.0),)))
    (files / "notes.txt").write_text("hello")
    (files / "bad.sciml").write_bytes((files / "model.sciml").read_bytes()[:-200])
    line = mistake(*(argument.format(files) for argument in arguments))
    assert words in line


def test_json_errors_are_json(sciml_command):
    found = sciml_command("solve", "burger", "--json")
    assert found.code == 2 and "did you mean burgers" in json.loads(found.out)["error"]


def test_formulas():
    x = {"x": np.linspace(0.0, 1.0, 5)}
    np.testing.assert_allclose(
        evaluate("-sin(pi*x)**2 + 2/(1+x) - e", x), -(np.sin(np.pi * x["x"]) ** 2) + 2 / (1 + x["x"]) - np.e
    )
    np.testing.assert_allclose(evaluate("3", x), 3 * np.ones(5))
    np.testing.assert_allclose(evaluate("exp(1j*x)", x), np.exp(1j * x["x"]))


@pytest.mark.parametrize("count", [16, 15])
def test_fourier_interpolation_is_exact_for_resolved_waves(count):
    nodes = 2 * np.arange(count) / count
    targets = np.linspace(0.0, 2.0, 37)
    values = np.cos(np.pi * 3 * nodes) + 1j * np.sin(np.pi * 5 * nodes)
    exact = np.cos(np.pi * 3 * targets) + 1j * np.sin(np.pi * 5 * targets)
    np.testing.assert_allclose(interpolate(values[None], (nodes,), (targets,))[0], exact, atol=1e-12)


def test_periodic_drops_a_repeated_end():
    x = np.linspace(0.0, 1.0, 9)
    wave = np.sin(2 * np.pi * x)
    found = Reference(wave[None, None], np.zeros(1), (x,)).periodic()
    assert found.values.shape == (1, 1, 8)
    np.testing.assert_allclose(found.box(), [(0.0, 1.0)])
    assert found.periodic().values.shape == (1, 1, 8)
