"""`sciml apebench`: sizes and equations of the scenarios, beside the code they come from."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.cli import main
from sciml.commands.apebench import SCENARIOS, equation_of, trajectories

# One scenario per kind of term: linear only, convection, dispersion with convection, gradient norm, quadratic.
COMPARED = ("diff_four", "diff_burgers", "diff_kdv", "diff_ks", "diff_fisher")


@pytest.mark.parametrize("name", COMPARED)
def test_one_step_equals_the_peers(name):
    exponax = pytest.importorskip("exponax")
    scenario = SCENARIOS[name]
    values = trajectories(scenario, samples=1, steps=2, seed=0)[0]
    nonlinear = tuple(value or 0.0 for value in (scenario.quadratic, scenario.convection, scenario.gradient_norm))
    linear = scenario.linear + (0.0,) * (5 - len(scenario.linear))
    # Of the second order the peer's scheme is first order on dispersion: compare without it.
    order = 1 if name == "diff_kdv" else 2
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        stepper = exponax.stepper.generic.DifficultyNonlinearStepper(
            1, 160, linear_difficulties=linear, nonlinear_difficulties=nonlinear, order=order
        )
        theirs = np.asarray(stepper(jnp.asarray(values[0], jnp.float64)))
    theirs, ours = (field - field.mean() if name == "diff_ks" else field for field in (theirs, values[1]))
    assert np.abs(theirs - ours).max() < (5e-2 if name == "diff_kdv" else 2e-4) * np.abs(ours).max()


def test_files_of_a_scenario(tmp_path):
    from sciml.data import read_hdf5

    assert main(["apebench", "diff_adv", "-o", str(tmp_path)]) == 0
    train, test = (read_hdf5(tmp_path / f"diff_adv_{part}.h5") for part in ("train", "test"))
    assert train.trajectories.shape == (50, 51, 1, 160) and test.trajectories.shape == (30, 201, 1, 160)
    # One step of difficulty -4 moves the state by four nodes.
    first, second = np.asarray(train.trajectories[0, :2, 0])
    np.testing.assert_allclose(second, np.roll(first, 4), atol=1e-4)


def test_every_scenario_has_its_equation_and_unknown_ones_are_named(capsys):
    assert all(equation_of(scenario).component_names(1) == ("u",) for scenario in SCENARIOS.values())
    assert main(["apebench", "diff_burger", "-o", "x"]) == 2
    assert "diff_burgers" in capsys.readouterr().err
