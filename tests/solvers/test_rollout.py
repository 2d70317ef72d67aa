"""Fixed-step solves: exact solutions, dtypes, gradients, divergence, transformations."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from problems import cole_hopf, soliton, wavy

import sciml
from sciml import physics
from sciml.solvers import ETDRK1, ETDRK2, ETDRK3, ETDRK4, IFRK4, DivergenceError, Result, Stepper, rollout, rollout_with

BOX = sciml.Grid((32,), extent=(2 * np.pi,))
X = BOX.coordinates()[0]
PLANE = sciml.Grid((16, 18), extent=(2 * np.pi, 4 * np.pi))


# --- exact ----------------------------------------------------------------------------------------------------------------------


def test_advection_by_whole_nodes_is_a_roll():
    u0 = np.random.default_rng(0).normal(size=(1, 31))
    grid = sciml.Grid((31,), extent=(1.0,))
    solution = rollout(physics.Advection(1.0), grid, u0, dt=5 / 31, steps=1)
    np.testing.assert_allclose(solution.values[-1], np.roll(u0, 5, axis=1), atol=1e-12)


def test_linear_equations_are_exact_for_any_step():
    x, y = PLANE.coordinates()
    u0 = (np.cos(2 * x) * np.sin(y))[None]
    decay = rollout(physics.Diffusion(np.array([0.1, 0.3])), PLANE, u0, dt=0.7, steps=2).values[-1]
    np.testing.assert_allclose(decay, u0 * np.exp(-(0.1 * 4 + 0.3) * 1.4), atol=1e-13)
    moved = rollout(physics.Dispersion(0.2), BOX, np.sin(2 * X)[None], dt=0.5, steps=3).values[-1, 0]
    np.testing.assert_allclose(moved, np.sin(2 * X - 0.2 * 8 * 1.5), atol=1e-13)


def test_wave_keeps_its_energy_and_mean_motion():
    rng = np.random.default_rng(0)
    u0 = rng.normal(size=(2, *PLANE.shape))
    solution = rollout(physics.Wave(1.3), PLANE, u0, dt=0.37, steps=200, save_every=100)

    def energy(state):
        basis = sciml.fields.make_basis(PLANE, degree=1, precision="float64")
        h, v = sciml.fields.SpectralField.state(basis, basis.encode(state))
        return np.mean(v.values**2 + 1.3**2 * np.sum(h.grad().values ** 2, axis=0))

    energies = [energy(state) for state in solution.values]
    np.testing.assert_allclose(energies, energies[0], rtol=1e-11)
    drift = u0[1].mean() * 0.37 * 200
    np.testing.assert_allclose(solution.values[-1, 0].mean(), u0[0].mean() + drift, rtol=1e-10)


def test_burgers_agrees_with_cole_hopf():
    _, exact = cole_hopf(wavy, 0.1, 1.0)
    grid = sciml.Grid((256,), extent=(2 * np.pi,))
    u = rollout(
        physics.Burgers(0.1), grid, wavy(grid.coordinates()[0])[None], dt=0.0025, steps=400, save_every=400
    ).values[-1, 0]
    np.testing.assert_allclose(u, exact[::2], atol=2e-9)


def test_korteweg_de_vries_carries_a_soliton():
    grid = sciml.Grid((256,), extent=(20.0,))
    u = rollout(physics.KortewegDeVries(), grid, soliton(grid, 0.0), dt=5e-4, steps=1000, save_every=1000).values[-1]
    np.testing.assert_allclose(u, soliton(grid, 0.5), rtol=0, atol=2e-8)


def test_nonlinear_schroedinger_carries_a_soliton():
    grid = sciml.Grid((128,), extent=((-10.0, 10.0),))
    x = grid.coordinates()[0]
    psi0 = (2 / np.cosh(2 * x) * np.exp(1j * x))[None]
    psi = rollout(
        physics.NonlinearSchroedinger(), grid, psi0, dt=1e-3, steps=500, save_every=500, dealiasing="padding"
    ).values[-1]
    exact = 2 / np.cosh(2 * (x - 0.5)) * np.exp(1j * (x + (4 - 1) * 0.5 / 2))
    np.testing.assert_allclose(psi[0], exact, atol=1e-6)


def test_taylor_green_vortex_decays_exactly():
    grid = sciml.Grid((16, 16), extent=(2 * np.pi,) * 2)
    x, y = grid.coordinates()
    w0 = (2 * np.cos(x) * np.cos(y))[None]
    w = rollout(physics.NavierStokesVorticity(viscosity=0.05, drag=0.02), grid, w0, dt=0.1, steps=10).values[-1]
    np.testing.assert_allclose(w, w0 * np.exp(-(2 * 0.05 + 0.02)), atol=1e-13)


def test_forced_vorticity_from_rest_follows_its_exact_solution():
    """The forcing of the Fourier neural operator's data: the nonlinear term vanishes."""
    grid = sciml.Grid((16, 16), extent=(1.0, 1.0))
    x, y = grid.coordinates()
    equation = physics.NavierStokesVorticity(viscosity=1e-3, forcing=physics.DiagonalForcing())
    w = rollout(equation, grid, np.zeros((1, 16, 16)), dt=0.1, steps=10).values[-1, 0]
    force = 0.1 * (np.sin(2 * np.pi * (x + y)) + np.cos(2 * np.pi * (x + y)))
    rate = 8 * np.pi**2 * 1e-3
    np.testing.assert_allclose(w, force * (1 - np.exp(-rate)) / rate, atol=1e-13)
    np.testing.assert_allclose((1 - np.exp(-rate)) / rate, 0.961540, atol=5e-7)


