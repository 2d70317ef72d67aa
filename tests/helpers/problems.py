"""Problems that several solver tests share."""

import numpy as np

import sciml
from sciml import physics


def soliton(grid, t, *, speed=4.0, start=10.0):
    """One soliton of u_t + 6 u u_x + u_xxx = 0 on a periodic box, its tail below round-off in the wrap."""
    (x,) = grid.coordinates()
    length = grid.lengths[0]
    distance = (x - start - speed * t + length / 2) % length - length / 2
    return (speed / 2 / np.cosh(np.sqrt(speed) / 2 * distance) ** 2)[None]


def cole_hopf(u0, viscosity, t):
    """Exact solution of Burgers' equation with mean-free periodic data on [0, 2 pi), by the heat kernel on a fine grid."""
    fine = 512
    x = 2 * np.pi * np.arange(fine) / fine
    k = np.fft.fftfreq(fine, 1 / fine)
    u_hat = np.fft.fft(u0(x))
    integral = np.fft.ifft(np.where(k == 0, 0, u_hat / np.where(k == 0, 1, 1j * k))).real
    potential = np.exp(-integral / (2 * viscosity))
    spread = np.fft.fft(potential) * np.exp(-viscosity * k**2 * t)
    return x, -2 * viscosity * (np.fft.ifft(1j * k * spread) / np.fft.ifft(spread)).real


def wavy(x):
    """Smooth mean-free data on [0, 2 pi)."""
    return np.sin(x) + 0.5 * np.cos(2 * x)


def _periodic(n, length):
    return sciml.Grid((n,), extent=(length,))


def order_problems():
    """name -> (equation, grid, initial state, end, steps of the coarsest run per order)."""
    kdv, box = _periodic(64, 20.0), _periodic(64, 2 * np.pi)
    ks = _periodic(32, 22.0)
    x, y = box.coordinates()[0], ks.coordinates()[0]
    return {
        "kdv": (physics.KortewegDeVries(), kdv, soliton(kdv, 0.0, speed=1.0), 0.5, {1: 200, 2: 50, 3: 50, 4: 50}),
        "burgers": (physics.Burgers(0.1), box, wavy(x)[None], 0.5, {1: 40, 2: 16, 3: 16, 4: 16}),
        "ks": (
            physics.KuramotoSivashinsky(),
            ks,
            np.cos(2 * np.pi * y / 22)[None] + 0.3,
            4.0,
            {1: 320, 2: 160, 3: 160, 4: 120},
        ),
        "allen_cahn": (physics.AllenCahn(0.05), box, 0.8 * wavy(x)[None], 1.0, {1: 40, 2: 20, 3: 20, 4: 20}),
    }
