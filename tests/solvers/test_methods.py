"""What fixed-step methods promise beside their order: gradients, conserved mass, precision, refusals."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from problems import wavy

import sciml
from sciml import physics, solvers
from sciml.solvers import ARS222, SBDF2, SBDF3, Stepper, Strang, Yoshida4, rollout, rollout_with

BOX = sciml.Grid((32,), extent=(2 * np.pi,))
X = BOX.coordinates()[0]
NAMES = [
    "ARS111", "ARS222", "ARS232", "ARS343", "ARS443", "SIL3", "CNRK3", "CNRK4", "CNAB2", "SBDF2", "SBDF3", "Lie", "Strang", "Yoshida4",
]  # fmt: skip


# One of each kind of tableau always, the others when there is time.
QUICK = ("ARS222", "CNRK3", "SBDF2", "Strang")
SOME = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in NAMES]


@pytest.mark.parametrize("name", SOME)
def test_gradients_agree_with_finite_differences(name):
    """In every parameter, the state and the step at once, with a complex symbol of 2 x 2 blocks where there are two components."""
    equation = physics.KortewegDeVries(1.0, 0.1) if name in ("Yoshida4", "SBDF3") else physics.Wave(1.3)
    u0 = np.stack([wavy(X) / (i + 2) + 0.3 for i in range(len(equation.components))])

    @jax.jit
    def objective(shift):
        moved = jax.tree.map(lambda p: p * (1 + 0.1 * shift), equation)
        dt, method = 0.02 * (1 + 0.5 * shift), getattr(solvers, name)()
        u = rollout(moved, BOX, u0 * (1 + shift), dt=dt, steps=6, save_every=6, method=method, throw=False).values
        return jnp.sum(u[-1] ** 2 * jnp.asarray(1 + np.sin(X) + np.cos(2 * X))[None])

    h = 1e-4
    numbers = [objective(jnp.asarray(s)) for s in (-2 * h, -h, h, 2 * h)]
    finite = (numbers[0] - 8 * numbers[1] + 8 * numbers[2] - numbers[3]) / (12 * h)
    np.testing.assert_allclose(jax.grad(objective)(jnp.asarray(0.0)), finite, rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_single_precision_follows_double(name):
    runs = [
        rollout(physics.Burgers(0.1), BOX, wavy(X)[None].astype(d), dt=0.01, steps=20, save_every=20, method=getattr(solvers, name)())
        for d in (np.float32, np.float64)
    ]  # fmt: skip
    assert runs[0].values.dtype == np.float32
    np.testing.assert_allclose(runs[0].values, runs[1].values, atol=1e-5)


@pytest.mark.parametrize(
    "method", [pytest.param(SBDF3(), marks=pytest.mark.slow, id="history"), pytest.param(ARS222(), id="state")]
)
def test_gradient_strategies_and_vmap_with_what_a_method_carries(method):
    def final(viscosity, gradient="store"):
        u = rollout(
            physics.Burgers(viscosity), BOX, wavy(X)[None], dt=0.01, steps=14, save_every=7, method=method, gradient=gradient
        ).values  # fmt: skip
        return jnp.sum(u[-1] ** 3)

    stored, slope = jax.jit(jax.value_and_grad(final))(0.1)
    again, slope_again = jax.value_and_grad(lambda v: final(v, "checkpoint"))(0.1)
    forward, tangent = jax.jvp(lambda v: final(v, "forward"), (0.1,), (1.0,))
    np.testing.assert_allclose([again, forward], stored, rtol=1e-12)
    np.testing.assert_allclose([slope_again, tangent], slope, rtol=1e-9)
    np.testing.assert_allclose(jax.vmap(final)(jnp.asarray([0.1, 0.2]))[0], stored, rtol=1e-12)


@pytest.mark.parametrize("method", [Strang(), Yoshida4()], ids=["Strang", "Yoshida4"])
@pytest.mark.parametrize("noise", [0.0, 0.3], ids=["soliton", "noise in all modes"])
def test_splitting_keeps_the_mass_of_a_schroedinger_equation(method, noise):
    grid = sciml.Grid((255,), extent=((-25.0, 25.0),))
    x = grid.coordinates()[0]
    rng = np.random.default_rng(0)
    psi0 = 2 / np.cosh(2 * x) * np.exp(1j * x) + noise * (rng.normal(size=255) + 1j * rng.normal(size=255))
    psi = rollout(
        physics.NonlinearSchroedinger(), grid, psi0[None], dt=0.01, steps=1000, save_every=500, method=method, dealiasing="none"
    ).values  # fmt: skip
    mass = np.sum(np.abs(np.asarray(psi)) ** 2, axis=(1, 2))
    np.testing.assert_allclose(mass, mass[0], rtol=1e-12)


def test_closed_nonlinear_flows_solve_the_explicit_part():
    for equation, values in (
        (physics.NonlinearSchroedinger(nonlinearity=0.7), np.asarray([0.5 + 0.3j, -1.0j])),
        (physics.GinzburgLandau(1.0, 0.5, -1.3), np.asarray([0.5 + 0.3j, -1.0j])),
        (physics.AllenCahn(0.1, 1.0, 1.7), np.asarray([0.5, -1.2])),
    ):
        grid = sciml.Grid((3,), extent=(1.0,))
        stepper = Stepper.build(equation, grid, dt=0.1, dealiasing="none")
        for value in values:
            u = jnp.full((1, 3), value)
            h = 1e-5
            ahead, back = (equation.nonlinear_flow(u, jnp.asarray(s * h)) for s in (1, -1))
            rate = stepper.basis.decode(stepper.rate(stepper.basis.encode(u), jnp.asarray(0.0)))
            np.testing.assert_allclose((ahead - back) / (2 * h), rate, rtol=1e-8)
            twice = equation.nonlinear_flow(equation.nonlinear_flow(u, jnp.asarray(0.1)), jnp.asarray(0.2))
            np.testing.assert_allclose(twice, equation.nonlinear_flow(u, jnp.asarray(0.3)), rtol=1e-13)


def test_stiff_modes_are_damped_by_implicit_methods():
    """Five thousand times beyond the explicit limit."""
    u0 = (np.sin(X) + np.cos(10 * X))[None]
    for name in ("ARS222", "ARS343", "ARS443", "SBDF2", "SBDF3"):
        u = rollout(physics.Diffusion(100.0), BOX, u0, dt=1.0, steps=12, method=getattr(solvers, name)()).values[-1]
        assert np.abs(u).max() < 1e-8, name


def test_the_precision_of_a_stepper_follows_jax_and_is_held():
    stepper = Stepper.build(physics.Burgers(0.1), BOX, dt=0.01)
    assert stepper.basis.precision == "float64"
    with jax.enable_x64(False):
        assert Stepper.build(physics.Burgers(0.1), BOX, dt=0.01).basis.precision == "float32"
    with pytest.raises(TypeError, match=r"float32, the stepper was built for float64"):
        rollout_with(stepper, wavy(X)[None].astype(np.float32), steps=2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Stepper.build(physics.Burgers(1.0), BOX, dt=0.1, method=Yoshida4()), ValueError, "back in time"),
        (
            lambda: Stepper.build(physics.Burgers(), BOX, dt=0.1, method=SBDF2())(jnp.asarray(wavy(X)[None])),
            TypeError,
            "SBDF2 needs the states of earlier steps",
        ),
        (
            lambda: sciml.solve(physics.Burgers(), BOX, wavy(X)[None], ts=[0.0, 1.0], method=SBDF2()),
            TypeError,
            "no error estimate",
        ),
    ],
)
def test_misuse_is_named(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
