"""`sciml run`: options of an experiment, claims, files, JSON; with an experiment made up here."""

import dataclasses
import json
import sys
import types
from pathlib import Path

import jax
import pytest

from sciml.experiment import Claim, Report, Table
from sciml.experiments.catalogue import EXPERIMENTS, Entry


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes."""

    width: int = 8
    """Channels."""
    bound: float = 1.0
    """Of the claim."""
    shape: tuple[int, ...] = (4, 4)
    """Nodes."""


@pytest.fixture(autouse=True)
def experiment(monkeypatch):
    def run(config, key, *, out):
        sys.stdout.write("noise of a library\n")
        (out / "checkpoint").write_text("half way")
        if config.width < 0:
            raise KeyboardInterrupt("call again to go on")
        value = float(jax.random.uniform(key)) * 0 + config.width / 10
        return Report(
            metrics={"error": value, "nodes": float(config.shape[0])},
            tables=[Table("Errors", ("model", "paper", "ours"), (("FNO", 0.5, value),))],
            claims=[Claim("error is small", value, config.bound)],
        )

    module = types.ModuleType("fake_experiment")
    module.Config, module.run, module.SCALES = Config, run, {"full": Config(width=9, shape=(64,))}
    monkeypatch.setitem(sys.modules, "fake_experiment", module)
    monkeypatch.setitem(EXPERIMENTS, "fake", Entry("fake_experiment", "A made-up experiment."))


def test_run_prints_claims_and_writes_files(sciml_command, tmp_path):
    found = sciml_command("run", "fake", "--out", tmp_path / "out", "--seed", "3")
    assert found.code == 0
    assert "holds          error is small: 0.8 <= 1" in found.out and "1 of 1 claims hold" in found.out
    assert "Errors" in found.out and "noise" not in found.out and "noise" in found.err
    assert json.loads((tmp_path / "out" / "report.json").read_text())["metrics"]["error"] == 0.8
    assert (tmp_path / "out" / "checkpoint").exists()


def test_json_is_one_object_with_the_promised_keys(sciml_command, tmp_path):
    found = sciml_command("run", "fake", "--json", "--out", tmp_path, "--seed", "3", "--shape", "5", "6")
    assert found.code == 0
    assert set(found.json) == {"name", "seed", "metrics", "claims", "figures"}
    assert (found.json["name"], found.json["seed"], found.json["metrics"]["nodes"]) == ("fake", 3, 5.0)
    (claim,) = found.json["claims"]
    assert {"text", "value", "bound", "holds"} <= set(claim) and claim["holds"] is True
    assert "seed 3" in found.err


def test_a_claim_that_does_not_hold_gives_one(sciml_command, tmp_path):
    found = sciml_command("run", "fake", "--bound", "0.5", "--json", "--out", tmp_path)
    assert found.code == 1 and found.json["claims"][0]["holds"] is False
    assert "DOES NOT HOLD" in sciml_command("run", "fake", "--bound", "0.5", "--out", tmp_path).out


def test_scale_changes_the_defaults_only(sciml_command, tmp_path):
    full = sciml_command("run", "fake", "--scale", "full", "--json", "--out", tmp_path).json["metrics"]
    assert full == {"error": 0.9, "nodes": 64.0}
    both = sciml_command("run", "fake", "--scale=full", "--width", "2", "--json", "--out", tmp_path).json["metrics"]
    assert both == {"error": 0.2, "nodes": 64.0}


def test_default_folder(sciml_command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert sciml_command("run", "fake").code == 0
    assert Path("runs/fake/report.json").exists()


def test_help_shows_both_kinds_of_options(sciml_command):
    found = sciml_command("run", "fake", "--help")
    assert found.code == 0 and all(
        text in found.out for text in ("--seed", "--width", "Channels.", "Example: sciml run fake")
    )


def test_interrupt_leaves_the_checkpoint(sciml_command, tmp_path):
    found = sciml_command("run", "fake", "--width", "-1", "--out", tmp_path)
    assert found.code == 130 and "interrupted. call again to go on" in found.err
    assert (tmp_path / "checkpoint").exists()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "missing NAME"),
        (["fke"], "unknown experiment fke; did you mean fake?"),
        (["--seed", "1"], "the NAME comes first"),
        (["fake", "--sed", "3"], "unknown option --sed; did you mean --seed?"),
        (["fake", "--seed", "x"], "--seed: invalid literal for int"),
        (["fake", "--scale", "huge"], "unknown scale huge; this experiment has: demo, full"),
        (["fake", "extra"], "unknown argument extra"),
        (["fake", "--width"], "--width"),
    ],
)
def test_mistakes(mistake, arguments, line):
    assert line in mistake("run", *arguments)
