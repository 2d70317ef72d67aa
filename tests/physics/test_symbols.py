"""Dispersion relations: the symbol of every equation beside the formula from its theory."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml import physics
from sciml.fields import make_basis

LINE = sciml.Grid((13,), extent=(5.0,))
PLANE = sciml.Grid((10, 9), extent=(2.0, 3.0))


def symbol_and_waves(equation, grid):
    basis = make_basis(grid, degree=1, is_complex=equation.is_complex, precision="float64")
    waves = np.broadcast_arrays(*(basis.wavenumbers(axis) for axis in range(grid.dimension)))
    return np.asarray(equation.symbol(basis)), waves


D = ((0.2, 0.1), (0.05, 0.3))
SINGLE = [
    (physics.Advection((0.7, -0.3)), PLANE, lambda x, y: -1j * (0.7 * x - 0.3 * y)),
    (physics.Diffusion(D), PLANE, lambda x, y: -(0.2 * x**2 + 0.15 * x * y + 0.3 * y**2)),
    (physics.Diffusion((0.2, 0.4)), PLANE, lambda x, y: -(0.2 * x**2 + 0.4 * y**2)),
    (
        physics.AdvectionDiffusion(0.7, np.array(D)),
        PLANE,
        lambda x, y: -0.7j * (x + y) - (0.2 * x**2 + 0.15 * x * y + 0.3 * y**2),
    ),
    (physics.Dispersion((0.3, -0.2)), PLANE, lambda x, y: -1j * (0.3 * x**3 - 0.2 * y**3)),
    (
        physics.Dispersion((0.3, -0.2), form="laplacian"),
        PLANE,
        lambda x, y: -1j * (0.3 * x - 0.2 * y) * (x**2 + y**2),
    ),
    (physics.HyperDiffusion(0.1), PLANE, lambda x, y: -0.1 * (x**2 + y**2) ** 2),
    (physics.HyperDiffusion(0.1, form="per axis"), PLANE, lambda x, y: -0.1 * (x**4 + y**4)),
    (physics.FractionalDiffusion(0.3, 1.3), PLANE, lambda x, y: -0.3 * (x**2 + y**2) ** 0.65),
    (
        physics.KortewegDeVries(6.0, 0.5, 0.1, 0.02),
        LINE,
        lambda x: 0.5j * x**3 - 0.1 * x**2 - 0.02 * x**4,
    ),
    (physics.Kawahara(1.0, 0.5, 0.2), LINE, lambda x: 1j * (0.5 * x**3 + 0.2 * x**5)),
    (physics.KuramotoSivashinsky(1.0, 0.5, 0.2), LINE, lambda x: 0.5 * x**2 - 0.2 * x**4),
    (physics.AllenCahn(0.1, 2.0, 3.0), LINE, lambda x: 2.0 - 0.1 * x**2),
    (
        physics.CahnHilliard(0.3, 0.1, 2.0, 3.0),
        PLANE,
        lambda x, y: 0.3 * (2.0 - 0.1 * (x**2 + y**2)) * (x**2 + y**2),
    ),
    (physics.SwiftHohenberg(0.7, 1.5), PLANE, lambda x, y: 0.7 - (1.5 - x**2 - y**2) ** 2),
    (physics.GinzburgLandau(0.9, 0.4, 0.1), LINE, lambda x: 0.9 - (1 + 0.4j) * x**2),
    (physics.NonlinearSchroedinger(0.7), LINE, lambda x: -0.7j * x**2),
    (physics.NavierStokesVelocity(0.1, 0.2), PLANE, lambda x, y: -0.2 - 0.1 * (x**2 + y**2)),
    (
        physics.BetaPlaneVorticity(2.0, 0.1, 0.02, 0.3),
        PLANE,
        lambda x, y: (
            2.0j * x / np.where(x**2 + y**2 == 0, 1, x**2 + y**2)
            - 0.1 * (x**2 + y**2)
            - 0.02 * (x**2 + y**2) ** 2
            - 0.3
        ),
    ),
]


@pytest.mark.parametrize(("equation", "grid", "expected"), SINGLE, ids=lambda v: type(v).__name__)
def test_symbol(equation, grid, expected):
    symbol, waves = symbol_and_waves(equation, grid)
    np.testing.assert_allclose(symbol, np.broadcast_to(expected(*waves), symbol.shape), rtol=1e-12, atol=1e-12)


def frequencies(equation, grid):
    """Imaginary parts of the eigenvalues of the coupled symbol, sorted, last axis; real parts must vanish."""
    symbol, waves = symbol_and_waves(equation, grid)
    found = np.linalg.eigvals(np.moveaxis(symbol, (0, 1), (-2, -1)))
    assert np.abs(found.real).max() < 1e-7, "double roots split by the square root of round-off"
    return np.sort(found.imag, axis=-1), sum(k**2 for k in waves)


@pytest.mark.parametrize("equation", [physics.KleinGordon(1.3, 0.7), physics.SineGordon(1.3, 0.7)])
def test_massive_waves(equation):
    found, square = frequencies(equation, PLANE)
    frequency = np.sqrt(1.3**2 * square + 0.7**2)
    np.testing.assert_allclose(found, np.stack([-frequency, frequency], -1), atol=1e-12)


def test_shallow_water_has_a_balanced_mode_and_two_gravity_waves():
    found, square = frequencies(physics.ShallowWater(9.8, 0.5, 1.3, 0.0), PLANE)
    frequency = np.sqrt(1.3**2 + 9.8 * 0.5 * square)
    np.testing.assert_allclose(found, np.stack([-frequency, 0 * frequency, frequency], -1), atol=1e-12)
    alone, square = frequencies(physics.ShallowWater(9.8, 0.5, 1.3, 0.0), LINE)
    frequency = np.sqrt(9.8 * 0.5 * square)
    np.testing.assert_allclose(alone, np.stack([-frequency, frequency], -1), atol=1e-7)


def test_two_layer_waves_are_those_of_the_potential_vorticity_matrix():
    equation = physics.TwoLayerQuasiGeostrophic(
        0.3, 0.8, -0.4, 1.2, 0.5, viscosity=0.01, hyperviscosity=0.002, drag=0.1
    )
    symbol, (x, y) = symbol_and_waves(equation, PLANE)
    first = 1.2**2 / 1.5
    second = 0.5 * first
    for index in np.ndindex(*x.shape):
        square = x[index] ** 2 + y[index] ** 2
        if square == 0:
            continue
        vorticity = np.array([[square + first, -first], [-second, square + second]])  # q = matrix psi
        gradient = np.diag([0.3 + first * 1.2, 0.3 - second * 1.2])
        inverse = np.linalg.inv(vorticity)
        expected = 1j * x[index] * (gradient @ inverse - np.diag([0.8, -0.4]))
        expected -= (0.01 * square + 0.002 * square**2) * np.eye(2)
        expected -= 0.1 * square * np.diag([0, 1]) @ inverse
        np.testing.assert_allclose(symbol[(slice(None), slice(None), *index)], expected, rtol=1e-11, atol=1e-12)


def growth(shear):
    equation = physics.TwoLayerQuasiGeostrophic(0.1, shear / 2, -shear / 2, 1.0, hyperviscosity=0.0, drag=0.0)
    symbol, (x, y) = symbol_and_waves(equation, sciml.Grid((64, 8), extent=(80.0, 80.0)))
    rates = np.linalg.eigvals(np.moveaxis(symbol, (0, 1), (-2, -1))).real.max(-1)
    return rates, np.hypot(x, y)


def test_two_layer_shear_is_unstable_beyond_the_threshold_and_for_long_waves_only():
    """Phillips: growth needs a shear of more than 2 beta / K^2 = 0.2, and |k| < K; without beta the rate is elementary."""
    stable, _ = growth(0.19)
    unstable, waves = growth(0.4)
    assert stable.max() < 1e-6 and unstable.max() > 0.01
    assert waves[unstable > 1e-6].max() < 1.0
    symbol, (x, _) = symbol_and_waves(
        physics.TwoLayerQuasiGeostrophic(0.0, 0.5, -0.5, 1.0, hyperviscosity=0.0, drag=0.0),
        sciml.Grid((256, 3), extent=(600.0, 1.0)),
    )
    rates = np.linalg.eigvals(np.moveaxis(symbol, (0, 1), (-2, -1))).real.max(-1)
    theory = 0.5 * x * np.sqrt(np.clip((1 - x**2) / (1 + x**2), 0, None))
    here = np.s_[:, 0]
    np.testing.assert_allclose(rates[here], np.abs(theory[here]), atol=1e-7)


def test_the_reaction_of_belousov_and_zhabotinsky_is_linearised_at_rest():
    symbol, (x, y) = symbol_and_waves(physics.BelousovZhabotinsky(0.1, 0.2, 0.3), PLANE)
    reaction = np.array([[1, 1, 0], [0, -1, 1], [1, 0, -1]])[:, :, None, None]
    diffusion = np.diag([0.1, 0.2, 0.3])[:, :, None, None] * (x**2 + y**2)
    np.testing.assert_allclose(symbol, reaction - diffusion, atol=1e-12)


# --- operators that are not differential ------------------------------------------------------------------------------------------


def test_the_order_of_fractional_diffusion_is_learned_like_any_other_parameter():
    basis = make_basis(PLANE, degree=1, precision="float64")
    weights = np.random.default_rng(0).normal(size=basis.storage)

    def misfit(order):
        return jnp.sum(weights * physics.FractionalDiffusion(0.3, order).symbol(basis)[0])

    slope = jax.grad(misfit)(1.3)
    square = -basis.laplacian_symbol()
    logarithm = np.log(np.where(square == 0, 1, square))
    exact = np.sum(weights * -0.3 * 0.5 * logarithm * np.where(square == 0, 0, square) ** 0.65)
    np.testing.assert_allclose(slope, exact, rtol=1e-12)


def test_points_refuse_what_is_not_local():
    points = jnp.zeros((2, 2))
    with pytest.raises(NotImplementedError, match="PointField cannot do `fractional_laplacian`"):
        sciml.residual(physics.FractionalDiffusion(), lambda x: x[:1], points)
    with pytest.raises(NotImplementedError, match=r"PointField cannot do `inverse_(laplacian|helmholtz)`"):
        sciml.residual(physics.TwoLayerQuasiGeostrophic(), lambda x: x[:2], jnp.zeros((2, 3)), inverse_laplacian=True)


# --- coefficients and forces are checked ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("equation", "named"),
    [
        (physics.Diffusion((0.1, 0.2, 0.3)), r"`diffusivity` .* 2 of them, or a \(2, 2\) matrix; got shape \(3,\)"),
        (physics.Advection(np.ones((2, 2))), r"`velocity` .* got shape \(2, 2\)"),
        (physics.Dispersion((1.0,)), r"`dispersion` .* got shape \(1,\)"),
    ],
)
def test_a_coefficient_of_the_wrong_shape_is_named(equation, named):
    with pytest.raises(ValueError, match=named):
        symbol_and_waves(equation, PLANE)


def test_a_force_takes_its_wavenumber_from_the_box_or_says_that_it_does_not_fit():
    forced = physics.NavierStokesVorticity(forcing=physics.KolmogorovForcing(mode=2, length=1.3))
    with pytest.raises(ValueError, match=r"KolmogorovForcing: `length` 1.3 does not fit the periodic box of length 3"):
        forced.degree(PLANE)
    physics.NavierStokesVorticity(forcing=physics.KolmogorovForcing(mode=1, length=1.5)).degree(PLANE)
    with pytest.raises(ValueError, match="DiagonalForcing: `length` 2 does not fit"):
        physics.NavierStokesVorticity(forcing=physics.DiagonalForcing(length=2.0)).degree(PLANE)
    with pytest.raises(ValueError, match="a PointField knows no periodic box"):
        sciml.residual(
            physics.NavierStokesVorticity(forcing=physics.KolmogorovForcing()),
            lambda x: x[:1],
            jnp.zeros((2, 3)),
            inverse_laplacian=True,
        )


def test_difficulties_need_equal_axes():
    with pytest.raises(ValueError, match="equal axes"):
        physics.GeneralSemilinear().difficulties(PLANE, dt=0.1)
