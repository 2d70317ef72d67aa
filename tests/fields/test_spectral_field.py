"""The algebra on Fourier series: exactness, dealiasing, dtypes, refusals, and the number of transforms that are paid."""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.fields import SpectralField, make_basis, stack

GRID = sciml.Grid((24, 20), extent=(2 * np.pi, (-1.0, 1.0)))
X, Y = GRID.coordinates()
KX, KY = 1.0, np.pi


def scalar_state(values, *, degree=2, precision="float64", grid=GRID, **options):
    basis = make_basis(grid, degree=degree, precision=precision, is_complex=np.iscomplexobj(values), **options)
    dtype = basis.dtype
    return SpectralField.state(basis, basis.encode(jnp.asarray(values, dtype)))


U = np.sin(2 * X) * np.cos(KY * Y) + 0.5
V = np.cos(X + KY * Y)


@pytest.fixture(scope="module")
def fields():
    state = scalar_state(np.stack([U, V]), degree=3)
    return state


def test_derivatives_and_composites_are_exact(fields):
    u, v = fields
    expected = {
        "dx": (u.d(0), 2 * np.cos(2 * X) * np.cos(KY * Y)),
        "dyy": (u.d(1, 2), -(KY**2) * np.sin(2 * X) * np.cos(KY * Y)),
        "dxxx": (v.d(0, 3), np.sin(X + KY * Y)),
        "laplacian": (u.laplacian(), -(4 + KY**2) * (U - 0.5)),
        "biharmonic": (u.biharmonic(), (4 + KY**2) ** 2 * (U - 0.5)),
        "inverse": (u.laplacian().inverse_laplacian(), U - 0.5),
        "product": (u * v + 2.0 * v - 1.0, U * V + 2 * V - 1),
        "cube": ((u * u * v), U * U * V),
        "chain": ((u * v).d(0), 2 * np.cos(2 * X) * np.cos(KY * Y) * V - U * np.sin(X + KY * Y)),
        "quotient": (v / 4, V / 4),
        "from the right": (1 - v, 1 - V),
        "power": (v**2, V**2),
    }
    for name, (field, values) in expected.items():
        np.testing.assert_allclose(field.values, values, atol=1e-11, err_msg=name)


def test_vector_calculus(fields):
    u, v = fields
    np.testing.assert_allclose(u.grad().div().values, u.laplacian().values, atol=1e-11)
    np.testing.assert_allclose(u.curl().div().values, 0, atol=1e-12)
    np.testing.assert_allclose(u.curl().curl().values, -u.laplacian().values, atol=1e-11)
    solenoidal = stack([u, v]).leray()
    np.testing.assert_allclose(solenoidal.div().values, 0, atol=1e-11)
    assert u.grad().shape == (2,) and fields.grad().shape == (2, 2)
    np.testing.assert_allclose(fields.grad()[1].values[0], v.d(0).values, atol=1e-13)


def test_convection_forms_agree_with_their_definitions(fields):
    u, v = fields
    definition = stack([u * u.d(0) + v * u.d(1), u * v.d(0) + v * v.d(1)])
    np.testing.assert_allclose(fields.convection("advective").values, definition.values, atol=1e-11)
    divergence = u.d(0) + v.d(1)
    conservative = 0.5 * definition + 0.5 * stack([u * divergence, v * divergence])
    np.testing.assert_allclose(fields.convection("conservative").values, conservative.values, atol=1e-11)


def test_vorticity_convection_equals_its_advective_form_and_conserves():
    state = scalar_state(np.random.default_rng(0).normal(size=(1, *GRID.shape)))
    psi = state.stream_function()
    advective = psi.d(1) * state.d(0) - psi.d(0) * state.d(1)
    rate = state.vorticity_convection()
    np.testing.assert_allclose(rate.values, advective.values, atol=1e-11 * np.abs(advective.values).max())
    enstrophy_rate = np.sum(state.values * rate.values) / np.sum(np.abs(state.values * rate.values))
    energy_rate = np.sum(psi.values * rate.values) / np.sum(np.abs(psi.values * rate.values))
    assert abs(enstrophy_rate) < 1e-12 and abs(energy_rate) < 1e-12


@pytest.mark.parametrize("shape", [(24,), (25,), (24, 21), (12, 13, 14)])
@pytest.mark.parametrize("dealiasing", ["truncation", "padding"])
@pytest.mark.parametrize("degree", [2, 3])
def test_products_are_free_of_aliasing(shape, dealiasing, degree):
    """The product on the basis equals the exact product of the retained series, computed on a grid four times as fine."""
    if len(shape) == 3 and (degree, dealiasing) == (3, "padding"):
        pytest.skip("the same code as in two dimensions, at ten times the cost")
    grid = sciml.Grid(shape, extent=(1.0,) * len(shape))
    state = scalar_state(np.random.default_rng(1).normal(size=shape), degree=degree, dealiasing=dealiasing, grid=grid)
    fine_grid = grid.with_shape([4 * n for n in shape])
    fine = make_basis(fine_grid, degree=None, precision="float64")
    values = sciml.fields.resample(state.values, fine_grid.shape)
    product = fine.decode(fine.encode(values**degree))
    coarse = sciml.fields.resample(product, shape)
    exact = SpectralField.state(state.basis, state.basis.encode(coarse)).values
    np.testing.assert_allclose((state**degree).values, exact, atol=1e-10)