def test_kolmogorov_flow_has_its_laminar_state():
    grid = sciml.Grid((16, 16), extent=(2 * np.pi,) * 2)
    forcing = physics.KolmogorovForcing(amplitude=0.5, mode=2)
    _, y = grid.coordinates()
    laminar = (-0.5 / (0.5 * 4) * 2 * np.cos(2 * y))[None]  # w = -u_y of u = A / (nu q^2) sin(q y)
    w = rollout(physics.NavierStokesVorticity(viscosity=0.5, forcing=forcing), grid, laminar, dt=0.1, steps=5).values[
        -1
    ]
    np.testing.assert_allclose(w, laminar, atol=1e-13)


# --- what comes back ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_frames_times_and_dtype(dtype):
    u0 = wavy(X)[None].astype(dtype)
    solution = rollout(physics.Burgers(0.1), BOX, u0, dt=0.01, steps=12, save_every=4, t0=1.0)
    assert solution.values.shape == (4, 1, 32) and solution.values.dtype == dtype and solution.times.dtype == dtype
    np.testing.assert_allclose(solution.times, 1 + 0.01 * np.array([0, 4, 8, 12]), rtol=1e-6)
    assert solution.successful and solution.statistics["steps"] == 12
    bare = rollout(physics.Burgers(0.1), BOX, u0, dt=0.01, steps=12, save_every=4, include_initial=False)
    np.testing.assert_array_equal(bare.values, solution.values[1:])


def test_single_precision_differs_from_double_by_round_off_only():
    u0 = soliton(sciml.Grid((64,), extent=(20.0,)), 0.0, speed=1.0)
    grid = sciml.Grid((64,), extent=(20.0,))
    runs = [
        rollout(physics.KortewegDeVries(), grid, u0.astype(d), dt=1e-3, steps=1000, save_every=1000).values[-1]
        for d in (np.float32, np.float64)
    ]
    assert np.abs(np.asarray(runs[0], np.float64) - runs[1]).max() < 3e-5


def test_every_gradient_strategy_gives_the_same_numbers():
    def final(viscosity, gradient):
        u = rollout(
            physics.Burgers(viscosity), BOX, wavy(X)[None], dt=0.02, steps=22, save_every=11, gradient=gradient
        ).values
        return jnp.sum(u[-1] ** 3)

    stored, slope = jax.value_and_grad(final)(0.1, "store")
    again, slope_again = jax.value_and_grad(final)(0.1, "checkpoint")
    forward, tangent = jax.jvp(lambda v: final(v, "forward"), (0.1,), (1.0,))
    np.testing.assert_allclose([again, forward], stored, rtol=1e-12)
    np.testing.assert_allclose([slope_again, tangent], slope, rtol=1e-10)


