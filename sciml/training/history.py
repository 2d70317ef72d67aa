"""What happened at each step: in memory, and as lines of JSON on disk."""

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np


class History:
    """Values by name, one entry per step."""

    def __init__(self) -> None:
        self._parts: dict[str, list[np.ndarray]] = {}

    def extend(self, values: dict[str, np.ndarray]) -> None:
        """Append a chunk: arrays with a leading axis of steps."""
        for name, value in values.items():
            self._parts.setdefault(name, []).append(value)

    def append(self, values: dict[str, Any]) -> None:
        """Append one entry."""
        self.extend({name: np.asarray(value)[None] for name, value in values.items()})

    def last(self, name: str) -> np.ndarray:
        """Give the newest entry of a name."""
        return np.asarray(self._parts[name][-1][-1])

    def arrays(self) -> dict[str, np.ndarray]:
        """Give everything so far."""
        joined = {name: np.concatenate(parts) for name, parts in self._parts.items()}
        self._parts = {name: [value] for name, value in joined.items()}
        return joined


class Log:
    """Lines of JSON, one per logged step or validation.

    A line holds `step` (steps done), the values of that step (a list with many seeds, `null` where a value is not
    finite) and `seconds` since this process began; a line of validation has names `validation_*`.
    """

    def __init__(self, path: str | os.PathLike[str] | None, every: int) -> None:
        self._path = None if path is None else Path(path)
        self._every = every

    def restart(self, step: int) -> None:
        """Keep the lines up to `step`; a line cut short by a kill, and all later ones, are dropped."""
        if self._path is None:
            return
        kept = []
        if step > 0 and self._path.exists():
            for line in self._path.read_text().splitlines(keepends=True):
                if not line.endswith("\n") or not _is_before(line, step):
                    break
                kept.append(line)
        temporary = self._path.with_name(f"{self._path.name}.tmp{os.getpid()}")
        temporary.write_text("".join(kept))
        os.replace(temporary, self._path)

    def chunk(self, first: int, metrics: dict[str, np.ndarray], seconds: float) -> None:
        """Write the steps of a chunk that are due."""
        count = len(next(iter(metrics.values())))
        due = [i for i in range(count) if (first + i + 1) % self._every == 0]
        self._write(
            [
                {"step": first + i + 1, **{name: values[i] for name, values in metrics.items()}, "seconds": seconds}
                for i in due
            ]
        )

    def validation(self, step: int, values: dict[str, Any], seconds: float) -> None:
        """Write a line of validation."""
        named = {f"validation_{name}": value for name, value in values.items()}
        self._write([{"step": step, **named, "seconds": seconds}])

    def _write(self, lines: list[dict[str, Any]]) -> None:
        if self._path is not None and lines:
            with open(self._path, "a") as stream:
                stream.writelines(json.dumps(_plain(line), allow_nan=False) + "\n" for line in lines)


def _is_before(line: str, step: int) -> bool:
    try:
        entry = json.loads(line)
    except ValueError:
        return False
    return isinstance(entry, dict) and isinstance(entry.get("step"), int) and entry["step"] <= step


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