@pytest.mark.parametrize("shape", [(24,), (16, 18)])
def test_filter_damps_the_highest_modes_of_products_alone(shape):
    """The source's factor on each axis; the state and its derivatives keep every mode."""
    grid = sciml.Grid(shape, extent=(2.0,) * len(shape))
    values = jnp.asarray(np.random.default_rng(0).normal(size=shape))
    plain, damped = (scalar_state(values, degree=2, dealiasing=way, grid=grid) for way in ("none", "filter"))
    basis = damped.basis
    share = [np.abs(basis.mode_numbers(axis)) / basis.modes[axis] for axis in range(len(shape))]
    factor = functools.reduce(np.multiply.outer, [np.exp(-36 * s**36.0) for s in share])
    product = np.asarray((plain * plain).total_coefficients()) * factor
    np.testing.assert_allclose((damped * damped).total_coefficients(), product, atol=1e-11)
    np.testing.assert_allclose(damped.d(0).values, plain.d(0).values, atol=1e-12)


def test_a_product_beyond_the_basis_raises_and_names_the_basis_needed():
    u = scalar_state(U, degree=2)
    with pytest.raises(ValueError, match="degree=3"):
        _ = u * u * u
    _ = (u * u).project() * u  # projected in between: degree 2 again
    with pytest.raises(ValueError, match="dealiasing"):
        u.map(jnp.sin)
    np.testing.assert_allclose(
        u.map(jnp.exp, dealiasing="none").values, u.basis.decode(u.basis.encode(jnp.exp(u.values))), atol=1e-12
    )


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_every_operand_keeps_the_dtype_under_strict_promotion(precision):
    other = "float64" if precision == "float32" else "float32"
    u = scalar_state(U, precision=precision)
    operands = [
        2,
        2.0,
        np.float32(2),
        np.float64(2),
        np.asarray(2.0),
        jnp.asarray(2.0, precision),
        jnp.asarray(2.0, other),
    ]
    for operand in operands:
        for field in (u * operand, operand * u, u + operand, operand - u, u / operand):
            assert field.values.dtype == precision, type(operand)
        np.testing.assert_allclose((u * operand + operand).values, 2 * u.values + 2, rtol=1e-5)
    assert (u + u.coordinate(0)).values.dtype == precision
    assert (u * u.like(V)).values.dtype == precision
    assert jax.jit(lambda a: (u * a + a).values)(jnp.asarray(2.0, other)).dtype == precision


def test_complex_fields():
    psi = scalar_state(np.exp(1j * X) * (1 + 0.3 * np.cos(KY * Y)), degree=3)
    np.testing.assert_allclose((1j * psi.d(0)).values, -psi.values, atol=1e-12)
    density = psi * psi.conj()
    np.testing.assert_allclose(density.values, np.abs(psi.values) ** 2, atol=1e-12)
    with pytest.raises(TypeError, match="complex number meets a real field"):
        _ = 1j * scalar_state(U)


def test_refusals_say_what_to_do():
    u = scalar_state(U)
    for call, error, message in [
        (lambda: u * V, ValueError, "u.like"),
        (lambda: u / u, TypeError, "map"),
        (lambda: u**0.5, TypeError, "positive integer"),
        (lambda: u.d(2), ValueError, "`axis`"),
        (lambda: u.dt, NotImplementedError, "equation.rhs"),
        (lambda: u.time, ValueError, "no time"),
        (lambda: u.like(V[:3]), ValueError, "needs values of shape"),
        (lambda: u.div(), ValueError, "last component axis"),
        (lambda: u[0], IndexError, "no components"),
    ]:
        with pytest.raises(error, match=re.escape(message)):
            call()
    with pytest.raises(TypeError):
        np.sin(u)


def count_transforms(equation, shape, extent=2 * np.pi):
    """(inverse, forward) component transforms in the compiled program of one nonlinear evaluation."""
    grid = sciml.Grid(shape, extent=(extent,) * len(shape))
    stepper = sciml.solvers.Stepper.build(equation, grid, dt=1e-3, precision="float32")
    count = len(equation.component_names(grid.dimension))
    c = jnp.zeros((count, *stepper.basis.storage), jnp.complex64)
    text = jax.jit(lambda c, t: stepper.rate(c, t)).lower(c, jnp.zeros((), jnp.float32)).compile().as_text()

    def total(kind):
        dims = re.findall(rf"= \w+\[([\d,]+)\][^=]* fft\([^\n]*fft_type={kind}\b", text)
        return sum(int(np.prod([int(n) for n in d.split(",")[: -grid.dimension]] or [1])) for d in dims)

    # One complex transform carries two real fields; in one dimension the even and odd points of one.
    fields = 1 if grid.dimension == 1 else 2
    return total("IRFFT") + fields * total("IFFT"), total("RFFT") + fields * total("FFT"), len(text)


@pytest.mark.parametrize(
    ("equation", "shape", "expected"),
    [
        (sciml.physics.Burgers(), (256,), (1, 1)),
        (sciml.physics.Burgers(), (18, 16), (3, 3)),
        (sciml.physics.Burgers(form="conservative"), (18, 16), (2, 3)),
        (sciml.physics.Burgers(), (12, 12, 12), (6, 4)),
        (sciml.physics.Burgers(form="conservative"), (12, 12, 12), (3, 6)),
        (sciml.physics.NavierStokesVorticity(), (18, 16), (2, 2)),
        (sciml.physics.GrayScott(), (16, 16), (2, 1)),
        (sciml.physics.AllenCahn(), (16, 16), (1, 1)),
        (sciml.physics.KuramotoSivashinsky(form="gradient"), (18, 16), (2, 1)),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, tuple) else str(value),
)
def test_number_of_transforms_is_the_least(equation, shape, expected):
    inverse, forward, _ = count_transforms(equation, shape)
    assert (inverse, forward) == expected


def test_program_does_not_hold_tables_of_wavenumbers():
    _, _, size = count_transforms(sciml.physics.Burgers(form="conservative"), (64, 64, 64))
    assert size < 60_000
