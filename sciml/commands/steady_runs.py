"""Grids of steady equations, and one solve with any of them."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sciml.commands import walls
from sciml.commands.coefficients import formula_at_nodes
from sciml.commands.errors import UsageError


@dataclass(frozen=True)
class SteadyDomain:
    """Where and how exactly to solve."""

    grid: tuple[int, ...]
    """Nodes per axis; as many numbers as dimensions."""
    boundary: str
    """Boundary conditions: one for all axes, or one per axis separated by commas. Each is periodic, dirichlet, neumann or
    "robin(a, b)" (a u + b du/dn), or two of them as lower/upper; data follow as "=value" or "=formula". For Helmholtz' equation also
    "outgoing" alone: waves leave on all sides."""
    source: str
    """The right-hand side f, a formula in x, y, z."""
    faces: Literal["harmonic", "arithmetic", "geometric"]
    """Mean of the coefficient between two nodes."""
    extent: tuple[float, ...] = (1.0,)
    """Length of the box, one number or one per axis."""
    lower: float = 0.0
    """Lower end of every axis."""
    nodes: Literal["vertex", "cell"] = "vertex"
    """Nodes on the walls, or at the centres of cells."""
    tolerance: float = 1e-8
    """Of the residual relative to the right-hand side."""
    precision: Literal["double", "single"] = "double"
    """Floating type of the solve."""
    seed: int = 0
    """Seed of random coefficients."""


class Found(NamedTuple):
    """One solution: values `(*grid.shape)`, steps of the iteration, relative residual, what misses in the balance of sources."""

    values: Any
    steps: Any
    residual: Any
    imbalance: Any = 0.0


def make_steady_grid(domain: SteadyDomain, wavenumber: Any = None, factor: int = 1) -> Any:
    """The grid, with `factor` times as many intervals.

    Raises:
        UsageError: where the numbers do not fit together.
    """
    import sciml
    from sciml.boundary import Periodic, Robin

    dimension = len(domain.grid)
    lengths = domain.extent * dimension if len(domain.extent) == 1 else domain.extent
    if len(lengths) != dimension or dimension > 3:
        raise UsageError(f"--extent has {len(lengths)} numbers for {dimension} axes of --grid; one to three axes")
    if min(domain.grid) < 4 or domain.tolerance <= 0 or min(lengths) <= 0:
        raise UsageError("--grid needs at least 4 nodes per axis, --extent and --tolerance must be positive")
    if domain.boundary.strip() == "outgoing":
        if wavenumber is None:
            raise UsageError("--boundary outgoing belongs to helmholtz with a constant --coefficient")
        boundary: tuple[Any, ...] = (Robin(-1j * wavenumber, 1.0),) * dimension  # pyright: ignore[reportArgumentType]
    else:
        boundary = walls.read_boundaries(domain.boundary, dimension, ("u",))
    shape = [
        count * factor if isinstance(side, Periodic) else (count - 1) * factor + 1
        for count, side in zip(domain.grid, boundary)
    ]
    extent = [(domain.lower, domain.lower + length) for length in lengths]
    nodes: list[Any] = ["vertex" if isinstance(side, Periodic) else domain.nodes for side in boundary]
    return sciml.Grid(shape, extent=extent, boundary=boundary, nodes=nodes)


def steady_source(domain: SteadyDomain, grid: Any, dtype: Any) -> Any:
    """The right-hand side at the nodes."""
    import jax.numpy as jnp

    return jnp.asarray(formula_at_nodes("--source", domain.source, grid), dtype)


def run_steady(name: str, grid: Any, coefficient: Any, source: Any, domain: SteadyDomain) -> Found:
    """Solve for one coefficient; can be traced and batched."""
    from sciml import physics, solvers
    from sciml.fields.wall_conditions import fixes_level

    tolerance = domain.tolerance
    if name in ("darcy", "poisson") and not fixes_level(grid):
        equation = physics.Darcy(1.0 if coefficient is None else coefficient, source)
        found = solvers.solve_steady(equation, grid, rtol=tolerance, faces=domain.faces, throw=False)
        counts = found.statistics
        return Found(found.values[0], counts["linear_steps"], found.residual, counts["imbalance"])
    if name in ("darcy", "poisson"):
        solution = solvers.solve_elliptic(
            grid, source, 1.0 if name == "poisson" else coefficient, faces=domain.faces, rtol=tolerance, throw=False
        )
        return Found(solution.values, solution.iterations, solution.residual)
    if name == "helmholtz" and domain.boundary.strip() == "outgoing":
        wave = solvers.solve_indefinite_helmholtz(
            grid, source, coefficient, rtol=max(tolerance, 1e-7), restart=250, max_steps=1000, throw=False
        )
        return Found(wave.values, wave.iterations, wave.residual)
    if name == "helmholtz":
        # Between reflecting walls everything is real, and MINRES needs the memory of a few fields only.
        found = solvers.solve_steady(
            physics.Helmholtz(coefficient, source), grid, rtol=tolerance, throw=False,
            linear_solver=solvers.MinimalResidual(max_steps=5000),
        )  # fmt: skip
        return Found(found.values[0], found.statistics["linear_steps"], found.residual)
    found = solvers.solve_steady(physics.Bratu(coefficient.ravel()[0], source), grid, rtol=tolerance, throw=False)
    return Found(found.values[0], found.statistics["steps"], found.residual)
