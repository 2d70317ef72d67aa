"""Finite differences of the field algebra: equal to finite volumes, order two, structure, refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.boundary import Dirichlet, Neumann, Periodic, Robin, Sides
from sciml.fields import StencilField, stack
from sciml.fields.stencil_structure import Coupling
from sciml.fields.wall_conditions import cell_shares, unknown_nodes
from sciml.solvers.multigrid import finite_volumes

KINDS = {
    "periodic": Periodic(),
    "dirichlet": Dirichlet(0.7),
    "neumann": Neumann(0.3),
    "robin": Robin(2.0, 1.5, 0.4),
    "dirichlet/neumann": Sides(Dirichlet(0.2), Neumann(-0.4)),
    "robin/function": Sides(Robin(1.0, 1.0, 2.0), Dirichlet(lambda t, y: 1 + y)),
}


@pytest.mark.parametrize("nodes", ["vertex", "cell"])
@pytest.mark.parametrize("kind", KINDS)
def test_diffusion_equals_finite_volumes(kind, nodes):
    rng = np.random.default_rng(0)
    faces = ("harmonic", "arithmetic", "geometric")[len(kind) % 3]
    grid = sciml.Grid((7, 6), extent=(1.3, 0.8), boundary=[KINDS[kind], Dirichlet(lambda t, x: x * x)], nodes=nodes)
    coefficient, values = np.exp(rng.standard_normal(grid.shape)), jnp.asarray(rng.standard_normal(grid.shape))
    volumes = finite_volumes(grid, coefficient, faces=faces)
    state = StencilField.state(grid, values[None], faces=faces)
    free = unknown_nodes(grid)
    ours = -state.diffusion(state.like(coefficient)).values[0] * cell_shares(grid, jnp.float64)
    theirs = volumes.operator.mv(jnp.where(free, values, 0.0)) - volumes.load(jnp.zeros(grid.shape))
    # Measured: 3e-16.
    np.testing.assert_allclose(jnp.where(free, ours, 0.0), theirs, atol=2e-15 * float(jnp.abs(theirs).max()))


def test_a_diagonal_tensor_and_boundary_data_of_single_ends_equal_finite_volumes():
    rng = np.random.default_rng(1)
    grid = sciml.Grid((5, 6), extent=(1.0, 1.0), boundary=[Neumann(), Dirichlet()])
    tensor, values = np.exp(rng.standard_normal((2, *grid.shape))), jnp.asarray(rng.standard_normal(grid.shape))
    data = {(0, "upper"): jnp.asarray(rng.standard_normal(6)), (1, "lower"): jnp.asarray(2.0)}
    volumes = finite_volumes(grid, tensor, boundary_data=data)
    state = StencilField.state(grid, values[None], boundary_data=data)
    free = unknown_nodes(grid)
    ours = -state.diffusion(state.like(tensor)).values[0] * cell_shares(grid, jnp.float64)
    theirs = volumes.operator.mv(jnp.where(free, values, 0.0)) - volumes.load(jnp.zeros(grid.shape))
    np.testing.assert_allclose(jnp.where(free, ours, 0.0), theirs, atol=2e-15 * float(jnp.abs(theirs).max()))


EXPRESSIONS = {
    "first derivative": lambda u: u[0].d(0),
    "second derivative": lambda u: u[0].d(1, 2),
    "mixed derivative": lambda u: u[0].d(0).d(1),
    "conservative product": lambda u: (u[0] * u[0]).d(0),
    "derivative of a mapped field": lambda u: u[0].map(jnp.exp).d(1),
    "laplacian of a derived field": lambda u: u[0].map(jnp.exp).laplacian(),
    "nonlinear diffusion": lambda u: u[0].diffusion(1 + u[0] * u[0]),
    "coordinates": lambda u: (u.coordinate(0) * u[0]).d(0) + u.coordinate(1) * u[0],
}


FLUX_FORMS = ("second derivative", "nonlinear diffusion")


def expected(name, x, y):
    """The same expressions by automatic differentiation of the exact state."""
    u = exact
    rules = {
        "first derivative": jax.grad(u, 0),
        "second derivative": jax.grad(jax.grad(u, 1), 1),
        "mixed derivative": jax.grad(jax.grad(u, 0), 1),
        "conservative product": jax.grad(lambda x, y: u(x, y) ** 2, 0),
        "derivative of a mapped field": jax.grad(lambda x, y: jnp.exp(u(x, y)), 1),
        "laplacian of a derived field": laplacian(lambda x, y: jnp.exp(u(x, y))),
        "nonlinear diffusion": laplacian(lambda x, y: u(x, y) + u(x, y) ** 3 / 3),
        "coordinates": lambda x, y: jax.grad(lambda x, y: x * u(x, y), 0)(x, y) + y * u(x, y),
    }
    return jnp.vectorize(rules[name])(x, y)


def exact(x, y):
    return jnp.sin(1.3 * x + 0.4) * jnp.cos(0.9 * y - 0.2)


def laplacian(f):
    return lambda x, y: jax.grad(jax.grad(f, 0), 0)(x, y) + jax.grad(jax.grad(f, 1), 1)(x, y)


def walls():
    """Conditions that the exact state fulfils on the unit square."""
    left = Dirichlet(lambda t, y: exact(0.0, y))
    right = Neumann(lambda t, y: jnp.vectorize(jax.grad(exact, 0))(jnp.ones_like(y), y))
    below = Robin(1.0, 2.0, lambda t, x: exact(x, 0.0) - 2 * jnp.vectorize(jax.grad(exact, 1))(x, jnp.zeros_like(x)))
    return [Sides(left, right), Sides(below, Dirichlet(lambda t, x: exact(x, 1.0)))]


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_every_expression_is_of_second_order(name):
    errors = []
    for count in (17, 33):
        grid = sciml.Grid((count, count), extent=(1.0, 1.0), boundary=walls())
        x, y = grid.coordinates()
        state = StencilField.state(grid, exact(x, y)[None])
        error = np.abs(EXPRESSIONS[name](state).values - expected(name, x, y))
        # On Neumann and Robin walls a flux form of the state is off by order one, which leaves solutions of order two.
        errors.append((error[1:-1, 1:-1] if name in FLUX_FORMS else error).max())
    assert np.log2(errors[0] / errors[1]) > 1.8, errors


def test_structure_is_known_without_values():
    grid = sciml.Grid((5, 5), extent=(1.0, 1.0), boundary=Neumann())
    u = StencilField.state(grid, jnp.zeros((1, 5, 5)))
    a = u.like(np.ones((5, 5)))

    def of(field):
        return field.structure.degree, field.structure.coupling, field.structure.level

    assert of(2.0 * u.laplacian() - 3.0) == (1, Coupling.SYMMETRIC, False)
    assert of(u.diffusion(a) + a * u) == (1, Coupling.SYMMETRIC, True)
    assert of(a * u.laplacian()) == (1, Coupling.STAR, False)
    assert of(u.laplacian() + u.d(0)) == (1, Coupling.STAR, False)
    assert of(u.d(0).d(1)) == (1, Coupling.GENERAL, False)
    assert of((a * u).d(0)) == (1, Coupling.STAR, True)
    assert of(u * u.d(0)) == (2, Coupling.STAR, True)
    assert of(u.diffusion(1 + u * u)) == (3, Coupling.STAR, True)
    assert of(u.laplacian() + u.map(jnp.exp)) == (1000, Coupling.SYMMETRIC, True)
    assert of(u.coordinate(0).map(jnp.sin) + u.like(np.ones((5, 5))).d(1)) == (0, Coupling.NONE, False)
    assert u.apply(lambda v: v[:, ::-1]).structure.coupling is Coupling.GENERAL


def test_sums_multiples_and_products_keep_the_boundary_conditions():
    grid = sciml.Grid((9,), extent=(1.0,), boundary=Neumann(0.5), nodes="cell")
    u = StencilField.state(grid, jnp.asarray(np.random.default_rng(0).standard_normal((2, 9))))
    v, w = u
    np.testing.assert_allclose(
        (2 * v - w + 1).laplacian().values, (2 * v.laplacian() - w.laplacian()).values, atol=1e-11
    )
    ghost = 0.5 / 9
    lower = (v.values[0] + ghost) * (w.values[0] + ghost)
    expected = (v.values[1] * w.values[1] - lower) / (2 / 9)
    np.testing.assert_allclose((v * w).d(0).values[0], expected, rtol=1e-12)
    np.testing.assert_allclose(stack([w, v])[1].laplacian().values, v.laplacian().values)


def test_single_precision_stays_single_under_strict_promotion():
    grid = sciml.Grid((6, 5), extent=(1.0, 1.0), boundary=[Periodic(), Robin(1.0, 0.5, 0.1)])
    u = StencilField.state(grid, jnp.ones((1, 6, 5), jnp.float32), t=0.5)
    terms = (
        np.float64(2.0) * u.laplacian()
        + u * u.coordinate(1)
        + u.time
        + u.map(lambda v: v / 3)
        + u.like(np.ones((6, 5)))
    )
    assert terms.values.dtype == jnp.float32
    assert (u / 2 - 1).values.dtype == jnp.float32


def test_what_a_stencil_cannot_do_is_refused_by_name():
    grid = sciml.Grid((6,), extent=(1.0,), boundary=Dirichlet())
    u = StencilField.state(grid, jnp.zeros((1, 6)))
    for call, message in (
        (lambda: u.d(0, 3), r"d\(axis, 3\)"),
        (lambda: u.biharmonic(), "two equations of second order"),
        (lambda: u.inverse_laplacian(), "inverse_laplacian"),
        (lambda: u.dt, "equation gives"),
        (lambda: u.leray(), "leray"),
    ):
        with pytest.raises(NotImplementedError, match=message):
            call()
    with pytest.raises(ValueError, match="no time was given"):
        u.time  # noqa: B018
    with pytest.raises(ValueError, match=r"like: needs values of shape"):
        u.like(np.ones(5))
    with pytest.raises(ValueError, match=r"must have shape \(components"):
        StencilField.state(grid, jnp.zeros((6,)))
    with pytest.raises(ValueError, match="Chebyshev"):
        StencilField.state(sciml.Grid((6,), extent=(1.0,), boundary=Dirichlet(), nodes="chebyshev"), jnp.zeros((1, 6)))
    with pytest.raises(ValueError, match="which this grid has not"):
        StencilField.state(grid, jnp.zeros((1, 6)), boundary_data={(1, "lower"): 0.0})
    with pytest.raises(TypeError, match="complex number meets a real field"):
        1j * u
