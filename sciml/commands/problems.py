"""The equations of `sciml solve` and `sciml generate`: good defaults for each."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import tyro

from sciml.commands import walls
from sciml.commands.errors import UsageError, unknown
from sciml.commands.initial import InitialOptions
from sciml.commands.problem_table import PROBLEMS, Problem
from sciml.commands.steady_table import STEADY


@dataclass(frozen=True)
class DomainOptions:
    """Where, how long and how exactly to solve."""

    grid: tuple[int, ...]
    """Nodes per axis; as many numbers as dimensions."""
    extent: tuple[float, ...]
    """Length of the box, one number or one per axis."""
    lower: float
    """Lower end of every axis."""
    until: float
    """Final time."""
    dt: float | None = None
    """Fixed time step; without it, or with None, the steps follow from the error estimate."""
    tolerance: float | None = None
    """Relative tolerance of an adaptive step."""
    method: Literal[
        "etdrk1", "etdrk2", "etdrk3", "etdrk4", "ifrk4", "ars111", "ars222", "ars232", "ars343", "ars443", "sil3", "cnrk3", "cnrk4",
        "cnab2", "sbdf2", "sbdf3", "lie", "strang", "yoshida4",
    ] = "etdrk4"  # fmt: skip
    """Time integrator; steps from the error estimate need etdrk2, etdrk3, etdrk4 or ifrk4, the others --dt."""
    precision: Literal["double", "single"] = "double"
    """Floating type of the solve."""
    seed: int = 0
    """Seed of random initial states."""
    boundary: str = "periodic"
    """Boundary conditions: one for all axes, or one per axis separated by commas. Each is periodic, dirichlet, neumann or
    "robin(a, b)" (a u + b du/dn), or two of them as lower/upper. Data follow as "=value" or "=formula" in t and the other
    coordinates, one for all components or separated by semicolons: "periodic, dirichlet=sin(t)/neumann"."""
    nodes: str = "auto"
    """Nodes between walls, once or per axis: vertex or cell (sines and cosines), chebyshev (polynomials), or auto: polynomials where
    any boundary has data or is of Robin's kind."""


def find(argv: Sequence[str], command: str) -> tuple[str, Problem]:
    """The problem that the first argument names.

    Raises:
        UsageError: if there is none.
    """
    if not argv or argv[0].startswith("-"):
        raise UsageError(f"missing EQUATION, one of: {', '.join(PROBLEMS | STEADY)} ({command} --help)")
    if argv[0] not in PROBLEMS:
        raise UsageError(unknown("equation", argv[0], PROBLEMS | STEADY) + f" ({command} --help)")
    return argv[0], PROBLEMS[argv[0]]


def domain_defaults(problem: Problem) -> DomainOptions:
    """Default domain of a problem."""
    return DomainOptions(
        problem.grid, (problem.extent,), problem.lower, problem.until, dt=problem.dt, tolerance=problem.tolerance
    )


def initial_defaults(problem: Problem) -> InitialOptions:
    """Default initial state of a problem."""
    scale, tau, alpha = problem.grf
    return InitialOptions(problem.initial, variance_scale=scale, tau=tau, alpha=alpha)


def coefficient_options(problem: Problem) -> type:
    """A dataclass with one option per coefficient of the equation, defaults those of its class."""
    import sciml

    cls = getattr(sciml.physics, problem.equation)
    fields: list[tuple[str, Any, Any]] = []
    for field in dataclasses.fields(cls):
        if field.metadata.get("static"):
            continue
        kind, default = _option(field, problem.coefficients.get(field.name))
        about = tyro.conf.arg(help=f"{field.name.replace('_', ' ').capitalize()} of the equation.")
        fields.append((field.name, Annotated[kind, about], dataclasses.field(default=default)))
    return dataclasses.make_dataclass("CoefficientOptions", fields, frozen=True)


def _option(field: dataclasses.Field, given: float | str | None) -> tuple[Any, Any]:
    """Type and default of the option for one field of an equation: a number, several, one that may be left out, a force."""
    if field.name == "forcing":
        return Literal["none", "kolmogorov", "diagonal"], given or "none"
    default = field.default if given is None else given
    if isinstance(default, tuple):
        return tuple[float, ...], tuple(float(number) for number in default)
    # The annotation is the same for all parameters; `None` as the default says that the term may be absent.
    optional = default is None or "None" in str(field.type)
    number = None if default is None else float(default)  # type: ignore[arg-type]
    return (float | None if optional else float), number


def make_equation(problem: Problem, coefficients: Any) -> Any:
    """The equation with these coefficients."""
    from sciml import physics

    values = {field.name: getattr(coefficients, field.name) for field in dataclasses.fields(coefficients)}
    force = values.pop("forcing", "none")
    if force != "none":
        values["forcing"] = physics.KolmogorovForcing() if force == "kolmogorov" else physics.DiagonalForcing()
    return getattr(physics, problem.equation)(**values)


def numbers_of(coefficients: Any) -> dict[str, Any]:
    """The coefficients as named numbers for a file: entry s of a list is `name_s`, absent terms and forces are left out."""
    found: dict[str, Any] = {}
    for name, value in dataclasses.asdict(coefficients).items():
        if isinstance(value, tuple):
            found |= {f"{name}_{index}": np.asarray(number) for index, number in enumerate(value)}
        elif isinstance(value, float | int):
            found[name] = np.asarray(value)
    return found


def make_grid(domain: DomainOptions, components: tuple[str, ...] = ("u",), factor: int = 1) -> Any:
    """The grid, refined by `factor`, for a state with these components."""
    import sciml

    lengths = domain.extent * len(domain.grid) if len(domain.extent) == 1 else domain.extent
    if len(lengths) != len(domain.grid):
        raise UsageError(f"--extent has {len(lengths)} numbers for {len(domain.grid)} axes of --grid")
    if min(domain.grid) < 4 or domain.until <= 0 or (domain.dt is not None and domain.dt <= 0):
        raise UsageError("--grid needs at least 4 nodes per axis, --until and --dt must be positive")
    shape = tuple(count * factor for count in domain.grid)
    extent = [(domain.lower, domain.lower + length) for length in lengths]
    boundary = walls.read_boundaries(domain.boundary, len(shape), components)
    return sciml.Grid(shape, extent=extent, boundary=boundary, nodes=walls.place_nodes(domain.nodes, boundary))
