"""Coefficients of steady equations: formulas, and families of random fields."""

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sciml.commands.errors import UsageError, unknown
from sciml.commands.expression import evaluate

FAMILIES = ("two-phase", "lognormal", "speed")


@dataclass(frozen=True)
class CoefficientFamily:
    """The coefficient: a of Darcy's equation, the wavenumber k of Helmholtz', lambda of Bratu's."""

    coefficient: str
    """A formula such as "1 + x*y", or a family made of a Gaussian random field psi with the eigenvalues
    tau^(2 alpha - d) / (|k|^2 + tau^2)^alpha: "two-phase" (--high where psi is positive, --low elsewhere), "lognormal"
    (exp(--deviation psi), psi of variance one), "speed" (--frequency over the speed 20 + tanh(psi), eigenvalues
    1 / (|k|^2 + tau^2)^alpha)."""
    high: float = 12.0
    """The larger of two phases."""
    low: float = 3.0
    """The smaller of two phases."""
    deviation: float = 1.0
    """Standard deviation of the logarithm."""
    frequency: float = 1000.0
    """Angular frequency of waves."""
    tau: float = 3.0
    """Inverse correlation length."""
    alpha: float = 2.0
    """Smoothness."""


def is_family(options: CoefficientFamily) -> bool:
    """Whether the coefficient depends on the key."""
    return options.coefficient in FAMILIES


def coefficient_sampler(options: CoefficientFamily, grid: Any, dtype: Any) -> Callable[[Any], Any]:
    """A function key -> values at the nodes, `(*grid.shape)`.

    Raises:
        UsageError: for a formula that cannot be read.
    """
    import jax.numpy as jnp

    if re.fullmatch(r"[a-z]{2,}[a-z-]*", options.coefficient) and options.coefficient not in (*FAMILIES, "pi"):
        raise UsageError(f"--coefficient: {unknown('family', options.coefficient, FAMILIES)}, or a formula")
    if not is_family(options):
        fixed = jnp.asarray(formula_at_nodes("--coefficient", options.coefficient, grid), dtype)
        return lambda key: fixed
    if options.tau <= 0 or options.alpha <= grid.dimension / 2:
        raise UsageError(f"--tau must be positive and --alpha more than {grid.dimension / 2:g} for a random field")
    field = random_field(options, grid, dtype)

    def sample(key: Any) -> Any:
        psi = field.sample(key)[0]
        if options.coefficient == "two-phase":
            return jnp.where(psi >= 0, options.high, options.low).astype(psi.dtype)
        if options.coefficient == "lognormal":
            return jnp.exp(options.deviation * psi / jnp.sqrt(field.variance()))
        return options.frequency / (20 + jnp.tanh(psi))

    return sample


def random_field(options: CoefficientFamily, grid: Any, dtype: Any) -> Any:
    """The Gaussian random field behind a family: zero-flux at walls, and of mean zero unless it moves a speed."""
    import sciml
    from sciml.boundary import Neumann, Periodic
    from sciml.random import GaussianRandomField

    free = sciml.Grid(
        grid.shape,
        extent=[(axis.lower, axis.upper) for axis in grid.axes],
        boundary=[Periodic() if axis.periodic else Neumann() for axis in grid.axes],
        nodes=[axis.nodes for axis in grid.axes],
    )
    speed = options.coefficient == "speed"
    scale = 1.0 if speed else options.tau ** (2 * options.alpha - grid.dimension)
    return GaussianRandomField(
        free, variance_scale=scale, tau=options.tau, alpha=options.alpha, mean_free=not speed, dtype=dtype
    )


def formula_at_nodes(option: str, text: str, grid: Any) -> np.ndarray:
    """Values of a formula in the coordinates.

    Raises:
        UsageError: where it cannot be read, is complex or not finite.
    """
    values = evaluate(text, dict(zip("xyz", grid.coordinates())))
    if np.iscomplexobj(values) or not np.isfinite(values).all():
        raise UsageError(f"{option} {text!r} is not real and finite at every node")
    return np.asarray(values, np.float64)


def parameters_of(options: CoefficientFamily) -> dict[str, Any]:
    """The figures that matter for this family, for a file."""
    wanted = {
        "two-phase": ("high", "low", "tau", "alpha"),
        "lognormal": ("deviation", "tau", "alpha"),
        "speed": ("frequency", "tau", "alpha"),
    }.get(options.coefficient, ())
    return {name: np.asarray(value) for name, value in dataclasses.asdict(options).items() if name in wanted}
