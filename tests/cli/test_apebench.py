"""`sciml apebench`: sizes and equations of the scenarios, beside the code they come from."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.cli import main
from sciml.commands.apebench import SCENARIOS, equation_of, trajectories

NAMES = (
    "lin", "lin_simple", "adv", "diff", "adv_diff", "disp", "hyp_diff", "four", "conv", "burgers", "kdv", "ks_cons", "ks", "nonlin",
    "burgers_sc", "fisher",
)  # fmt: skip
# One scenario per kind of term, with the largest difference relative to the largest coefficient: in single precision, times three;
# the spectrum of the conservative Kuramoto-Sivashinsky equation reaches the modes of which the peer drops one more.
COMPARED = {
    "diff_four": 2e-7,
    "diff_burgers": 2.5e-7,
    "diff_nonlin": 2.5e-7,
    "diff_kdv": 2.5e-7,
    "diff_ks_cons": 2e-4,
    "diff_ks": 1.3e-6,
    "diff_fisher": 2.5e-7,
}


def test_every_difficulty_scenario_of_the_source_is_there():
    assert set(SCENARIOS) == {f"diff_{name}" for name in NAMES}


def complex_coefficients(stepper):
    """The peer's second-order scheme with the imaginary parts of its coefficients, which it drops: without them a step of an equation
    with dispersion and a nonlinear term is wrong."""
    waves = 2 * np.pi / stepper.domain_extent * np.arange(stepper.num_points // 2 + 1)
    z = stepper.dt * sum(a * (1j * waves) ** s for s, a in enumerate(stepper.linear_coefficients))[None]
    around = z[..., None] + np.exp(2j * np.pi * (np.arange(32) + 0.5) / 32)
    phi_1 = ((np.exp(around) - 1) / around).mean(axis=-1)
    phi_2 = ((np.exp(around) - 1 - around) / around**2).mean(axis=-1)
    new = tuple(jnp.asarray(stepper.dt * phi) for phi in (phi_1, phi_2))
    return eqx.tree_at(lambda s: (s._integrator._coef_1, s._integrator._coef_2), stepper, new)


@pytest.mark.parametrize("name", COMPARED)
def test_one_step_equals_the_peers(name):
    exponax = pytest.importorskip("exponax")
    scenario = SCENARIOS[name]
    values = trajectories(scenario, samples=1, steps=2, seed=0)[0]
    nonlinear = tuple(value or 0.0 for value in (scenario.quadratic, scenario.convection, scenario.gradient_norm))
    linear = scenario.linear + (0.0,) * (5 - len(scenario.linear))
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        stepper = exponax.stepper.generic.DifficultyNonlinearStepper(
            1, 160, linear_difficulties=linear, nonlinear_difficulties=nonlinear, order=2
        )
        stepper = complex_coefficients(stepper)
        theirs = np.asarray(stepper(jnp.asarray(values[0], jnp.float64)))
    # Of products the peer drops mode 53 too, which is not aliased, and the mean of the gradient norm.
    theirs, ours = (np.fft.rfft(field)[..., name == "diff_ks" : 53] for field in (theirs, values[1]))
    assert np.abs(theirs - ours).max() < COMPARED[name] * np.abs(ours).max()


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
