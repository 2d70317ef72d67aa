"""Initial states by name."""

import jax
import numpy as np
import pytest

import sciml
from sciml import physics
from sciml.commands.errors import UsageError
from sciml.commands.initial import InitialOptions, is_random, sampler

PLANE, LINE = sciml.Grid((16, 16), extent=(1.0, 1.0)), sciml.Grid((32,), extent=(1.0,))


@pytest.mark.parametrize("name", ["fourier", "grf", "blobs", "pieces", "boxes", "noise", "sines", "shear"])
def test_every_family_makes_states_of_the_equation(name):
    options = InitialOptions(name)
    assert is_random(options)
    for equation in (physics.NavierStokesVorticity(), physics.NavierStokesVelocity()):
        state = sampler(options, equation, PLANE, np.float32)(jax.random.key(0))
        assert state.shape == (len(equation.component_names(2)), 16, 16) and state.dtype == np.float32
        assert np.isfinite(state).all() and np.abs(state).max() > 0


def test_flows_are_refused_off_the_plane():
    with pytest.raises(UsageError, match="flow in the plane"):
        sampler(InitialOptions("shear"), physics.Burgers(), LINE, np.float32)
