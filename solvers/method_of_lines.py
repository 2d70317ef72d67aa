"""Finite differences in space for evolution equations: a system of ordinary differential equations for any integrator."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Inexact

from sciml.equation import Evolution
from sciml.fields.face_means import FaceMean
from sciml.fields.stencil import StencilField
from sciml.fields.wall_conditions import Side, WallConditions, unknown_nodes
from sciml.grid import Grid


class StencilRates(eqx.Module):
    """The right-hand side of an evolution equation by finite differences of second order: `rates(t, u, args)`, as diffrax takes it.

    For boundary conditions, coefficients and shocks that a spectral method does not suit. Values on Dirichlet walls follow their
    data in time; what the state holds there does not matter, and `complete` puts them in.

    Example:
        >>> import diffrax, jax.numpy as jnp
        >>> import sciml
        >>> grid = sciml.Grid((33,), extent=(1.0,), boundary=sciml.boundary.Dirichlet())
        >>> rates = sciml.solvers.StencilRates(sciml.physics.Diffusion(0.1), grid)
        >>> u0 = jnp.sin(jnp.pi * jnp.linspace(0, 1, 33))[None]
        >>> term, steps = diffrax.ODETerm(rates), diffrax.PIDController(rtol=1e-5, atol=1e-6)
        >>> end = diffrax.diffeqsolve(term, diffrax.Tsit5(), 0.0, 1.0, 1e-3, u0, stepsize_controller=steps).ys[0]
        >>> bool(abs(rates.complete(1.0, end) - jnp.exp(-0.1 * jnp.pi**2) * u0).max() < 1e-3)
        True

    Attributes:
        equation: any `Evolution` whose terms a stencil can do.
        grid: uniform nodes, any boundaries.
        boundary_data: data of single ends in place of the grid's.
        faces: mean of the coefficient of `diffusion` between two nodes.
    """

    equation: Evolution
    grid: Grid = eqx.field(static=True)
    boundary_data: Mapping[Side, Any] = eqx.field(default_factory=dict)
    faces: FaceMean = eqx.field(static=True, default="harmonic")

    def __call__(
        self, t: Any, u: Inexact[Array, "components *grid"], args: Any = None
    ) -> Inexact[Array, "components *grid"]:
        """Time derivative at the unknowns; zero where the value is given."""
        state = StencilField.state(self.grid, u, t, boundary_data=self.boundary_data, faces=self.faces)
        field: Any = self.equation.rhs_like_state(state)
        rates = field.values
        return jnp.where(unknown_nodes(self.grid)[None], rates, jnp.zeros_like(rates))

    def complete(self, t: Any, u: Inexact[Array, "components *grid"]) -> Inexact[Array, "components *grid"]:
        """A state with the values put in that the walls hold at time `t`; map it over times with `jax.vmap`."""
        return WallConditions(self.grid, self.boundary_data, jnp.asarray(t)).with_given(u)
