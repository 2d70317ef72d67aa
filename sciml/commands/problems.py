"""The equations of `sciml solve` and `sciml generate`: good defaults for each."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import tyro

from sciml.commands.errors import UsageError, unknown
from sciml.commands.initial import InitialOptions


@dataclass(frozen=True)
class Problem:
    """Defaults for one equation.

    Attributes:
        equation: its class in `sciml.physics`.
        help: one line.
        grid: nodes per axis.
        extent: length of every axis.
        until: final time.
        lower: lower end of every axis.
        initial: initial state, see `InitialOptions`.
        grf: figures of the Gaussian random field (variance_scale, tau, alpha).
        coefficients: defaults that differ from those of the class.
    """

    equation: str
    help: str
    grid: tuple[int, ...]
    extent: float
    until: float
    lower: float = 0.0
    initial: str = "fourier"
    grf: tuple[float, float, float] = (625.0, 5.0, 2.0)
    coefficients: dict[str, float] = dataclasses.field(default_factory=dict)


_TURN = 6.283185307179586
_BLOB = "exp(-40*((x-1)**2 + (y-1)**2))"

PROBLEMS: dict[str, Problem] = {
    "advection": Problem("Advection", "u_t + c . grad u = 0", (128,), 1.0, 1.0),
    "allen-cahn": Problem("AllenCahn", "u_t = nu u_xx + a u - b u^3", (256,), _TURN, 5.0),
    "burgers": Problem("Burgers", "u_t + u u_x = nu u_xx", (256,), _TURN, 1.0, initial="grf"),
    "diffusion": Problem("Diffusion", "u_t = nu laplacian(u)", (128,), _TURN, 1.0),
    "dispersion": Problem("Dispersion", "u_t + b u_xxx = 0", (128,), _TURN, 1.0),
    "fisher-kpp": Problem("FisherKPP", "u_t = nu u_xx + r u (1-u)", (256,), _TURN, 10.0, initial="exp(-10*(x-pi)**2)"),
    "gray-scott": Problem(
        "GrayScott", "two reacting and diffusing components", (128, 128), 2.0, 1000.0,
        initial=f"1 - 0.5*{_BLOB}; 0.25*{_BLOB}",
    ),
    "korteweg-de-vries": Problem(
        "KortewegDeVries", "u_t + 6 u u_x + u_xxx = 0", (256,), 20.0, 2.0, initial="2/cosh(x-10)**2"
    ),
    "kuramoto-sivashinsky": Problem(
        "KuramotoSivashinsky", "u_t + u u_x + u_xx + u_xxxx = 0", (256,), 100.53096491487338, 100.0
    ),
    "navier-stokes": Problem(
        "NavierStokesVorticity", "vorticity of 2-D flow with drag and forcing", (64, 64), 1.0, 10.0,
        initial="grf", grf=(343.0, 7.0, 2.5),
    ),
    "nonlinear-schroedinger": Problem(
        "NonlinearSchroedinger", "i u_t + u_xx / 2 + |u|^2 u = 0", (256,), 10.0, 1.5707963267948966,
        lower=-5.0, initial="2/cosh(x)",
    ),
    "wave": Problem("Wave", "h_tt = c^2 laplacian(h)", (128,), _TURN, 5.0, initial="exp(-10*(x-pi)**2); 0"),
}  # fmt: skip


@dataclass(frozen=True)
class DomainOptions:
    """Where, how long and how exactly to solve."""

    grid: tuple[int, ...]
    """Nodes per axis; as many numbers as dimensions."""
    extent: tuple[float, ...]
    """Length of the periodic box, one number or one per axis."""
    lower: float
    """Lower end of every axis."""
    until: float
    """Final time."""
    dt: float | None = None
    """Fixed time step; without it the steps follow from the error estimate."""
    tolerance: float | None = None
    """Relative tolerance of an adaptive step."""
    method: Literal["etdrk2", "etdrk3", "etdrk4", "ifrk4"] = "etdrk4"
    """Time integrator; adaptive steps need one of the ETDRK methods."""
    precision: Literal["double", "single"] = "double"
    """Floating type of the solve."""
    seed: int = 0
    """Seed of random initial states."""


def find(argv: Sequence[str], command: str) -> tuple[str, Problem]:
    """The problem that the first argument names.

    Raises:
        UsageError: if there is none.
    """
    if not argv or argv[0].startswith("-"):
        raise UsageError(f"missing EQUATION, one of: {', '.join(PROBLEMS)} ({command} --help)")
    if argv[0] not in PROBLEMS:
        raise UsageError(unknown("equation", argv[0], PROBLEMS) + f" ({command} --help)")
    return argv[0], PROBLEMS[argv[0]]


def domain_defaults(problem: Problem) -> DomainOptions:
    """Default domain of a problem."""
    return DomainOptions(problem.grid, (problem.extent,), problem.lower, problem.until)


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
        if field.name == "forcing":
            kind: Any = Literal["none", "kolmogorov", "diagonal"]
            default: Any = "none"
        else:
            kind, default = float, float(problem.coefficients.get(field.name, field.default))  # type: ignore[arg-type]
        about = tyro.conf.arg(help=f"{field.name.replace('_', ' ').capitalize()} of the equation.")
        fields.append((field.name, Annotated[kind, about], dataclasses.field(default=default)))
    return dataclasses.make_dataclass("CoefficientOptions", fields, frozen=True)


def make_equation(problem: Problem, coefficients: Any, extent: float) -> Any:
    """The equation with these coefficients."""
    from sciml import physics

    values = {field.name: getattr(coefficients, field.name) for field in dataclasses.fields(coefficients)}
    if values.get("forcing") == "none":
        values.pop("forcing")
    elif "forcing" in values:
        force = physics.KolmogorovForcing if values["forcing"] == "kolmogorov" else physics.DiagonalForcing
        values["forcing"] = force(length=extent)
    return getattr(physics, problem.equation)(**values)


def make_grid(domain: DomainOptions, factor: int = 1) -> Any:
    """The periodic grid, refined by `factor`."""
    import sciml

    lengths = domain.extent * len(domain.grid) if len(domain.extent) == 1 else domain.extent
    if len(lengths) != len(domain.grid):
        raise UsageError(f"--extent has {len(lengths)} numbers for {len(domain.grid)} axes of --grid")
    if min(domain.grid) < 4 or domain.until <= 0 or (domain.dt is not None and domain.dt <= 0):
        raise UsageError("--grid needs at least 4 nodes per axis, --until and --dt must be positive")
    shape = tuple(count * factor for count in domain.grid)
    return sciml.Grid(shape, extent=[(domain.lower, domain.lower + length) for length in lengths])
