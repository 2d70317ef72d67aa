"""The simulations of the experiment `nlse`; all of it runs with 64-bit JAX."""

import dataclasses
import math
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Complex128, Float64, PRNGKeyArray

import sciml
from sciml import solvers
from sciml.fields.resampling import resample
from sciml.physics import NonlinearSchroedinger
from sciml.physics import nonlinear_schroedinger_exact as exact
from sciml.physics import nonlinear_schroedinger_invariants as conserved

LENGTH, NODES, TIME, FRAMES = 50.0, 512, 20.0, 100
"""Box, nodes, end and saved states of the four published cases."""
ODD_NODES = 525
"""Of the runs by splitting: with an odd count no mode is dropped; a product of small primes."""
FASTEST = 8
"""Periods of the fastest growing wave in the box of the plane wave."""

Scheme = Literal["splitting", "padded"]


@dataclasses.dataclass(frozen=True)
class Trajectory:
    """States `(frames, 1, n)` at `times` on `grid`."""

    grid: sciml.Grid
    times: Float64[np.ndarray, "frames"]
    values: Complex128[np.ndarray, "frames 1 n"]

    def drifts(self) -> dict[str, float]:
        """Largest relative change of mass (M), momentum (P) and energy (H)."""
        return {name: _drift(series) for name, series in self.invariants().items()}

    def invariants(self, factor: int = 1) -> dict[str, np.ndarray]:
        """Series of the three, with spectral derivatives and sums over `factor` times the nodes."""
        grid = self.grid.with_shape((factor * self.grid.shape[0],))

        def each(psi: jax.Array) -> dict[str, jax.Array]:
            psi = psi if factor == 1 else resample(psi, grid.shape)
            return {
                "M": conserved.mass(psi, grid), "P": conserved.momentum(psi, grid), "H": conserved.energy(psi, grid),
            }  # fmt: skip

        found = jax.jit(jax.vmap(each))(jnp.asarray(self.values))
        return {name: np.asarray(series) for name, series in found.items()}

    def drifts_on_finer_nodes(self) -> dict[str, float]:
        """As `drifts`, with integrals of the trigonometric series itself: twice the nodes hold its fourth power."""
        return {name: _drift(series) for name, series in self.invariants(2).items()}

    def monitored_drift(self) -> float:
        """Drift of the energy by one-sided and central differences that end at the borders, the published monitor."""
        spacing = self.grid.lengths[0] / self.grid.shape[0]
        psi = self.values[:, 0]
        density = 0.5 * np.abs(np.gradient(psi, spacing, axis=1)) ** 2 - 0.5 * np.abs(psi) ** 4
        return _drift(spacing * density.sum(axis=1))


def _drift(series: np.ndarray) -> float:
    return float(np.abs(series - series[0]).max() / abs(series[0]))


def canonical_states() -> dict[str, Complex128[np.ndarray, "1 n"]]:
    """The four published initial states; the noise is that of NumPy's legacy generator with seed 42."""
    x = box().coordinates()[0]
    generator = np.random.RandomState(42)  # the recipe's own numbers: no other generator gives them
    real, imaginary = generator.randn(NODES), generator.randn(NODES)
    states = {
        "single": exact.soliton(x, 0.0, amplitude=2.0, velocity=1.0, position=-10.0),
        "two": exact.two_solitons(x),
        "breather": math.sqrt(2) / np.cosh(x) * np.exp(0.5j * x) * (1 + 0.5 * np.cos(x)),
        "noisy": np.exp(-(x**2) / 50) + 0.01 * (real + 1j * imaginary),
    }
    return {name: np.asarray(psi, np.complex128)[None] for name, psi in states.items()}


def box(nodes: int = NODES) -> sciml.Grid:
    """The published box."""
    return sciml.Grid((nodes,), extent=((-LENGTH / 2, LENGTH / 2),))


def run_case(state: Complex128[np.ndarray, "1 n"], scheme: Scheme, steps: int) -> Trajectory:
    """One of the four cases to t = 20, by one of two schemes.

    "splitting": Yoshida's, on an odd number of nodes, no mode dropped, products at the nodes. "padded": IFRK4 on the published nodes,
    the cubic term computed on a grid fine enough to alias nothing.
    """
    if scheme == "padded":
        return simulate(box(), state, TIME, steps, FRAMES, solvers.IFRK4(), "padding")
    state = np.asarray(resample(jnp.asarray(state), (ODD_NODES,)))
    return simulate(box(ODD_NODES), state, TIME, steps, FRAMES, solvers.Yoshida4(), "none")


