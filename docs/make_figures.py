"""Draw the pictures of README and site with the library's own solvers: `make figures`, less than a minute."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

import sciml
from sciml import physics, solvers
from sciml.random import GaussianRandomField

IMAGES = Path(__file__).parent / "images"
INK = "#10141d"
FIRE = LinearSegmentedColormap.from_list("fire", ["#10141d", "#3b1d5e", "#8c2a6b", "#d5572b", "#f2a541", "#fdf3d8"])
ICE = LinearSegmentedColormap.from_list("ice", ["#10141d", "#143a5e", "#1f6f8b", "#4fb3a4", "#c6e5b9", "#fdf8e4"])
POLES = LinearSegmentedColormap.from_list(
    "poles", ["#0b2d4d", "#1f5fa8", "#7db3d5", "#f4f1ea", "#eda077", "#d5572b", "#5e1214"]
)


def kuramoto_sivashinsky():
    """Space-time picture of chaos: position upwards, time to the right."""
    grid = sciml.Grid((256,), extent=(100.0,))
    u0 = 0.1 * jax.random.normal(jax.random.key(3), (1, 256), jnp.float32)
    run = solvers.rollout(physics.KuramotoSivashinsky(), grid, u0, dt=0.1, steps=2000, save_every=4)
    values = np.asarray(run.values[100:, 0]).T
    return values, POLES, 0.9 * np.abs(values).max() * np.array([-1, 1])


def navier_stokes():
    """Vorticity of decaying two-dimensional turbulence."""
    grid = sciml.Grid((256, 256), extent=(2 * np.pi, 2 * np.pi))
    # With one key two fields differ by their smoothness alone: the difference has neither large nor small scales.
    narrow, wide = (
        GaussianRandomField(grid, variance_scale=t**8, tau=t, alpha=4.0, dtype=jnp.float32) for t in (14.0, 9.0)
    )
    u0 = narrow.sample(jax.random.key(1)) - wide.sample(jax.random.key(1))
    u0 = 5 * u0 / jnp.std(u0)
    equation = physics.NavierStokesVorticity(viscosity=6e-4)
    run = solvers.rollout(equation, grid, u0, dt=6e-3, steps=1500, save_every=1500, method=solvers.ETDRK3())
    values = np.asarray(run.values[-1, 0])
    return values, POLES, 0.75 * np.abs(values).max() * np.array([-1, 1])


def nonlinear_schroedinger():
    """Modulus of a plane wave that breaks into breathers: position upwards, time to the right."""
    grid = sciml.Grid((512,), extent=(36.0,))
    noise = 0.02 * jax.random.normal(jax.random.key(5), (2, 512), jnp.float32)
    u0 = (1 + noise[0] + 1j * noise[1])[None]
    equation = physics.NonlinearSchroedinger()
    run = solvers.rollout(equation, grid, u0, dt=2e-3, steps=14000, save_every=28)
    return np.abs(np.asarray(run.values[60:, 0])).T, FIRE, (0.2, 2.9)


def gray_scott():
    """Activator of a reaction-diffusion pattern grown from a few spots."""
    grid = sciml.Grid((160, 160), extent=(1.6, 1.6))
    x, y = grid.coordinates()
    spots = jax.random.uniform(jax.random.key(7), (14, 2), jnp.float32, 0.1, 1.5)
    blob = sum(np.exp(-400 * ((x - a) ** 2 + (y - b) ** 2)) for a, b in np.asarray(spots))
    u0 = jnp.asarray(np.stack([1 - 0.5 * np.clip(blob, 0, 1), 0.25 * np.clip(blob, 0, 1)]), jnp.float32)
    equation = physics.GrayScott(feed=0.037, kill=0.06)
    run = solvers.rollout(equation, grid, u0, dt=2.0, steps=2400, save_every=2400)
    values = np.asarray(run.values[-1, 1])
    return values, ICE, (0.0, values.max())


def four_equations():
    """The picture at the top: four equations, one solver."""
    panels = {
        "Kuramoto–Sivashinsky": kuramoto_sivashinsky,
        "Navier–Stokes": navier_stokes,
        "Nonlinear Schrödinger": nonlinear_schroedinger,
        "Gray–Scott": gray_scott,
    }
    page = Figure(figsize=(12.0, 3.3), facecolor=INK)
    axes = page.subplots(1, 4, gridspec_kw=dict(left=0.012, right=0.988, bottom=0.03, top=0.885, wspace=0.045))
    for ax, (title, panel) in zip(axes, panels.items()):
        values, colours, (low, high) = panel()
        ax.imshow(values, origin="lower", cmap=colours, vmin=low, vmax=high, aspect="auto", interpolation="bicubic")
        ax.set_title(title, color="#e8e6df", fontsize=12, loc="left", pad=7)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    return page


def save(page, name):
    """Write a picture with few colours, which keeps it small."""
    from PIL import Image

    page.savefig(IMAGES / name, dpi=120)
    picture = Image.open(IMAGES / name).convert("RGB")
    picture.quantize(200, dither=Image.Dither.FLOYDSTEINBERG).save(IMAGES / name, optimize=True)


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    save(four_equations(), "four-equations.png")
