"""Equations: the split into linear symbol and rest, its guards, degrees."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml import physics
from sciml.equation import Evolution, Semilinear
from sciml.fields import SpectralField, make_basis, stack
from sciml.solvers.exponential.base import act

LINE = sciml.Grid((16,), extent=(2 * np.pi,))
PLANE = sciml.Grid((10, 9), extent=(2.0, 3.0))
SPACE = sciml.Grid((8, 7, 9), extent=(1.0, 2.0, 3.0))

EVERY = [
    (physics.Advection(0.7), PLANE),
    (physics.Diffusion(0.3), SPACE),
    (physics.Dispersion(), LINE),
    (physics.Burgers(), LINE),
    (physics.Burgers(), PLANE),
    (physics.Burgers(form="conservative"), SPACE),
    (physics.KortewegDeVries(), LINE),
    (physics.KuramotoSivashinsky(form="gradient"), PLANE),
    (physics.KuramotoSivashinsky(), PLANE),
    (physics.AllenCahn(), SPACE),
    (physics.FisherKPP(), LINE),
    (physics.GrayScott(), PLANE),
    (physics.NonlinearSchroedinger(), PLANE),
    (physics.Wave(2.0), PLANE),
    (physics.NavierStokesVorticity(drag=0.1, forcing=physics.KolmogorovForcing(length=3.0)), PLANE),
    (physics.AdvectionDiffusion((0.3, -0.2), ((0.2, 0.1), (0.05, 0.3))), PLANE),
    (physics.Dispersion((0.1, 0.2), form="laplacian"), PLANE),
    (physics.HyperDiffusion(), SPACE),
    (physics.HyperDiffusion(form="per axis"), PLANE),
    (physics.FractionalDiffusion(), PLANE),
    (physics.Burgers(form="scalar"), PLANE),
    (physics.KuramotoSivashinsky(form="gradient", fixed_mean=True), LINE),
    (physics.Kawahara(), LINE),
    (physics.CahnHilliard(), PLANE),
    (physics.SwiftHohenberg(), PLANE),
    (physics.BelousovZhabotinsky(), PLANE),
    (physics.KleinGordon(), LINE),
    (physics.SineGordon(), PLANE),
    (physics.GinzburgLandau(0.9, 1.0, -1.3), PLANE),
    (physics.BetaPlaneVorticity(drag=0.1, forcing=physics.DiagonalForcing()), PLANE),
    (physics.TwoLayerQuasiGeostrophic(depth_ratio=0.5), PLANE),
    (physics.NavierStokesVelocity(drag=0.1, forcing=physics.KolmogorovForcing(mode=1)), PLANE),
    (physics.NavierStokesVelocity(), SPACE),
    (physics.ShallowWater(), LINE),
    (physics.ShallowWater(coriolis=0.7), PLANE),
    (physics.Magnetohydrodynamics(), PLANE),
    (
        physics.GeneralSemilinear(
            (0.1, 0.2, 0.3, 0.4), quadratic=0.5, gradient_norm=0.2, polynomial=(0.3, 0.2, 0.1, -0.4)
        ),
        PLANE,
    ),
    (physics.GeneralSemilinear(vorticity_convection=0.4, gradient_norm=0.2, fixed_mean=True), PLANE),
    (physics.GeneralSemilinear(form="conservative"), SPACE),
]
DEGREES = [1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 2, 3, 3, 1, 2]
DEGREES += [1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 2, 3, 1, 3, 2, 2, 2, 2, 2, 2, 2, 3, 2, 2]


def name(case):
    return f"{type(case[0]).__name__}-{case[1].dimension}d" if isinstance(case, tuple) else str(case)


@pytest.mark.parametrize(("case", "degree"), list(zip(EVERY, DEGREES)), ids=name)
def test_symbol_and_rest_add_up_to_the_right_hand_side(case, degree):
    equation, grid = case
    assert equation.degree(grid) == degree
    basis = make_basis(grid, degree=degree, is_complex=equation.is_complex, precision="float64")
    names = equation.component_names(grid.dimension)
    rng = np.random.default_rng(0)
    values = rng.normal(size=(len(names), *grid.shape)) + (
        1j * rng.normal(size=(len(names), *grid.shape)) if equation.is_complex else 0
    )

    @jax.jit
    def both(values, equation):
        c = basis.encode(values)
        u = SpectralField.state(basis, c, jnp.asarray(0.3))
        symbol = act(jnp.asarray(host), c)
        return equation.rhs(u)._broadcast(u.shape).values, basis.decode(
            symbol + equation.explicit_part(u).total_coefficients()
        )

    host = equation.symbol(basis)
    assert isinstance(host, np.ndarray) and host.dtype in (np.float64, np.complex128)
    whole, parts = both(jnp.asarray(values), equation)
    np.testing.assert_allclose(parts, whole, atol=1e-11 * max(1, np.abs(whole).max()))
    traced = jax.jit(lambda e: e.symbol(basis))(jax.tree.map(jnp.asarray, equation))
    np.testing.assert_allclose(traced, host, rtol=1e-12, atol=1e-14 * np.abs(host).max())


def test_known_symbols():
    basis = make_basis(LINE, degree=2, precision="float64")
    k = np.arange(6)
    np.testing.assert_allclose(physics.KortewegDeVries(6.0, 2.0).symbol(basis)[0], 2j * k**3)
    np.testing.assert_allclose(physics.KuramotoSivashinsky().symbol(basis)[0], k**2 - k**4)
    np.testing.assert_allclose(physics.FisherKPP(0.1, 0.5).symbol(basis)[0], 0.5 - 0.1 * k**2)
    wave = physics.Wave(3.0).symbol(basis)
    assert wave.shape == (2, 2, 6)
    np.testing.assert_allclose(wave[1, 0], -9 * k**2)
    assert physics.GrayScott().symbol(basis).shape == (2, 6), "no component acts on another in its linear part"


class Split(Semilinear):
    """Fisher-KPP with its growth left to the explicit side."""

    linear_term: object
    viscosity: float = 0.1

    def linear(self, u):
        return self.linear_term(self, u)

    def nonlinear(self, u):
        return u * (1 - u)


def test_a_given_split_is_respected():
    basis = make_basis(LINE, degree=2, precision="float64")
    equation = Split(lambda self, u: self.viscosity * u.laplacian())
    np.testing.assert_allclose(equation.symbol(basis)[0], -0.1 * np.arange(6) ** 2)
    u = SpectralField.state(basis, basis.encode(jnp.asarray(np.sin(LINE.coordinates()[0]))[None]))
    np.testing.assert_allclose(equation.explicit_part(u).values, (u - u * u).values, atol=1e-13)


@pytest.mark.parametrize(
    ("term", "message"),
    [
        (lambda self, u: u * u, "multiplies the state by itself"),
        (lambda self, u: u + 1.0, "adds a constant"),
        (lambda self, u: u.coordinate(0) * u, "varies in space"),
        (lambda self, u: u.map(jnp.sin, dealiasing=2), "maps a function"),
        (lambda self, u: u.like(np.ones(16)) * u, "varies in space"),
    ],
)
def test_the_symbol_refuses_what_is_not_linear_with_constant_coefficients(term, message):
    basis = make_basis(LINE, degree=2, precision="float64")
    with pytest.raises(ValueError, match=message):
        Split(term).symbol(basis)


class VariableSpeed(Evolution):
    """Transport with a given speed c(x) and a source: terms that no symbol holds."""

    speed: jax.Array

    def rhs(self, u):
        source = 0.1 * u.time * u.coordinate(0).map(jnp.cos, dealiasing="none")
        return source - u.like(self.speed) * u[0].d(0) + 0.05 * u.laplacian()


def test_given_fields_and_time_enter_the_explicit_part():
    speed = jnp.asarray(1 + 0.3 * np.sin(LINE.coordinates()[0]))
    equation = VariableSpeed(speed)
    basis = make_basis(LINE, degree=equation.degree(LINE), precision="float64")
    np.testing.assert_allclose(equation.symbol(basis)[0], -0.05 * basis.mode_numbers(0) ** 2)
    x = LINE.coordinates()[0]
    u = SpectralField.state(basis, basis.encode(jnp.asarray(np.sin(x))[None]), jnp.asarray(2.0))
    exact = 0.2 * np.cos(x) - np.asarray(speed) * np.cos(x) - 0.05 * np.sin(x)
    np.testing.assert_allclose(equation.rhs(u)._broadcast((1,)).values[0], exact, atol=1e-12)


class Wrong(Evolution):
    """Two rows for a one-component state."""

    def rhs(self, u):
        return stack([u[0], u[0]])


class NoField(Evolution):
    """Gives a number."""

    def rhs(self, u):
        return 1.0


@pytest.mark.parametrize(
    ("equation", "error", "message"),
    [(Wrong(), ValueError, r"component shape \(2,\)"), (NoField(), TypeError, "must be a Field")],
)
def test_a_wrong_right_hand_side_is_named(equation, error, message):
    with pytest.raises(error, match=message):
        equation.degree(LINE)


@pytest.mark.parametrize(
    ("equation", "grid"), [(physics.KortewegDeVries(), PLANE), (physics.NavierStokesVorticity(), LINE)]
)
def test_a_grid_of_the_wrong_dimension_is_named(equation, grid):
    with pytest.raises(ValueError, match=rf"{type(equation).__name__}: an equation in \d dimension"):
        sciml.solvers.rollout(equation, grid, np.zeros((1, *grid.shape)), dt=0.1, steps=1)


class Expression(Evolution):
    """Any right-hand side."""

    form: object

    def rhs(self, u):
        return self.form(u)


def wave(u):
    return u.coordinate(0).map(jnp.cos, dealiasing="none")


@pytest.mark.parametrize(
    "form",
    [
        lambda u: (1 + u.time) * u.laplacian(),
        lambda u: u * (1 - u.sample()),
        lambda u: u * (1 - u * u).project(),
        lambda u: u * (1 + u.map(jnp.exp, dealiasing="none")),
        lambda u: (2 + wave(u)) * u.d(0, 2),
        lambda u: (u + 1) ** 2,
        lambda u: u.diffusion(1 + 0.5 * wave(u)),
        lambda u: ((1 + u.time) * u).d(0) + (1 - u).project() * u,
    ],
)
def test_constants_beside_varying_terms_are_split_alike(form):
    """A constant times the state is linear, in the symbol and in the field, whatever else stands beside the constant."""
    equation = Expression(form)
    basis = make_basis(LINE, degree=3, precision="float64")
    c = basis.encode(jnp.asarray(np.sin(LINE.coordinates()[0]) + 0.3 * np.cos(2 * LINE.coordinates()[0]))[None])
    u = SpectralField.state(basis, c, jnp.asarray(0.7))
    parts = act(jnp.asarray(equation.symbol(basis)), c) + equation.explicit_part(u).total_coefficients()
    np.testing.assert_allclose(parts, equation.spectral_rhs(u).total_coefficients(), atol=1e-11)


class Switched(Evolution):
    """A flag and a function among the fields."""

    cubic: bool = False
    log_rate: float = 0.0

    def rhs(self, u):
        return jnp.exp(self.log_rate) * u.laplacian() - (u**3 if self.cubic else u * u)


def test_the_degree_follows_flags_and_known_parameters_stay_known_inside_jit():
    assert [Switched(flag).degree(LINE) for flag in (False, True, False)] == [2, 3, 2]
    u0 = np.sin(LINE.coordinates()[0])[None]
    equation = Switched(log_rate=jnp.asarray(-1.0))
    run = jax.jit(lambda u: sciml.solvers.rollout(equation, LINE, u, dt=0.01, steps=2).values)
    np.testing.assert_allclose(run(u0), sciml.solvers.rollout(equation, LINE, u0, dt=0.01, steps=2).values, atol=1e-12)


def test_coefficients_per_axis_may_be_tuples():
    u0 = np.random.default_rng(0).normal(size=(1, *PLANE.shape))
    runs = [
        sciml.solvers.rollout(physics.Diffusion(c), PLANE, u0, dt=0.01, steps=1).values
        for c in ((0.1, 0.2), np.array([0.1, 0.2]))
    ]
    np.testing.assert_allclose(*runs, atol=1e-13)
