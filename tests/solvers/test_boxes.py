"""Evolution equations on boxes with walls."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

import sciml
from sciml import physics, solvers
from sciml.boundary import Dirichlet, Neumann, Periodic, Robin, Sides
from sciml.equation import Evolution, Semilinear

PI = np.pi
ENDS = [
    (Dirichlet(), lambda x: np.sin(PI * x), PI),
    (Neumann(), lambda x: np.cos(PI * x), PI),
    (Sides(Dirichlet(), Neumann()), lambda x: np.sin(1.5 * PI * x), 1.5 * PI),
    (Sides(Neumann(), Dirichlet()), lambda x: np.cos(1.5 * PI * x), 1.5 * PI),
]


@pytest.mark.parametrize("nodes", ["vertex", "cell", "chebyshev"])
@pytest.mark.parametrize("boundary, mode, q", ENDS)
def test_heat_decays_at_the_exact_rate(nodes, boundary, mode, q):
    grid = sciml.Grid((24,), extent=(1.0,), boundary=boundary, nodes=nodes)
    u0 = mode(grid.coordinates()[0])[None]
    solution = solvers.rollout(physics.Diffusion(0.1), grid, u0, dt=0.1, steps=4, save_every=4)
    assert jnp.max(jnp.abs(solution.values[-1] - np.exp(-0.1 * q**2 * 0.4) * u0)) < 2e-14


def test_heat_with_robin_ends_decays_by_transcendental_roots():
    # u' = 2 u at 0, u' = -u at 1: tan(q) = 3 q / (q^2 - 2).
    q = brentq(lambda q: (q**2 - 2) * np.sin(q) - 3 * q * np.cos(q), 3.5, 5.0, xtol=1e-15)
    mode = lambda x: np.cos(q * x) + 2 / q * np.sin(q * x)  # noqa: E731
    grid = sciml.Grid((24,), extent=(1.0,), boundary=Sides(Robin(2.0, 1.0), Robin(1.0, 1.0)), nodes="chebyshev")
    u0 = mode(grid.coordinates()[0])[None]
    solution = solvers.rollout(physics.Diffusion(0.1), grid, u0, dt=0.1, steps=2, save_every=2)
    assert jnp.max(jnp.abs(solution.values[-1] - np.exp(-0.1 * q**2 * 0.2) * u0)) < 1e-12


class Forced(Evolution):
    """Diffusion or Burgers, forced so that `sin(2 x + t) + 0.3 x cos(t)` solves it."""

    viscosity: float = 0.1
    burgers: bool = eqx.field(static=True, default=True)

    def rhs(self, u):
        def force(x, t):
            value, slope = jnp.sin(2 * x + t) + 0.3 * x * jnp.cos(t), 2 * jnp.cos(2 * x + t) + 0.3 * jnp.cos(t)
            own = jnp.cos(2 * x + t) - 0.3 * x * jnp.sin(t) + 4 * self.viscosity * jnp.sin(2 * x + t)
            return own + value * slope if self.burgers else own

        linear = self.viscosity * u.laplacian() + u.coordinate(0).map(force, u.time, dealiasing="none")
        return linear - u.convection() if self.burgers else linear


def forced_solution(x, t):
    return np.sin(2 * x + t) + 0.3 * x * np.cos(t)


def forced_slope(t, x):
    return 2 * jnp.cos(2 * x + t) + 0.3 * jnp.cos(t)


LOWER = Dirichlet(lambda t: jnp.sin(t))
UPPER = Dirichlet(lambda t: jnp.sin(2 + t) + 0.3 * jnp.cos(t))
FLUX = Neumann(lambda t: -forced_slope(t, 0.0))
MIXED = Robin(1.0, 0.5, lambda t: jnp.sin(2 + t) + 0.3 * jnp.cos(t) + 0.5 * forced_slope(t, 1.0))


def forced_error(grid, steps, **options):
    x = grid.coordinates()[0]
    u0 = forced_solution(x, 0.0)[None]
    solution = solvers.rollout(Forced(**options), grid, u0, dt=1 / steps, steps=steps, save_every=steps)
    return float(jnp.max(jnp.abs(solution.values[-1, 0] - forced_solution(x, 1.0))))


@pytest.mark.parametrize("boundary", [Sides(LOWER, UPPER), Sides(FLUX, MIXED)], ids=["values", "flux-and-mixed"])
def test_data_that_change_in_time(boundary):
    grids = [sciml.Grid((n,), extent=(1.0,), boundary=boundary, nodes="chebyshev") for n in (9, 12, 20)]
    space = [forced_error(grid, 80) for grid in grids]
    assert space[1] < 0.1 * space[0] and space[2] < 1e-7
    # Order reduction: the stages of order 4 give about 3, as the data are not known to the linear flow.
    time = [forced_error(grids[2], steps) for steps in (20, 40)]
    assert 2.7 < np.log2(time[0] / time[1]) < 4.3


def test_data_on_sine_axes_are_of_second_order():
    grids = [sciml.Grid((n,), extent=(1.0,), boundary=Sides(LOWER, UPPER)) for n in (17, 33)]
    errors = [forced_error(grid, 40, burgers=False) for grid in grids]
    assert 1.7 < np.log2(errors[0] / errors[1]) < 2.3


class Manufactured(Evolution):
    """Dirichlet data zero and all space derivatives of even order zero at the ends."""

    def rhs(self, u):
        def force(x, t):
            s, c = jnp.sin(PI * x), jnp.cos(PI * x)
            return (jnp.cos(t) + 0.1 * PI**2 * jnp.sin(t)) * s + PI * jnp.sin(t) ** 2 * s * c

        return 0.1 * u.laplacian() - u.convection() + u.coordinate(0).map(force, u.time, dealiasing="none")


@pytest.mark.parametrize("nodes", ["vertex", "chebyshev"])
def test_order_four_where_the_forcing_satisfies_the_conditions(nodes):
    grid = sciml.Grid((24,), extent=(1.0,), boundary=Dirichlet(), nodes=nodes)
    x = grid.coordinates()[0]
    errors = []
    for steps in (8, 16):
        u0 = np.zeros((1, 24))
        values = solvers.rollout(Manufactured(), grid, u0, dt=1 / steps, steps=steps, save_every=steps).values[-1, 0]
        errors.append(float(jnp.max(jnp.abs(values - np.sin(1.0) * np.sin(PI * x)))))
    assert 3.6 < np.log2(errors[0] / errors[1]) < 4.4


@pytest.mark.parametrize(
    ("nodes", "count", "bound"), [("vertex", 65, 1e-4), ("cell", 64, 1e-4), ("chebyshev", 97, 1e-4)]
)
def test_burgers_between_walls_against_cole_and_hopf(nodes, count, bound):
    equation = physics.Burgers(0.05)
    periodic = sciml.Grid((512,), extent=((-1.0, 1.0),))
    exact = physics.cole_hopf(equation, periodic, -np.sin(PI * periodic.coordinates()[0])[None], 0.5)[0]
    grid = sciml.Grid((count,), extent=((-1.0, 1.0),), boundary=Dirichlet(), nodes=nodes)
    x = grid.coordinates()[0]
    solution = solvers.rollout(equation, grid, -np.sin(PI * x)[None], dt=2.5e-3, steps=200, save_every=200)
    spectrum = np.fft.rfft(exact)[:200] / 512
    k = np.arange(200)
    wanted = 2 * np.real(np.exp(1j * PI * np.outer(x + 1, k)) @ spectrum) - spectrum[0].real
    assert np.max(np.abs(solution.values[-1, 0] - wanted)) < bound


def test_allen_cahn_with_neumann_ends_is_half_of_an_even_periodic_one():
    equation = physics.AllenCahn()
    whole = sciml.Grid((64,), extent=(2.0,))
    half = sciml.Grid((33,), extent=(1.0,), boundary=Neumann())
    shape = lambda x: 0.8 * np.cos(2 * PI * x) + 0.1 * np.cos(PI * x)  # noqa: E731
    run = dict(dt=0.05, steps=40, save_every=40)
    wanted = solvers.rollout(equation, whole, shape(whole.coordinates()[0])[None], **run).values[-1, 0, :33]
    found = solvers.rollout(equation, half, shape(half.coordinates()[0])[None], **run).values[-1, 0]
    assert jnp.max(jnp.abs(found - wanted)) < 1e-7


def test_vorticity_in_a_channel_is_half_of_an_odd_periodic_one():
    equation = physics.NavierStokesVorticity(viscosity=0.02)
    shape = lambda x, y: np.sin(x) * np.sin(y) + np.cos(2 * x) * np.sin(2 * y) + np.sin(3 * y)  # noqa: E731
    run = dict(dt=0.02, steps=20, save_every=20)
    whole = sciml.Grid((24, 48), extent=(2 * PI, 2 * PI))
    half = sciml.Grid((24, 25), extent=(2 * PI, PI), boundary=(Periodic(), Dirichlet()))
    wanted = solvers.rollout(equation, whole, shape(*whole.coordinates())[None], **run).values[-1, 0]
    found = solvers.rollout(equation, half, shape(*half.coordinates())[None], **run).values[-1, 0]
    assert jnp.max(jnp.abs(found - wanted[:, :25])) < 1e-9
    nodes = sciml.Grid((24, 47), extent=(2 * PI, PI), boundary=(Periodic(), Dirichlet()), nodes=("vertex", "chebyshev"))
    third = solvers.rollout(equation, nodes, shape(*nodes.coordinates())[None], **run).values[-1, 0]
    # The middle of the channel is a node of all three.
    assert jnp.max(jnp.abs(third[:, 23] - wanted[:, 12])) < 1e-6


def test_complex_states_and_coupled_blocks():
    grid = sciml.Grid((33,), extent=(1.0,), boundary=Dirichlet())
    x = grid.coordinates()[0]
    psi = (np.sin(PI * x) + 0.3j * np.sin(2 * PI * x))[None]
    whole = sciml.Grid((64,), extent=(2.0,))
    y = whole.coordinates()[0]
    odd = (np.sin(PI * y) + 0.3j * np.sin(2 * PI * y))[None]
    equation, run = physics.NonlinearSchroedinger(), dict(dt=1e-3, steps=50, save_every=50)
    found = solvers.rollout(equation, grid, psi, **run).values[-1, 0]
    assert jnp.max(jnp.abs(found - solvers.rollout(equation, whole, odd, **run).values[-1, 0, :33])) < 1e-9
    string = np.stack([np.sin(PI * x), np.zeros_like(x)])
    wave = solvers.rollout(physics.Wave(1.0), grid, string, dt=0.25, steps=4, save_every=4).values[-1]
    assert jnp.max(jnp.abs(wave + string)) < 1e-12


def test_scalar_carried_and_diffused_in_a_channel_keeps_its_heat():
    class Carried(Evolution):
        def rhs(self, u):
            return 0.05 * u.laplacian() - u.coordinate(1).map(lambda y: 1 - y**2, dealiasing="none") * u.d(0)

    grid = sciml.Grid(
        (16, 18),
        extent=(2.0, (-1.0, 1.0)),
        boundary=(Periodic(), Sides(Neumann(0.5), Neumann(-0.2))),
        nodes=("vertex", "chebyshev"),
    )
    x, y = grid.coordinates()
    u0 = (np.cos(PI * x) * (1 - y**2) ** 2)[None]
    solution = solvers.rollout(Carried(), grid, u0, dt=0.02, steps=50, save_every=50)
    # Mean over the channel: weights of Clenshaw and Curtis by solving for the moments.
    nodes, count = grid.axes[1].coordinates(), 18
    moments = np.array([0.0 if k % 2 else 2 / (1 - k**2) for k in range(count)])
    weights = np.linalg.solve(np.polynomial.chebyshev.chebvander(nodes, count - 1).T, moments)
    heat = [float(np.mean(np.asarray(v[0]), axis=0) @ weights) for v in solution.values]
    assert np.isclose(heat[1] - heat[0], 0.05 * (0.5 - 0.2), atol=1e-9)


def test_gradients_reach_parameters_and_boundary_data():
    def energy(viscosity, value):
        grid = sciml.Grid(
            (14,),
            extent=(1.0,),
            boundary=Sides(Dirichlet(lambda t: value * jnp.cos(t)), Robin(1.0, 1.0)),
            nodes="chebyshev",
        )
        u0 = jnp.cos(0.5 * PI * jnp.asarray(grid.coordinates()[0]))[None]
        solution = solvers.rollout(physics.FisherKPP(viscosity), grid, u0, dt=0.05, steps=4, save_every=4, throw=False)
        return jnp.sum(solution.values[-1] ** 2)

    point = (jnp.asarray(0.2), jnp.asarray(1.1))
    found = jax.grad(energy, argnums=(0, 1))(*point)
    for index in (0, 1):
        moved = [[p + s * 1e-5 if i == index else p for i, p in enumerate(point)] for s in (1, -1)]
        difference = (energy(*moved[0]) - energy(*moved[1])) / 2e-5
        assert np.isclose(difference, found[index], rtol=1e-6)


def test_both_doors_agree_and_single_precision_batches():
    grid = sciml.Grid((12,), extent=(1.0,), boundary=Sides(LOWER, UPPER), nodes="chebyshev")
    x = grid.coordinates()[0]
    u0 = forced_solution(x, 0.0)[None]
    adaptive = solvers.solve(Forced(), grid, u0, ts=[0.0, 0.25, 0.5], rtol=1e-7)
    assert jnp.max(jnp.abs(adaptive.values[1:, 0] - forced_solution(x[None], np.array([[0.25], [0.5]])))) < 1e-6
    term = solvers.EvolutionTerm.build(Forced(), grid, precision="float64")
    controller = diffrax.PIDController(rtol=1e-7, atol=1e-9)
    foreign = diffrax.diffeqsolve(
        term, diffrax.Tsit5(), 0.0, 0.5, 1e-3, term.pack(u0), stepsize_controller=controller, max_steps=100_000
    )
    assert jnp.max(jnp.abs(term.unpack(foreign.ys, 0.5)[-1] - adaptive.values[-1])) < 1e-6
    batch = jnp.asarray(np.stack([u0, 0.9 * u0]), jnp.float32)
    run = jax.vmap(
        lambda u: solvers.rollout(Forced(), grid, u, dt=0.05, steps=10, save_every=10, throw=False).values[-1]
    )
    values = run(batch)
    assert values.dtype == jnp.float32
    assert jnp.max(jnp.abs(values[0] - adaptive.values[-1].astype(jnp.float32))) < 1e-4


def test_a_given_split_takes_the_boundary_data_too():
    class Split(Semilinear):
        def linear(self, u):
            return 0.1 * u.laplacian()

        def nonlinear(self, u):
            return u - u * u

    class Whole(Evolution):
        def rhs(self, u):
            return 0.1 * u.laplacian() + u - u * u

    grid = sciml.Grid((12,), extent=(1.0,), boundary=Sides(LOWER, Neumann(0.4)), nodes="chebyshev")
    u0 = 0.4 * grid.coordinates()[0][None]
    run = dict(dt=1e-3, steps=20, save_every=20)
    one, other = (solvers.rollout(equation, grid, u0, **run).values[-1] for equation in (Split(), Whole()))
    assert jnp.max(jnp.abs(one - other)) < 1e-8
