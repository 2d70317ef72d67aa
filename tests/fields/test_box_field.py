"""The field algebra on boxes: equal to the Fourier field where both apply, exact derivatives, refusals by name."""

import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.boundary import Dirichlet, Neumann, Periodic, Robin, Sides
from sciml.equation import Evolution, Semilinear
from sciml.fields import BoxField, SpectralField, make_basis, make_box_basis, stack
from sciml.fields.arithmetic import multiply
from sciml.solvers import Stepper


def state_of(grid, values, degree=2, **options):
    basis = make_box_basis(grid, degree=degree, precision="float64", **options)
    values = jnp.asarray(values)
    return BoxField.of_state(basis, basis.encode(values), jnp.asarray(0.0))


@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize("dealiasing", ["truncation", "padding"])
def test_periodic_boxes_agree_with_the_fourier_field(is_complex, dealiasing):
    grid = sciml.Grid((16, 12), extent=(2.0, 3.0))
    rng = np.random.default_rng(1)
    values = rng.standard_normal((2, 16, 12)) + (1j * rng.standard_normal((2, 16, 12)) if is_complex else 0.0)
    options = dict(degree=2, dealiasing=dealiasing, is_complex=is_complex, precision="float64")
    fourier = make_basis(grid, **options)
    one = SpectralField.state(fourier, fourier.encode(jnp.asarray(values)), jnp.asarray(0.3))
    box = make_box_basis(grid, **options)
    other = BoxField.of_state(box, box.encode(jnp.asarray(values)), jnp.asarray(0.3))

    def expression(u):
        v, w = u
        x = u.coordinate(0).map(lambda x: jnp.cos(np.pi * x), dealiasing="none")
        rows = [v * w.d(0) - 0.3 * v.laplacian() + 2.0, (v * v).d(1, 2) + x * u.time + w.conj() + w.inverse_laplacian()]
        return stack(rows) + u.like(values)

    first, second = expression(one), expression(other)
    assert jnp.allclose(fourier.decode(first.total_coefficients()), box.decode(second.total_coefficients()), atol=1e-10)
    assert first.peak == second.peak


def test_derivatives_on_mixed_axes_are_exact():
    grid = sciml.Grid(
        (12, 17, 20),
        extent=(2 * np.pi, 1.0, 2.0),
        boundary=(Periodic(), Neumann(), Sides(Dirichlet(1.0), Robin(1.0, 0.5))),
        nodes=("vertex", "cell", "chebyshev"),
    )
    x, y, z = grid.coordinates()
    # (2 - z)^2 meets neither end: the lift does not matter to derivatives of what is resolved.
    profile = (1 - z / 2) ** 3
    u = state_of(grid, (np.sin(x) * np.cos(np.pi * y) * z * profile + profile)[None], degree=1)
    assert jnp.allclose(u.values, jnp.asarray(np.sin(x) * np.cos(np.pi * y) * z * profile + profile)[None], atol=1e-13)
    dy = -np.pi * np.sin(x) * np.sin(np.pi * y) * z * profile
    assert jnp.allclose(u.d(1).values[0], dy, atol=1e-11)
    dz = -1.5 * (1 - z / 2) ** 2
    exact = np.sin(x) * np.cos(np.pi * y) * (profile + z * dz) + dz
    assert jnp.allclose(u.d(2).values[0], exact, atol=1e-11)
    mixed = -np.pi * np.cos(x) * np.sin(np.pi * y) * z * profile
    assert jnp.allclose(u.d(0).d(1).values[0], mixed, atol=1e-11)


def test_second_derivative_of_the_exponential():
    grid = sciml.Grid(
        (24,),
        extent=((-1.0, 1.0),),
        boundary=Sides(Dirichlet(np.exp(-1.0)), Robin(1.0, 1.0, 2 * np.e)),
        nodes="chebyshev",
    )
    x = grid.coordinates()[0]
    u = state_of(grid, np.exp(x)[None], degree=1)
    assert jnp.max(jnp.abs(u.laplacian().values[0] - np.exp(x))) < 1.5e-11
    assert jnp.max(jnp.abs(u.d(0).d(0).values[0] - np.exp(x))) < 1.5e-11


def test_products_follow_their_parity_on_sine_axes():
    grid = sciml.Grid((33,), extent=(1.0,), boundary=Dirichlet())
    x = grid.coordinates()[0]
    u = state_of(grid, np.sin(2 * np.pi * x)[None], degree=3)
    half = 0.5 * (u * u).d(0)
    assert jnp.allclose(half.values[0], np.pi * np.sin(4 * np.pi * x), atol=1e-11)
    cube = (u * u * u).d(0)
    assert jnp.allclose(cube.values[0], 6 * np.pi * np.sin(2 * np.pi * x) ** 2 * np.cos(2 * np.pi * x), atol=1e-10)
    # A function that is neither odd nor even.
    mixed = u.map(lambda v: v + v * v, dealiasing=2).d(0)
    exact = 2 * np.pi * np.cos(2 * np.pi * x) * (1 + 2 * np.sin(2 * np.pi * x))
    assert jnp.allclose(mixed.values[0], exact, atol=1e-10)


