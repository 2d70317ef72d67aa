"""Stiff systems: the published end states, by our own solver."""

import diffrax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.physics.stiff import HIRES, Brusselator, Oregonator, Pollution, Robertson, VanDerPol
from sciml.solvers import Rodas5P

# Leading components at the usual end: W. Lioen, J. de Swart, Test Set for Initial Value Problem Solvers; Robertson's by SciPy's Radau
# at a relative tolerance of 1e-11.
PUBLISHED = [
    (Robertson(), [1.78659211e-2, 7.27475147e-8, 9.82134006e-1]),
    (HIRES(), [7.371312573325668e-4, 1.442485726316185e-4, 5.888729740967575e-5, 1.175651343283149e-3]),
    (VanDerPol(), [1.706167732170483, -0.8928097010247975]),
    (Oregonator(), [1.000814870318523, 1228.178521549917, 132.0554942846706]),
    (Pollution(), [5.646255480022769e-2, 0.1342484130422339, 4.139734331099427e-9, 5.523140207484359e-3]),
]


@pytest.mark.parametrize(("system", "expected"), PUBLISHED, ids=lambda value: type(value).__name__)
def test_end_states(system, expected):
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(system), Rodas5P(), 0.0, system.end, 1e-6, jnp.asarray(system.initial),
        stepsize_controller=diffrax.PIDController(rtol=1e-7, atol=1e-12),
    )  # fmt: skip
    np.testing.assert_allclose(solution.ys[0, : len(expected)], expected, rtol=2e-6)


def test_conserved_sums():
    for system, weights in [(Robertson(), [1, 1, 1]), (HIRES(), [0, 0, 0, 0, 0, 0, 1, 1])]:
        rate = system(0.0, jnp.asarray(system.initial + 0.1))
        assert abs(float(jnp.dot(jnp.asarray(weights, float), rate))) < 1e-9 * float(jnp.abs(rate).max())


def test_brusselator_has_its_fixed_point():
    system = Brusselator(nodes=7)
    rest = jnp.tile(jnp.array([1.0, 3.0]), 7)
    np.testing.assert_allclose(system(0.0, rest), 0, atol=1e-12)