@pytest.mark.parametrize("method", [ETDRK1(), ETDRK2(), ETDRK3(), ETDRK4(), IFRK4()], ids=lambda m: type(m).__name__)
@pytest.mark.parametrize(
    "equation", [physics.KortewegDeVries(1.0, 0.1), physics.GrayScott(0.1, 0.05)], ids=lambda e: type(e).__name__
)
def test_gradients_agree_with_finite_differences(equation, method):
    """In every parameter, the initial state and the step at once, along one direction."""
    count = len(equation.components)
    u0 = np.stack([wavy(X) / (i + 2) + 0.3 for i in range(count)])

    @jax.jit
    def objective(shift):
        moved = jax.tree.map(lambda p: p * (1 + 0.1 * shift), equation)
        u = rollout(
            moved, BOX, u0 * (1 + shift), dt=0.02 * (1 + 0.5 * shift), steps=10, save_every=10, method=method
        ).values
        return jnp.sum(u[-1] ** 2 * jnp.asarray(1 + np.sin(X) + np.cos(2 * X))[None])

    h = 1e-4
    numbers = [objective(jnp.asarray(s)) for s in (-2 * h, -h, h, 2 * h)]
    finite = (numbers[0] - 8 * numbers[1] + 8 * numbers[2] - numbers[3]) / (12 * h)
    np.testing.assert_allclose(jax.grad(objective)(jnp.asarray(0.0)), finite, rtol=1e-7)


def test_vmap_over_parameters_and_states_equals_the_loop():
    viscosities = jnp.asarray([0.05, 0.1, 0.2])
    states = jnp.asarray(np.stack([s * wavy(X)[None] for s in (0.5, 1.0, 1.5)]))

    def run(viscosity, u0):
        return rollout(physics.Burgers(viscosity), BOX, u0, dt=0.02, steps=10, save_every=10).values[-1]

    batch = jax.vmap(run)(viscosities, states)
    loop = jnp.stack([run(v, u) for v, u in zip(viscosities, states)])
    np.testing.assert_allclose(batch, loop, atol=1e-12)
    equations = jax.vmap(physics.Burgers)(viscosities)
    np.testing.assert_allclose(
        jax.vmap(lambda e, u: rollout(e, BOX, u, dt=0.02, steps=10, save_every=10).values[-1])(equations, states),
        batch,
        atol=1e-13,
    )


def test_a_batch_sharded_over_two_devices_equals_the_unsharded_one():
    from sciml.parallel import shard_batch

    states = jnp.asarray(np.stack([s * wavy(X)[None] for s in (0.5, 0.8, 1.1, 1.4)]))
    run = jax.jit(
        jax.vmap(lambda u: rollout(physics.Burgers(0.1), BOX, u, dt=0.02, steps=10, save_every=10).values[-1])
    )
    sharded = run(shard_batch(states))
    assert len(sharded.sharding.device_set) == 2
    np.testing.assert_allclose(sharded, run(states), atol=1e-13)


def test_other_parameters_are_no_new_program():
    traced = []

    class Counted(physics.Burgers):
        def explicit_part(self, u):
            traced.append(u)
            return super().explicit_part(u)

    u0 = wavy(X)[None]
    rollout(Counted(0.1), BOX, u0, dt=0.01, steps=3)
    before = len(traced)
    for viscosity, dt in ((0.2, 0.01), (np.float64(0.3), 0.02), (jnp.asarray(0.4), 0.03)):
        rollout(Counted(viscosity), BOX, 2 * u0, dt=dt, steps=3)
    assert len(traced) == before > 0


def test_the_same_inside_another_program_and_under_its_transformations():
    """Compiler options go with the outermost program only."""
    u0 = jnp.asarray(wavy(X)[None])

    def end(viscosity):
        return rollout(physics.Burgers(viscosity), BOX, u0, dt=0.01, steps=3, throw=False).values[-1]

    alone = end(0.1)
    np.testing.assert_allclose(jax.jit(end)(0.1), alone, atol=1e-14)
    np.testing.assert_allclose(jax.vmap(end)(jnp.asarray([0.1])), alone[None], atol=1e-14)
    np.testing.assert_allclose(jax.jvp(end, (0.1,), (1.0,))[0], alone, atol=1e-14)


