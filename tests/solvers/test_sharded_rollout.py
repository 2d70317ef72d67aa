"""Fields split over devices: the same numbers as on one, by slabs and by pencils, without gathering the field."""

import re
import subprocess
import sys
import textwrap

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml import physics
from sciml.fields.basis import make_basis
from sciml.parallel import domain_mesh
from sciml.solvers import rollout

SLABS = domain_mesh((2,), jax.devices()[:2])
CASES = {
    "vorticity": (physics.NavierStokesVorticity(viscosity=1e-2), (12, 10)),
    "complex": (physics.GinzburgLandau(), (8, 10)),
    "velocity": (physics.Burgers(0.05, form="conservative"), (6, 10, 9)),
}


def start(equation, grid):
    count = len(equation.component_names(grid.dimension))
    field = np.random.default_rng(0).normal(size=(count, *grid.shape))
    return jnp.asarray(field * (1 + 0.5j) if equation.is_complex else field)


@pytest.mark.parametrize("name", CASES)
def test_split_rollout_equals_the_whole_one(name):
    equation, shape = CASES[name]
    grid = sciml.Grid(shape, extent=(6.0,) * len(shape))
    u0 = start(equation, grid)
    whole = rollout(equation, grid, u0, dt=1e-3, steps=4)
    split = rollout(equation, grid, u0, dt=1e-3, steps=4, mesh=SLABS)
    np.testing.assert_allclose(split.values, whole.values, atol=1e-13)
    assert split.values.sharding.spec[2] == "slab"


def test_gradient_through_a_split_rollout():
    equation, shape = CASES["vorticity"]
    grid = sciml.Grid(shape, extent=(6.0, 6.0))

    def loss(u, mesh):
        return jnp.sum(rollout(equation, grid, u, dt=1e-3, steps=4, mesh=mesh, throw=False).values[-1] ** 3)

    u0 = start(equation, grid)
    np.testing.assert_allclose(jax.grad(loss)(u0, SLABS), jax.grad(loss)(u0, None), atol=1e-12)


def test_the_field_is_exchanged_and_never_gathered():
    """Each transform costs one exchange; what is gathered is a plane at most."""
    equation, shape = CASES["vorticity"]
    grid = sciml.Grid(shape, extent=(6.0, 6.0))

    def run(u):
        return rollout(equation, grid, u, dt=1e-3, steps=4, save_every=4, mesh=SLABS, throw=False).values

    text = jax.jit(run).lower(start(equation, grid)).compile().as_text()
    assert " all-to-all(" in text
    gathered = [
        int(np.prod([int(n) for n in dims.split(",")])) for dims in re.findall(r"\[([\d,]+)\]\S* all-gather\(", text)
    ]
    assert max(gathered, default=0) <= max(shape)


@pytest.mark.parametrize("dealiasing", ["truncation", "padding"])
def test_coefficients_that_only_fill_up_are_zero(dealiasing):
    grid = sciml.Grid((10, 12), extent=(1.0, 1.0))
    options = {"degree": 2, "dealiasing": dealiasing, "precision": "float64", "is_complex": True}
    split, whole = make_basis(grid, mesh=SLABS, **options), make_basis(grid, **options)
    values = jnp.asarray(np.random.default_rng(1).normal(size=(1, 10, 12)).astype(complex))
    coefficients = np.asarray(split.encode(values))
    rows, columns = whole.storage
    assert split.storage[1] % 2 == 0 and not coefficients[:, :, columns:].any()
    np.testing.assert_allclose(coefficients[:, :rows, :columns] / coefficients[0, 0, 0],
                               whole.encode(values) / whole.encode(values)[0, 0, 0], atol=1e-12)  # fmt: skip
    assert split.quadrature[0] % 2 == 0


def test_a_mesh_that_does_not_fit_is_refused():
    equation, _ = CASES["vorticity"]
    odd = sciml.Grid((9, 8), extent=(1.0, 1.0))
    with pytest.raises(ValueError, match="9 points of axis 0"):
        rollout(equation, odd, jnp.zeros((1, 9, 8)), dt=0.1, steps=1, mesh=SLABS)
    line = sciml.Grid((8,), extent=(1.0,))
    with pytest.raises(ValueError, match="one axis must stay whole"):
        rollout(physics.Burgers(), line, jnp.zeros((1, 8)), dt=0.1, steps=1, mesh=SLABS)
    with pytest.raises(ValueError, match="product is"):
        domain_mesh((3,), jax.devices()[:2])


@pytest.mark.slow
def test_pencils_over_four_devices():
    script = """
        import jax
        jax.config.update("jax_enable_x64", True)
        import jax.numpy as jnp, numpy as np, sciml
        from sciml.parallel import domain_mesh

        grid = sciml.Grid((8, 6, 9), extent=(6.0, 5.0, 4.0))
        equation = sciml.physics.NavierStokesVelocity(viscosity=0.05)
        u0 = jnp.asarray(np.random.default_rng(0).normal(size=(3, 8, 6, 9)))
        runs = [sciml.solvers.rollout(equation, grid, u0, dt=1e-3, steps=3, mesh=m) for m in (None, domain_mesh((2, 2)))]
        assert tuple(runs[1].values.sharding.spec)[2:] == ("row", "column"), runs[1].values.sharding
        np.testing.assert_allclose(runs[1].values, runs[0].values, atol=1e-13)
    """
    environment = {"XLA_FLAGS": "--xla_force_host_platform_device_count=4", "PATH": "", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
