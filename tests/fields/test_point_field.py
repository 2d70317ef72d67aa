"""The algebra on functions: one definition of an equation, simulated and evaluated pointwise."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml import physics
from sciml.fields.dense import dense_derivatives
from sciml.fields.derivatives import derivative_table
from sciml.fields.point import evaluate, recorded, residual
from sciml.fields.series import FourierSeries

CIRCLE = 2 * np.pi


def line(n, length):
    return sciml.Grid((n,), extent=(length,))


PLANE = sciml.Grid((32, 32), extent=(CIRCLE, CIRCLE))
X, Y = PLANE.coordinates()


def hump(grid):
    """Smooth and periodic: the tail of a soliton would leave a kink where the box closes."""
    return np.exp(3 * (np.cos(CIRCLE * grid.coordinates()[0] / grid.lengths[0]) - 1))[None]


def proof_cases():
    """name -> (equation, grid, u0, dt, steps, bound of the residual relative to u_t)."""
    a, b, c = line(128, CIRCLE), line(64, 20.0), line(64, 22.0)
    return {
        "burgers": (physics.Burgers(0.1), a, np.sin(a.coordinates()[0])[None], 2e-3, 200, 2e-8),
        "kdv": (physics.KortewegDeVries(), b, hump(b), 2e-3, 60, 2e-7),
        "ks": (physics.KuramotoSivashinsky(), c, np.cos(CIRCLE * c.coordinates()[0] / 22)[None], 5e-3, 200, 2e-7),
        "ks gradient": (
            physics.KuramotoSivashinsky(form="gradient"),
            c,
            np.cos(CIRCLE * c.coordinates()[0] / 22)[None],
            5e-3,
            200,
            2e-8,
        ),
        "allen-cahn": (physics.AllenCahn(0.05), a, np.sin(a.coordinates()[0])[None], 5e-3, 200, 2e-8),
        "schroedinger": (
            physics.NonlinearSchroedinger(),
            a,
            np.exp(1j * np.sin(a.coordinates()[0]))[None],
            2e-3,
            40,
            2e-8,
        ),
        "vorticity": (
            physics.NavierStokesVorticity(
                viscosity=0.02, drag=0.1, forcing=physics.KolmogorovForcing(mode=2, length=CIRCLE)
            ),
            PLANE,
            (np.cos(X) * np.sin(2 * Y) + np.cos(X + Y))[None],
            2e-3,
            40,
            2e-9,
        ),
    }


@pytest.mark.parametrize("name", proof_cases())
def test_residual_of_the_spectral_solution_is_at_the_level_of_the_time_step(name):
    """The proof of the algebra: the same object drives the solver and the pointwise residual of its solution."""
    equation, grid, u0, dt, steps, bound = proof_cases()[name]
    nonlocal_terms = name == "vorticity"
    solution = sciml.solvers.rollout(equation, grid, u0, dt=dt, steps=steps, save_every=4, dealiasing="padding")
    series = FourierSeries.interpolate(
        grid, solution.values[-9:], solution.times[-9:], inverse_laplacian=nonlocal_terms
    )
    rng = np.random.default_rng(0)
    where = np.concatenate(
        [rng.uniform(0, 1, (20, grid.dimension)) * grid.lengths, np.full((20, 1), float(solution.times[-5]))], axis=1
    )

    @jax.jit
    def both(points):
        rate = evaluate(
            lambda u: u.dt,
            series,
            points,
            components=1,
            is_complex=equation.is_complex,
            inverse_laplacian=nonlocal_terms,
        )
        return residual(equation, series, points, inverse_laplacian=nonlocal_terms), rate

    left, rate = both(jnp.asarray(where))
    assert np.abs(left).max() < bound * np.abs(rate).max(), np.abs(left).max() / np.abs(rate).max()
    wrong = sciml.solvers.rollout(equation, grid, 1.01 * u0, dt=dt, steps=4).values[-1]  # the bound can fail
    assert np.abs(wrong - solution.values[1]).max() > 1e-4


def test_residual_falls_with_the_time_step_at_fourth_order():
    grid = line(64, 20.0)
    sizes = []
    for dt in (1e-2, 5e-3):
        solution = sciml.solvers.rollout(
            physics.KortewegDeVries(), grid, hump(grid), dt=dt, steps=16, dealiasing="padding"
        )
        series = FourierSeries.interpolate(grid, solution.values[4:13], solution.times[4:13])
        points = np.stack([np.linspace(0, 20, 30), np.full(30, float(solution.times[8]))], axis=1)
        sizes.append(np.abs(residual(physics.KortewegDeVries(), series, jnp.asarray(points))).max())
    assert 14 < sizes[0] / sizes[1] < 40, sizes


# --- derivatives ----------------------------------------------------------------------------------------------------------------


def smooth(x):
    return jnp.stack([jnp.sin(x[0] * x[1]) + x[2] ** 3, jnp.exp(0.3 * x[0] - x[1]) * jnp.cos(x[2])])


def nested(function, alpha):
    for axis, order in enumerate(alpha):
        for _ in range(order):
            function = (lambda f, a: lambda x: jax.jvp(f, (x,), (jnp.zeros_like(x).at[a].set(1.0),))[1])(function, axis)
    return function


NEEDED = [(0, 0, 0), (1, 0, 0), (0, 0, 1), (3, 0, 0), (2, 1, 0), (1, 1, 1), (0, 2, 0)]


@pytest.fixture(scope="module")
def points():
    return jnp.asarray(np.random.default_rng(0).normal(size=(5, 3)))


def test_table_holds_each_derivative(points):
    table = derivative_table(smooth, points, NEEDED)
    assert set(table) == set(NEEDED)
    for alpha in NEEDED:
        np.testing.assert_allclose(table[alpha], jax.vmap(nested(smooth, alpha))(points).T, atol=1e-12)


@pytest.mark.parametrize("activation", [jnp.tanh, jax.nn.gelu], ids=["tanh", "gelu"])
def test_dense_networks_in_one_pass_equal_nested_differentiation(activation, points):
    rng = np.random.default_rng(1)
    sizes = [(8, 3), (8, 8), (2, 8)]
    weights = [jnp.asarray(rng.normal(size=s)) / 2 for s in sizes]
    biases = [jnp.asarray(rng.normal(size=s[0])) for s in sizes]

    def network(x):
        for i, (w, b) in enumerate(zip(weights, biases)):
            x = w @ (activation(x) if i else x) + b
        return x

    needed = [*NEEDED, (4, 0, 0)]
    bundle = jax.jit(lambda p: dense_derivatives(weights, biases, activation, p, needed))(points)
    table = jax.jit(lambda p: derivative_table(network, p, needed))(points)
    for alpha in needed:
        np.testing.assert_allclose(bundle[alpha], table[alpha], atol=1e-11)


def test_expressions_follow_leibniz_and_the_chain_rule(points):
    def expression(u):
        a, b = u
        return (a * b).d(0, 2) + a.map(jnp.sin).laplacian() + a.map(lambda p, q: p * jnp.exp(q), b).d(1) + u.time * b.dt

    value = evaluate(expression, smooth, points, components=2)

    def by_hand(x):
        a, b = (lambda y: smooth(y)[0]), (lambda y: smooth(y)[1])
        d = lambda f, alpha: nested(f, alpha)(x)  # noqa: E731
        return (
            d(lambda y: a(y) * b(y), (2, 0, 0))
            + d(lambda y: jnp.sin(a(y)), (2, 0, 0))
            + d(lambda y: jnp.sin(a(y)), (0, 2, 0))
            + d(lambda y: a(y) * jnp.exp(b(y)), (0, 1, 0))
            + x[2] * d(b, (0, 0, 1))
        )

    np.testing.assert_allclose(value, jax.vmap(by_hand)(points), atol=1e-12)


def test_only_what_the_residual_reads_is_computed(points):
    from sciml.fields.point import PointField

    seen = recorded(
        physics.KuramotoSivashinsky().residual,
        lambda at: PointField(at, (1,), points[:, :2], False),
        (1, 5),
        jnp.float64,
    )
    assert seen == {(0, 0), (0, 1), (1, 0), (2, 0), (4, 0)}


def test_the_gradient_of_a_dense_residual_has_few_matrix_products():
    """A frozen count: one product per layer forward, two backward, whatever the order of the equation."""
    mlp = sciml.models.MLP(2, 1, width=8, depth=3, key=jax.random.key(0))

    def loss(model, points):
        return jnp.mean(residual(physics.KuramotoSivashinsky(), model, points) ** 2)

    text = jax.jit(jax.grad(loss)).lower(mlp, jnp.zeros((4, 2))).compile().as_text()
    assert text.count(" dot(") + text.count("custom-call(") <= 14


def test_refusals(points):
    with pytest.raises(NotImplementedError, match="inverse_laplacian=True"):
        residual(physics.NavierStokesVorticity(), lambda x: smooth(x)[:1], points)
    with pytest.raises(ValueError, match="must give 2 component"):
        residual(physics.Wave(), lambda x: smooth(x)[:1], points)
    with pytest.raises(TypeError, match="is_complex"):
        evaluate(lambda u: 1j * u, smooth, points, components=2)
