"""Symmetries of the nonlinear Schroedinger equation, kept by the solver: Galilei, scaling, time reversal."""

import jax.numpy as jnp
import numpy as np

import sciml
from sciml.physics import NonlinearSchroedinger
from sciml.solvers import Yoshida4, rollout

LENGTH, NODES, STEPS, DT = 20.0, 135, 200, 5e-3
X = sciml.Grid((NODES,), extent=(LENGTH,)).coordinates()[0]
WAVE = 2 * np.pi / LENGTH


def start(x):
    return (1 + 0.3 * np.cos(WAVE * x) + 0.2j * np.sin(2 * WAVE * x) + 0.1 * np.exp(3j * WAVE * x))[None]


def evolve(psi, length=LENGTH, dt=DT):
    grid = sciml.Grid((NODES,), extent=(length,))
    run = rollout(
        NonlinearSchroedinger(),
        grid,
        jnp.asarray(psi),
        dt=dt,
        steps=STEPS,
        save_every=STEPS,
        method=Yoshida4(),
        dealiasing="none",
    )
    return np.asarray(run.values[-1])


def shifted(psi, distance):
    waves = 2 * np.pi * np.fft.fftfreq(NODES, LENGTH / NODES)
    return np.fft.ifft(np.fft.fft(psi) * np.exp(-1j * waves * distance))


def test_galilei():
    velocity, time = 3 * WAVE, STEPS * DT
    moving = evolve(start(X) * np.exp(1j * velocity * X))
    expected = shifted(evolve(start(X)), velocity * time) * np.exp(1j * (velocity * X - velocity**2 * time / 2))
    assert np.abs(moving - expected).max() < 1e-11
    assert np.abs(moving - evolve(start(X))).max() > 0.1


def test_scaling():
    factor = 1.7
    scaled = evolve(factor * start(X), length=LENGTH / factor, dt=DT / factor**2)
    np.testing.assert_allclose(scaled, factor * evolve(start(X)), atol=1e-11)


def test_time_reversal():
    there = evolve(start(X))
    back = evolve(np.conj(there))
    assert np.abs(np.conj(back) - start(X)).max() < 1e-10 < np.abs(there - start(X)).max()
