"""One definition, two discretisations: the rate of an equation at the nodes, from modes and from derivatives of a function."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml import physics
from sciml.fields import SpectralField, make_basis
from sciml.fields.point import evaluate

LINE = sciml.Grid((12,), extent=(3.0,))
PLANE = sciml.Grid((8, 10), extent=(3.0, 2.0))
GENERAL = physics.GeneralSemilinear((0.1, 0.2, 0.3), quadratic=0.5, gradient_norm=0.2, polynomial=(0.3, 0.2, 0.1, -0.4))

LOCAL = [
    (physics.AdvectionDiffusion(0.3, ((0.2, 0.1), (0.0, 0.3))), PLANE),
    (physics.Kawahara(), LINE),
    (physics.CahnHilliard(0.3, 0.1), LINE),
    (physics.SwiftHohenberg(), LINE),
    (physics.BelousovZhabotinsky(0.1, 0.2, 0.3), LINE),
    (physics.KleinGordon(), LINE),
    (physics.GinzburgLandau(0.9, 0.4, -0.3), LINE),
    (physics.ShallowWater(), LINE),
    (physics.ShallowWater(coriolis=0.7), PLANE),
    (physics.BetaPlaneVorticity(), PLANE),
    (physics.Magnetohydrodynamics(), PLANE),
    (GENERAL, LINE),
    (physics.GeneralSemilinear(form="conservative"), PLANE),
]
NONLOCAL = (physics.BetaPlaneVorticity, physics.Magnetohydrodynamics)


@pytest.mark.parametrize(
    ("equation", "grid"), LOCAL, ids=[f"{type(equation).__name__}-{grid.dimension}d" for equation, grid in LOCAL]
)
def test_the_rate_from_derivatives_is_the_rate_from_modes(equation, grid):
    dimension = grid.dimension
    components = len(equation.component_names(dimension))
    rng = np.random.default_rng(0)
    amplitude = rng.normal(size=(components, 2))
    if equation.is_complex:
        amplitude = amplitude + 1j * rng.normal(size=(components, 2))
    waves = 2 * np.pi * np.array([[1, 0], [1, 1]])[:, :dimension] / np.array(grid.lengths)
    phase = rng.uniform(0, 6, size=(components, 2))

    def function(x):
        wave = jnp.cos((waves @ x[:dimension])[None] + phase)
        return jnp.sum(amplitude * wave.astype(amplitude.dtype), axis=1)

    nonlocal_terms = isinstance(equation, NONLOCAL)
    nodes = np.stack([axis.ravel() for axis in grid.coordinates()] + [np.zeros(grid.size)], axis=1)
    points = jnp.asarray(nodes)
    from_points = evaluate(
        equation.rhs,
        function,
        points,
        components=components,
        is_complex=equation.is_complex,
        inverse_laplacian=nonlocal_terms,
    )
    # Padding keeps both waves and resolves their products, which the rate is then projected from.
    basis = make_basis(
        grid, degree=equation.degree(grid), dealiasing="padding", is_complex=equation.is_complex, precision="float64"
    )
    values = jax.vmap(function)(points).T.reshape(components, *grid.shape)

    @jax.jit
    def rate(values):
        u = SpectralField.state(basis, basis.encode(values))
        if nonlocal_terms:
            u = SpectralField.state(basis, u.laplacian().total_coefficients())
        return equation.rhs(u).values

    from_modes = np.asarray(rate(values)).reshape(components, -1)
    np.testing.assert_allclose(from_points, from_modes, atol=1e-10 * np.abs(from_modes).max())


@pytest.mark.slow
def test_gradients_by_the_parameters_of_a_coupled_equation():
    """Through the inversion of the potential vorticity and the matrix exponentials of both layers."""
    grid = sciml.Grid((12, 12), extent=(8.0, 8.0))
    u0 = jnp.asarray(np.random.default_rng(0).normal(size=(2, 12, 12)))

    @jax.jit
    def energy(leaves):
        equation = physics.TwoLayerQuasiGeostrophic(
            beta=leaves[0], deformation_wavenumber=leaves[1], depth_ratio=leaves[2]
        )
        return jnp.sum(sciml.solvers.rollout(equation, grid, u0, dt=0.05, steps=4).values[-1] ** 2)

    at, step = jnp.array([0.3, 1.1, 0.7]), 1e-5
    slopes = jax.jit(jax.grad(energy))(at)
    for index in range(3):
        shift = jnp.zeros(3).at[index].set(step)
        numeric = (energy(at + shift) - energy(at - shift)) / (2 * step)
        np.testing.assert_allclose(slopes[index], numeric, rtol=1e-6)
