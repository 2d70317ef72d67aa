"""Bases of one axis: transforms, derivatives, parity, eigenvalues."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from sciml.boundary import Dirichlet
from sciml.fields.axes import PolynomialAxis, TrigonometricAxis, trigonometric
from sciml.fields.axes.polynomial import lobatto, modes
from sciml.fields.reflection import map_by_parity
from sciml.grid import Axis


@pytest.mark.parametrize("nodes", ["vertex", "cell"])
@pytest.mark.parametrize("parity", range(4))
def test_sines_and_cosines_go_round_by_products_and_by_fast_transforms(nodes, parity, monkeypatch):
    line = TrigonometricAxis(Axis(20, 0.0, 2.0, Dirichlet(), nodes), parity, 15, 24)
    c = jnp.asarray(np.random.default_rng(0).standard_normal((3, 15)))
    found = []
    for longest in (256, 2):
        monkeypatch.setattr(trigonometric, "LONGEST", longest)
        points = line.synthesise(c, 1, 0)
        slope = line.synthesise(c, 1, 1)
        assert jnp.allclose(line.encode(line.decode(c, 1), 1), c, atol=1e-13)
        assert jnp.allclose(line.analyse(points, 1, parity), c, atol=1e-13)
        assert jnp.allclose(line.differentiate(points, 1, 1, parity), slope, atol=1e-11)
        assert jnp.allclose(line.to_nodes(points, 1, parity), line.decode(c, 1), atol=1e-12)
        found.append((points, slope))
    for one, other in zip(*found):
        assert jnp.allclose(one, other, atol=1e-12)


def test_a_square_of_sines_is_projected_on_sines_by_exact_integrals():
    line = TrigonometricAxis(Axis(33, 0.0, 1.0, Dirichlet()), 3, 8, 32)
    x = line.coordinates()
    found = line.analyse(jnp.asarray(np.sin(np.pi * x) ** 2)[None], 1, 0)[0]
    # 2 int sin(pi x)^2 sin(k pi x) dx = -8 / (pi k (k^2 - 4)) for odd k.
    k = np.arange(1, 9)
    exact = np.where(k % 2 == 1, -8 / (np.pi * k * (k**2.0 - 4 + (k == 2))), 0.0)
    assert jnp.allclose(found, exact, atol=1e-14)


@pytest.mark.parametrize(
    ("conditions", "root"),
    [
        (((1.0, 0.0), (1.0, 0.0)), lambda k: (k + 1) * np.pi / 2),
        (((0.0, 1.0), (0.0, 1.0)), lambda k: k * np.pi / 2),
        (((1.0, 0.0), (0.0, 1.0)), lambda k: (k + 0.5) * np.pi / 2),
    ],
)
def test_eigenvalues_of_polynomials(conditions, root):
    values, vectors = modes(63, conditions)
    assert np.allclose(values[:8], -(root(np.arange(8)) ** 2), atol=2e-12)
    assert np.all(np.diff(values) < 0)
    assert np.allclose(vectors.T @ vectors, np.eye(62), atol=1e-13)


def test_robin_eigenvalues_are_the_transcendental_roots():
    from scipy.optimize import brentq

    # u' = u at -1, u' = -2 u at 1: tan(2 q) = 3 q / (q^2 - 2).
    f = lambda q: (q**2 - 2) * np.sin(2 * q) - 3 * q * np.cos(2 * q)  # noqa: E731
    q = np.linspace(0.1, 6, 200)
    roots = [brentq(f, a, b, xtol=1e-14) for a, b in itertools.pairwise(q) if f(a) * f(b) < 0]
    values, _ = modes(40, ((1.0, 1.0), (2.0, 1.0)))
    assert np.allclose(values[: len(roots)], -(np.array(roots) ** 2), atol=1e-11)


def test_a_robin_condition_that_feeds_energy_in_has_a_growing_mode():
    # u' = u at both ends: exp(x) grows at rate one.
    values, _ = modes(31, ((1.0, 1.0), (-1.0, 1.0)))
    assert np.isclose(values[0], 1.0, atol=1e-9)


def test_quadrature_and_weak_derivative_are_exact():
    x, weights = lobatto(12)
    assert np.isclose(weights @ x**20, 2 / 21, atol=1e-14)
    line = PolynomialAxis(Axis(9, 0.0, 1.0, Dirichlet(), "chebyshev"), ((1.0, 0.0), (1.0, 0.0)), 8, 14)
    s = jnp.asarray(line.coordinates())
    # A product of degree 16 is no polynomial of the points, but its projected derivative is that of the exact one.
    weak = line.analyse(line.differentiate(s**16, 0, 1, None), 0, None)
    fine = PolynomialAxis(line.axis, line.conditions, 8, 30)
    t = jnp.asarray(fine.coordinates())
    assert jnp.allclose(weak, fine.analyse(16 * t**15, 0, None), atol=1e-11)


def test_second_derivative_of_the_exponential_on_chebyshev_nodes():
    axis = Axis(24, -1.0, 1.0, Dirichlet(), "chebyshev")
    line = PolynomialAxis(axis, ((1.0, 0.0), (1.0, 0.0)), 23, 24)
    exact = jnp.exp(jnp.asarray(line.coordinates()))
    assert jnp.max(jnp.abs(line.differentiate(exact, 0, 2, None) - exact)) < 1e-11


def test_functions_of_odd_values_are_split_by_parity():
    x = jnp.linspace(0.1, 1.0, 7)
    parts = map_by_parity(jnp.exp, [{3: jnp.sin(x), 0: x**2}], False)
    assert jnp.allclose(parts[0], jnp.exp(x**2) * jnp.cosh(jnp.sin(x)))
    assert jnp.allclose(parts[3], jnp.exp(x**2) * jnp.sinh(jnp.sin(x)))
    both = map_by_parity(lambda a, b: a * b, [{3: x}, {12: x + 1}], False)
    assert jnp.allclose(both[15], x * (x + 1)) and all(jnp.allclose(both[p], 0) for p in (0, 3, 12))