def simulate(
    grid: sciml.Grid,
    state: Complex128[np.ndarray, "1 n"],
    time: float,
    steps: int,
    frames: int,
    method: solvers.Method | None = None,
    dealiasing: Literal["none", "padding"] = "none",
    start: float = 0.0,
) -> Trajectory:
    """Solve from `start` for `time`; by Yoshida's splitting unless told."""
    solution = solvers.rollout(
        NonlinearSchroedinger(),
        grid,
        state,
        dt=time / steps,
        steps=steps,
        save_every=steps // frames,
        method=solvers.Yoshida4() if method is None else method,
        dealiasing=dealiasing,
        t0=start,
    )
    return Trajectory(grid, np.asarray(solution.times), np.asarray(solution.values))


def measured_shifts(steps: int = 4800) -> tuple[tuple[float, float], tuple[float, float]]:
    """Displacements of two solitons by one collision, measured as centres of mass, and the theory's."""
    amplitudes, velocities, time = (2.0, 1.5), (2.0, -2.0), 12.0
    grid = sciml.Grid((1024,), extent=((-40.0, 40.0),))
    x = grid.coordinates()[0]
    state = exact.two_solitons(x, amplitudes=amplitudes, velocities=velocities, positions=(-12.0, 12.0))
    end = simulate(grid, np.asarray(state)[None], time, steps, 1).values[-1, 0]
    found = []
    for side, free in ((x > 0, -12.0 + 2 * time), (x < 0, 12.0 - 2 * time)):
        density = np.abs(end[side]) ** 2
        found.append(float((x[side] * density).sum() / density.sum() - free))
    return (found[0], found[1]), exact.collision_shifts(amplitudes, velocities)


def true_breather(steps: int = 4800) -> tuple[Trajectory, float]:
    """Akhmediev's breather (a = 1/4, four periods) from t = -6 through its peak to 6; largest error up to there."""
    grid = sciml.Grid((256,), extent=(4 * exact.akhmediev_period(0.25),))
    x = grid.coordinates()[0]
    start = np.asarray(exact.akhmediev(x, -6.0, parameter=0.25))[None]
    found = simulate(grid, start, 12.0, steps, 240, start=-6.0)
    truth = np.asarray(exact.akhmediev(x[None], found.times[:, None], parameter=0.25))
    upward = found.times <= 1e-9
    return found, float(np.abs(found.values[upward, 0] - truth[upward]).max())


@dataclasses.dataclass(frozen=True)
class Growth:
    """Growth of small waves on a plane wave, by seed.

    Attributes:
        waves: their numbers of periods in the box.
        theory: rates.
        rates: fitted ones, `(seeds, waves)`.
        times: of the amplitudes.
        amplitudes: of the waves, `(seeds, frames, waves)`.
    """

    waves: tuple[int, ...]
    theory: Float64[np.ndarray, "waves"]
    rates: Float64[np.ndarray, "seeds waves"]
    times: Float64[np.ndarray, "frames"]
    amplitudes: Float64[np.ndarray, "seeds frames waves"]


def measured_growth(seeds: int, key: PRNGKeyArray, waves: tuple[int, ...] = (4, 8, 10)) -> Growth:
    """Plane wave of height 1 with complex white noise of 1e-8; rates fitted over 5 <= t <= 10, where growth is linear."""
    length = 2 * math.pi * FASTEST / math.sqrt(2)
    grid = sciml.Grid((256,), extent=(length,))
    amplitudes, times = [], np.zeros(0)
    for seed_key in jax.random.split(key, seeds):
        noise = np.asarray(jax.random.normal(seed_key, (2, 256), np.float64))
        state = (1 + 1e-8 * (noise[0] + 1j * noise[1]))[None]
        found = simulate(grid, state, 20.0, 4000, 200)
        times = found.times
        amplitudes.append(np.abs(np.fft.fft(found.values[:, 0], axis=1)[:, list(waves)]) / 256)
    stacked = np.stack(amplitudes)
    window = (times >= 5) & (times <= 10)
    rates = np.stack([np.polyfit(times[window], np.log(a[window]), 1)[0] for a in stacked])
    theory = exact.modulation_growth_rate(2 * math.pi * np.asarray(waves) / length)
    return Growth(waves, theory, rates, times, stacked)
