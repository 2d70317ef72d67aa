"""The installed command in processes of its own: the pipeline, Ctrl-C and resume, real reference files."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow

COMMAND = f"{sys.executable} -m sciml"
REFERENCE = Path(os.environ.get("SCIML_REFERENCE_DATA") or Path(__file__).parents[3] / "shared" / "data")


def _environment():
    clean = {name: value for name, value in os.environ.items() if name not in ("XLA_FLAGS", "JAX_ENABLE_X64")}
    return clean | {"JAX_PLATFORMS": "cpu"}


def shell(script, folder):
    return subprocess.run(
        re.sub(r"(^|&& )sciml ", rf"\1{COMMAND} ", script),
        shell=True, cwd=folder, env=_environment(), capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def test_generate_train_evaluate(tmp_path):
    found = shell(
        "sciml generate burgers --samples 40 --grid 64 -o data.h5 && "
        "sciml train fno --data data.h5 --steps 200 --width 12 --modes 8 --layers 2 && "
        "sciml evaluate model.sciml --data data.h5 --json 2>/dev/null",
        tmp_path,
    )
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout.splitlines()[-1])["relative_l2"] < 0.5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.h5", "model.sciml"]


def test_interrupt_leaves_a_checkpoint_and_the_same_call_goes_on(tmp_path):
    made = shell("sciml generate burgers --samples 20 --grid 32 --dt 0.02 -o data.h5", tmp_path)
    assert made.returncode == 0, made.stderr
    size = "--data data.h5 --batch-size 4 --width 8 --modes 4 --layers 1 --log log.jsonl"
    arguments = f"{COMMAND} train fno {size} --steps 1000000".split()
    process = subprocess.Popen(arguments, cwd=tmp_path, env=_environment(), stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not (tmp_path / "log.jsonl").exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    last = errors.splitlines()[-1]
    assert last.startswith("sciml train: interrupted") and "Traceback" not in errors
    assert (tmp_path / "model.sciml.checkpoint").exists() and not (tmp_path / "model.sciml").exists()
    changed = shell(f"sciml train fno {size} --steps 10", tmp_path)
    assert changed.returncode == 2 and "steps" in changed.stderr.splitlines()[-1]


@pytest.mark.skipif(not (REFERENCE / "nls.mat").is_file(), reason=f"no reference data in {REFERENCE}")
@pytest.mark.parametrize(
    ("solve", "name", "bound"),
    [
        ("burgers --viscosity 0.003183098861837907 --grid 1024 --tolerance 1e-7", "burgers_shock.mat", 1e-5),
        ("nonlinear-schroedinger --dispersion 0.5", "nls.mat", 2e-4),
    ],
)
def test_solutions_made_elsewhere_are_reproduced(tmp_path, solve, name, bound):
    reference = REFERENCE / name
    found = shell(
        f"sciml solve {solve} --like {reference} -o s.h5 && sciml evaluate s.h5 --reference {reference} --json",
        tmp_path,
    )
    assert found.returncode == 0, found.stderr
    errors = json.loads(found.stdout.splitlines()[-1])
    assert errors["relative_l2"] < bound and errors["frames_compared"] >= 100
    assert np.isfinite(errors["maximum_error"])
