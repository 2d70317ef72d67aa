"""The table of steady equations that the command line solves, with good defaults for each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SteadyEntry:
    """Defaults for one equation.

    Attributes:
        equation: its class in `sciml.physics`.
        help: one line.
        coefficient: default of `--coefficient`; `None` where the equation has none.
        symbol: what that is called in figures.
        data_coefficient: its default in data sets; `None` where there is nothing random about it.
        source: default of `--source`.
        data_boundary: default of `--boundary` in data sets.
        data_grid: default of `--grid` there.
        refine: default of `--refine` there.
        alpha: smoothness of random fields.
    """

    equation: str
    help: str
    coefficient: str | None = None
    symbol: str = ""
    data_coefficient: str | None = None
    source: str = "1"
    data_boundary: str = "dirichlet"
    data_grid: tuple[int, ...] = (85, 85)
    refine: int = 1
    alpha: float = 2.0


STEADY: dict[str, SteadyEntry] = {
    "bratu": SteadyEntry("Bratu", "steady: -laplacian(u) - lambda exp(u) = f", "1", "lambda", source="0"),
    "darcy": SteadyEntry(
        "Darcy", "steady: -div(a grad u) = f", "two-phase", "a", data_coefficient="two-phase", refine=5
    ),
    "helmholtz": SteadyEntry(
        "Helmholtz", "steady: -laplacian(u) - k^2 u = f", "20", "k", data_coefficient="speed",
        source="exp(-400*((x-0.5)**2 + (y-0.5)**2))",
        data_boundary="neumann, neumann/neumann=0.5*(sign(x-0.35)-sign(x-0.65))", data_grid=(101, 101),
    ),
    "poisson": SteadyEntry("Poisson", "steady: -laplacian(u) = f"),
}  # fmt: skip