def test_what_has_no_parity_cannot_be_differentiated_there():
    grid = sciml.Grid((17,), extent=(1.0,), boundary=Dirichlet())
    u = state_of(grid, np.sin(np.pi * grid.coordinates()[0])[None])
    with pytest.raises(ValueError, match="chebyshev"):
        u.coordinate(0).d(0)
    lifted = sciml.Grid((17,), extent=(1.0,), boundary=Dirichlet(1.0))
    with pytest.raises(ValueError, match="chebyshev"):
        state_of(lifted, np.ones((1, 17))).convection()
    # A smooth coefficient is taken to be even, so this is odd.
    a = u.coordinate(0).map(lambda x: 1 + 0.5 * jnp.cos(2 * np.pi * x), dealiasing="none")
    x = grid.coordinates()[0]
    exact = -(np.pi**2) * (
        np.sin(2 * np.pi * x) * np.cos(np.pi * x) + (1 + 0.5 * np.cos(2 * np.pi * x)) * np.sin(np.pi * x)
    )
    assert jnp.allclose(u.diffusion(a).values[0], exact, atol=1e-10)


def test_first_derivatives_along_walls_are_left_to_the_stages():
    class Drift(Evolution):
        def rhs(self, u):
            return 0.1 * u.laplacian() - u.d(0) + 0.5 * u.grad().div() - u.d(1)

    class Wrong(Semilinear):
        def linear(self, u):
            return u.laplacian() - u.d(0)

        def nonlinear(self, u):
            return -u * u

    grid = sciml.Grid((12, 9), extent=(2.0, 1.0), boundary=(Dirichlet(), Periodic()), nodes=("chebyshev", "vertex"))
    basis = make_box_basis(grid, degree=1, precision="float64")
    symbol = Drift().symbol(basis)
    expected = 0.6 * basis.laplacian_symbol() - basis.derivative_symbol(1, 1)
    assert np.allclose(symbol, expected[None])
    with pytest.raises(ValueError, match="odd order along a bounded axis"):
        Stepper.build(Wrong(), grid, dt=0.1, precision="float64")


def test_the_linear_part_and_the_rest_add_up():
    grid = sciml.Grid(
        (14, 12), extent=(1.0, 2.0), boundary=(Neumann(), Sides(Dirichlet(1.0), Neumann(0.5))), nodes="chebyshev"
    )
    x, y = grid.coordinates()
    values = (1 + 0.3 * np.cos(np.pi * x) * np.sin(0.25 * np.pi * y) + 0.5 * y)[None]

    class Mixed(Evolution):
        def rhs(self, u):
            return 0.2 * u.laplacian() + u.d(0) - u * (1.0 - u) + u.d(1, 2) - 0.1 * u.inverse_laplacian()

    u = state_of(grid, values)
    whole = Mixed().rhs(u).total_coefficients()
    rest = Mixed().explicit_part(u).total_coefficients()
    linear = jnp.asarray(Mixed().symbol(u.basis)) * u.state
    assert jnp.allclose(whole, rest + linear, atol=1e-9)


def test_refusals_name_what_and_why():
    walls = sciml.Grid((8, 8), extent=(1.0, 1.0), boundary=(Periodic(), Dirichlet()))
    u = state_of(walls, np.zeros((2, 8, 8)))
    with pytest.raises(NotImplementedError, match="leray"):
        u.leray()
    with pytest.raises(NotImplementedError, match="apply"):
        u.apply(jnp.exp, dealiasing="none")
    with pytest.raises(ValueError, match="Robin"):
        make_box_basis(sciml.Grid((8,), extent=(1.0,), boundary=Robin(1.0, 1.0)), degree=1)
    with pytest.raises(ValueError, match="degree=3"):
        u * u * u * u
    with pytest.raises(TypeError, match="complex"):
        1j * u


def test_functions_of_the_laplacian():
    grid = sciml.Grid((24, 8), extent=(1.0, 2.0), boundary=(Dirichlet(), Periodic()), nodes=("chebyshev", "vertex"))
    x, y = grid.coordinates()
    mode = np.sin(np.pi * x) * np.cos(np.pi * y)
    u = state_of(grid, mode[None])
    eigenvalue = 2 * np.pi**2
    assert jnp.allclose(u.fractional_laplacian(1.5).values[0], eigenvalue**0.75 * mode, atol=1e-10)
    assert jnp.allclose(u.inverse_helmholtz(3.0).values[0], -mode / (eigenvalue + 3), atol=1e-13)
    squared = (u * u).inverse_helmholtz(3.0)
    assert jnp.allclose(
        (squared.laplacian() - 3.0 * squared).total_coefficients(), (u * u).total_coefficients(), atol=1e-3
    )
    assert jnp.allclose(u.inverse_laplacian().values[0], -mode / eigenvalue, atol=1e-13)

    class Nonlocal(Evolution):
        order: float = 1.5

        def rhs(self, u):
            return -u.fractional_laplacian(self.order) + 0.5 * u.inverse_helmholtz(3.0) - u * u

    symbol = Nonlocal().symbol(u.basis)
    laplacian = u.basis.laplacian_symbol()
    assert isinstance(symbol, np.ndarray)
    assert np.allclose(symbol[0], -((-laplacian) ** 0.75) + 0.5 / (laplacian - 3))
    rest = Nonlocal().explicit_part(u).total_coefficients()
    assert jnp.allclose(
        Nonlocal().rhs(u).total_coefficients(), rest + multiply(jnp.asarray(symbol), u.state), atol=1e-10
    )
