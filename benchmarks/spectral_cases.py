"""The comparisons of `spectral.py`: one equation on one grid, ours and the peer's."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import exponax
import jax
import jax.numpy as jnp

import sciml
from sciml import physics, solvers

TURN = 2 * math.pi
METHODS = {2: solvers.ETDRK2(), 4: solvers.ETDRK4()}


@dataclass(frozen=True)
class Case:
    """One comparison.

    Attributes:
        label: for the table.
        equation: ours.
        nodes: per axis.
        dimension: number of axes.
        extent: length of each axis.
        dt: step.
        steps: steps of a forward run.
        peer: `(nodes, dt, order)` to the peer's stepper.
        transforms: components transformed to points and back in one evaluation.
        sign: the peer's state is this times ours.
    """

    label: str
    equation: sciml.Evolution
    nodes: int
    dimension: int
    extent: float
    dt: float
    steps: int
    peer: Callable[[int, float, int], Any]
    transforms: tuple[int, int]
    sign: int = 1

    @property
    def grid(self) -> sciml.Grid:
        """Where it is solved."""
        return sciml.Grid((self.nodes,) * self.dimension, extent=(self.extent,) * self.dimension)

    def state(self) -> jax.Array:
        """Band-limited random state of unit size: below the cut-off of both codes."""
        field = sciml.random.RandomFourierSeries(self.grid, modes=3)
        keys = jax.random.split(jax.random.key(0), len(self.equation.component_names(self.dimension)))
        return jnp.concatenate([field.sample(key) for key in keys]).astype(jnp.float32)

    def ours(self, order: int, steps: int) -> Callable[[jax.Array], jax.Array]:
        """Our state after so many steps; `rollout_with` compiles itself."""
        stepper = solvers.Stepper.build(self.equation, self.grid, dt=self.dt, method=METHODS[order])

        def end(u: jax.Array) -> jax.Array:
            return solvers.rollout_with(stepper, u, steps=steps, save_every=steps, include_initial=False).values[-1]

        return end

    def theirs(self, order: int, steps: int) -> Callable[[jax.Array], jax.Array]:
        """The peer's, not yet compiled."""
        return exponax.repeat(self.peer(self.nodes, self.dt, order), steps)


def cases() -> dict[str, Case]:
    """All comparisons by name."""
    peer = exponax.stepper
    table = {
        "burgers1": Case(
            "Burgers 1-D, N=1024", physics.Burgers(0.01), 1024, 1, TURN, 1e-3, 1000,
            lambda n, dt, order: peer.Burgers(1, TURN, n, dt, diffusivity=0.01, order=order), (1, 1),
        ),
        "ks1": Case(
            "Kuramoto-Sivashinsky 1-D, N=1024", physics.KuramotoSivashinsky(), 1024, 1, 100.0, 1e-2, 1000,
            lambda n, dt, order: peer.KuramotoSivashinskyConservative(1, 100.0, n, dt, order=order), (1, 1),
        ),
        "kdv1": Case(
            "Korteweg-de Vries 1-D, N=256", physics.KortewegDeVries(), 256, 1, 20.0, 1e-4, 2000,
            lambda n, dt, order: peer.KortewegDeVries(1, 20.0, n, dt, hyper_diffusivity=0.0, order=order), (1, 1), -1,
        ),
    }  # fmt: skip
    for n, steps in ((128, 200), (256, 50), (512, 10)):
        table[f"ns{n}"] = Case(
            f"Navier-Stokes 2-D, N={n}", physics.NavierStokesVorticity(viscosity=1e-3), n, 2, TURN, 1e-3, steps,
            lambda n, dt, order: peer.NavierStokesVorticity(2, TURN, n, dt, diffusivity=1e-3, order=order), (2, 2), -1,
        )  # fmt: skip
    for n, steps in ((32, 40), (64, 6)):
        table[f"burgers3-{n}"] = Case(
            f"Burgers 3-D, N={n}", physics.Burgers(0.05, form="conservative"), n, 3, TURN, 1e-3, steps,
            lambda n, dt, order: peer.Burgers(3, TURN, n, dt, diffusivity=0.05, order=order, conservative=True), (3, 6),
        )  # fmt: skip
    return table
