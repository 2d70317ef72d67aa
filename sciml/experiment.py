"""What a reproduction is: a configuration goes in, a report with claims that hold or do not comes out.

An experiment is a module of the package `experiments` with

- a docstring whose first line says what is reproduced,
- `Config`, a frozen dataclass with a default for every field: the size that runs in minutes on two cores,
- `run(config, key) -> Report`, or `run(config, key, *, out)` to get the folder for its checkpoints as a `Path`,
- optionally `SCALES`, a dictionary of further configurations; `SCALES["full"]` is the size of the paper.

This module needs neither JAX nor the other packages.
"""

import dataclasses
import json
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

Relation: TypeAlias = Literal["<=", "<", ">=", ">", "=="]
Cell: TypeAlias = str | float | int | None

_RELATIONS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
    "==": operator.eq,
}


@dataclasses.dataclass(frozen=True)
class Claim:
    """A sentence, a measured value and the bound that it must meet.

    Attributes:
        text: the claim in words.
        value: what was measured.
        bound: what it is compared with.
        relation: how.

    Example:
        >>> from sciml.experiment import Claim
        >>> Claim("relative error at the training resolution", value=0.012, bound=0.03, relation="<=").holds
        True
    """

    text: str
    value: float
    bound: float
    relation: Relation = "<="

    def __post_init__(self) -> None:
        if self.relation not in _RELATIONS:
            raise ValueError(f"Claim: `relation` must be one of {sorted(_RELATIONS)}, got {self.relation!r}.")
        object.__setattr__(self, "value", float(self.value))
        object.__setattr__(self, "bound", float(self.bound))

    @property
    def holds(self) -> bool:
        """Whether the value meets the bound; a NaN meets none."""
        return _RELATIONS[self.relation](self.value, self.bound)


@dataclasses.dataclass(frozen=True)
class Table:
    """Figures side by side, for people.

    Attributes:
        title: what is compared.
        columns: heads of the columns, e.g. "paper", "baseline", "ours".
        rows: one tuple per row, as long as `columns`; numbers, text or None for an empty cell.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))
        object.__setattr__(self, "rows", tuple(tuple(row) for row in self.rows))
        for number, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise ValueError(f"Table: row {number} has {len(row)} cells for {len(self.columns)} columns.")

    def text(self) -> str:
        """The table as aligned plain text."""
        cells = [self.columns, *(tuple(format_cell(cell) for cell in row) for row in self.rows)]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.columns))]
        lines = [
            "  ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths)))
            for row in cells
        ]
        return "\n".join([self.title, lines[0], "  ".join("-" * w for w in widths), *lines[1:]])


@dataclasses.dataclass(frozen=True)
class Report:
    """What an experiment found.

    Attributes:
        metrics: plain numbers by name.
        tables: for people.
        claims: what is asserted.
        figures: by name, functions without arguments that draw a matplotlib figure when it is wanted.
    """

    metrics: Mapping[str, float] = dataclasses.field(default_factory=dict)
    tables: Sequence[Table] = ()
    claims: Sequence[Claim] = ()
    figures: Mapping[str, Callable[[], Any]] = dataclasses.field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether every claim holds."""
        return all(claim.holds for claim in self.claims)

    def summary(self) -> dict[str, Any]:
        """Metrics and claims as plain numbers and text, fit for JSON (a value that is not finite becomes text)."""
        claims = [
            {
                "text": claim.text,
                "value": finite(claim.value),
                "relation": claim.relation,
                "bound": finite(claim.bound),
                "holds": claim.holds,
            }
            for claim in self.claims
        ]
        return {"metrics": {name: finite(float(value)) for name, value in self.metrics.items()}, "claims": claims}

    def save(self, folder: Path) -> list[Path]:
        """Write `report.json`, the tables as text and the figures as PNG files.

        Args:
            folder: made if absent.

        Returns:
            Paths of the figures.
        """
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.json").write_text(json.dumps(self.summary(), indent=2, allow_nan=False) + "\n")
        if self.tables:
            (folder / "tables.txt").write_text("\n\n".join(table.text() for table in self.tables) + "\n")
        paths = []
        for name, draw in self.figures.items():
            path = folder / f"{name}.png"
            draw().savefig(path, dpi=160, bbox_inches="tight")
            paths.append(path)
        return paths


def require_at_least(config: Any, bound: int | float, *names: str) -> None:
    """Refuse a configuration in which one of the named numbers is below a bound.

    Raises:
        ValueError: names the experiment, after the module of the configuration's class, and the field.
    """
    experiment = type(config).__module__.rsplit(".", 1)[-1].replace("_", "-")
    for name in names:
        if getattr(config, name) < bound:
            raise ValueError(f"{experiment}: `{name}` must be at least {bound:g}, got {getattr(config, name)}.")


def finite(value: float) -> float | str:
    """The number itself, or its name where JSON has none."""
    return value if math.isfinite(value) else str(value)


def format_cell(cell: Cell) -> str:
    """A cell as text: four significant digits, nothing for None."""
    if cell is None:
        return ""
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
