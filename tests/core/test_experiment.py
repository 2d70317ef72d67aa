"""Claims, tables, reports; the catalogue equals the folder."""

import ast
import json
import math
from pathlib import Path

import pytest

import sciml
from sciml.experiment import Claim, Report, Table
from sciml.experiments.catalogue import EXPERIMENTS


@pytest.mark.parametrize(
    ("value", "relation", "bound", "holds"),
    [
        (1.0, "<=", 1.0, True),
        (1.0, "<", 1.0, False),
        (3.1, ">=", 3.0, True),
        (3.0, ">", 3.0, False),
        (2.0, "==", 2.0, True),
        (math.nan, "<=", 1.0, False),
        (math.nan, ">=", 1.0, False),
    ],
)
def test_claims_compare(value, relation, bound, holds):
    assert Claim("x", value, bound, relation).holds is holds


def test_a_report_holds_when_all_claims_do():
    good, bad = Claim("good", 1.0, 2.0), Claim("bad", 3.0, 2.0)
    assert Report().holds and Report(claims=[good]).holds and not Report(claims=[good, bad]).holds


def test_summary_is_strict_json():
    report = Report(metrics={"loss": math.inf, "n": 3}, claims=[Claim("a", math.nan, 1.0)])
    summary = json.loads(json.dumps(report.summary(), allow_nan=False))
    assert summary["metrics"] == {"loss": "inf", "n": 3.0}
    assert summary["claims"] == [{"text": "a", "value": "nan", "relation": "<=", "bound": 1.0, "holds": False}]


def test_table_text_is_aligned():
    table = Table("Errors", ("model", "paper", "ours"), (("FNO", 0.0149, 0.002), ("CNN, wide", None, 12)))
    lines = table.text().splitlines()
    assert lines[0] == "Errors" and len({len(line) for line in lines[1:]}) == 1
    assert "0.0149" in lines[3] and lines[4].startswith("CNN, wide")


def test_report_writes_its_files(tmp_path):
    pytest.importorskip("matplotlib")
    from sciml.plotting import lines

    report = Report(
        metrics={"a": 1.0}, tables=[Table("T", ("x",), ((1,),))], figures={"wave": lambda: lines([0, 1], {"u": [0, 1]})}
    )
    assert report.save(tmp_path / "out") == [tmp_path / "out" / "wave.png"]
    assert json.loads((tmp_path / "out" / "report.json").read_text())["metrics"] == {"a": 1.0}
    assert (tmp_path / "out" / "tables.txt").read_text().startswith("T\n")


def test_ragged_tables_are_refused():
    with pytest.raises(ValueError, match="row 1 has 1 cells for 2"):
        Table("T", ("a", "b"), ((1, 2), (3,)))


def test_catalogue_equals_the_folder():
    folder = Path(sciml.__file__).parent / "experiments"
    modules = {path.stem for path in folder.glob("[!_]*.py")} - {"catalogue"}  # parts of one start with an underscore
    assert {entry.module for entry in EXPERIMENTS.values()} == {f"sciml.experiments.{name}" for name in modules}
    for name, entry in EXPERIMENTS.items():
        tree = ast.parse((folder / f"{entry.module.rpartition('.')[2]}.py").read_text())
        assert (ast.get_docstring(tree) or "").splitlines()[0] == entry.help, name
        names = {n.name for n in tree.body if isinstance(n, ast.ClassDef | ast.FunctionDef)}
        assert {"Config", "run"} <= names, name