def test_a_prepared_step_is_a_pytree_and_gives_the_same():
    u0 = wavy(X)[None]
    stepper = Stepper.build(physics.Burgers(0.1), BOX, dt=0.01, precision="float64")
    once = jax.jit(lambda s, u: s(u))(stepper, jnp.asarray(u0))
    np.testing.assert_allclose(once, rollout(physics.Burgers(0.1), BOX, u0, dt=0.01, steps=1).values[-1], atol=1e-14)
    twice = rollout_with(stepper, u0, steps=2, include_initial=False).values
    np.testing.assert_allclose(twice[0], once, atol=1e-14)


# --- what goes wrong ------------------------------------------------------------------------------------------------------------


def test_divergence_is_located_reported_and_leaves_the_past():
    u0 = -np.ones((1, 32))
    with pytest.raises(DivergenceError, match=r"FisherKPP: .* after step \d+ \(time .*Try dt=") as caught:
        rollout(physics.FisherKPP(0.01, 1.0), BOX, u0, dt=0.1, steps=60, save_every=2)
    error = caught.value
    # u' = u (1 - u) from -1 is infinite at t = log 2; the step after is the first that is lost.
    assert 0.6 < error.time < 2.0 and error.step == round(error.time / 0.1)
    assert np.isfinite(error.solution.values).all() and 1 <= len(error.solution.times) <= error.step // 2 + 1
    quiet = rollout(physics.FisherKPP(0.01, 1.0), BOX, u0, dt=0.1, steps=60, save_every=2, throw=False)
    assert not quiet.successful and int(quiet.result) == Result.DIVERGED and "not a number" in quiet.message
    assert int(quiet.statistics["diverged_at_step"]) == error.step
    np.testing.assert_array_equal(quiet.values[: len(error.solution.times)], error.solution.values)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (dict(u0=np.zeros(32)), ValueError, "must have shape (1, 32)"),
        (dict(u0=np.zeros((4, 1, 32))), ValueError, "jax.vmap"),
        (dict(u0=np.zeros((1, 32), int)), TypeError, "floating-point"),
        (dict(u0=np.zeros((1, 32), complex)), TypeError, "the state is real"),
        (dict(steps=10, save_every=3), ValueError, "positive multiple"),
        (dict(grid=sciml.Grid((32,), extent=(1.0,), boundary=sciml.boundary.Robin(1.0, 1.0))), ValueError, "chebyshev"),
    ],
)
def test_misuse_is_named(change, error, message):
    arguments = dict(equation=physics.Burgers(), grid=BOX, u0=np.zeros((1, 32)), dt=0.1, steps=1) | change
    with pytest.raises(error, match=re.escape(message)):
        rollout(arguments.pop("equation"), arguments.pop("grid"), arguments.pop("u0"), **arguments)


def test_the_time_of_a_divergence_does_not_depend_on_what_is_saved():
    times = []
    for options in (dict(include_initial=True), dict(include_initial=False)):
        with pytest.raises(DivergenceError) as caught:
            rollout(
                physics.FisherKPP(0.01, 1.0), BOX, -np.ones((1, 32)), dt=0.1, steps=60, save_every=6, t0=5.0, **options
            )
        times.append(caught.value.time)
    assert times[0] == times[1] and 5.6 < times[0] < 7.0


def test_coupled_blocks_of_large_norm_are_finite_when_traced():
    """A thousand nodes on a unit box: the matrix exponential meets norms beyond its default number of squarings."""
    grid = sciml.Grid((512,), extent=(1.0,))
    u0 = np.stack([np.sin(2 * np.pi * grid.coordinates()[0]), np.zeros(512)]).astype(np.float32)

    def run(speed):
        return rollout(physics.Wave(speed), grid, u0, dt=0.25, steps=1, throw=False).values[-1]

    np.testing.assert_allclose(jax.jit(run)(jnp.asarray(1.0, jnp.float32)), run(1.0), atol=2e-2)
