"""A progress bar on standard error; rich is imported when one is shown."""

import sys
import time
from types import TracebackType
from typing import Any, Protocol


class Progress(Protocol):
    """What a loop tells about where it is."""

    def __enter__(self) -> "Progress": ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def phase(self, text: str) -> None:
        """Say what is going on besides steps, such as compilation."""
        ...

    def update(self, step: int, text: str) -> None:
        """Say how many steps are done, and a short text about the last one."""
        ...


class Silent:
    """Shows nothing."""

    def __enter__(self) -> "Silent":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def phase(self, text: str) -> None:
        """Show nothing."""
        return None

    def update(self, step: int, text: str) -> None:
        """Show nothing."""
        return None


class Bar:
    """A bar with steps, speed, remaining time and the last loss; the speed leaves out compilation.

    Args:
        name: what runs, shown before the bar.
        total: number of steps.
        done: steps done before, after a resume.
    """

    def __init__(self, name: str, total: int, done: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        self._rich = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[text]}"),
            console=Console(stderr=True),
        )
        self._task = self._rich.add_task(name, total=total, completed=done, speed="", text="")
        self._done = done
        self._last: float | None = None
        self._busy = 0.0
        self._steps = 0

    def __enter__(self) -> "Bar":
        self._rich.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rich.stop()

    def phase(self, text: str) -> None:
        """Show what is going on; the clock of the speed stops until the next `update`."""
        self._last = None
        self._rich.update(self._task, text=text)

    def update(self, step: int, text: str) -> None:
        """Move the bar."""
        now = time.perf_counter()
        if self._last is not None:
            self._busy += now - self._last
            self._steps += step - self._done
        self._last, self._done = now, step
        rate = self._steps / self._busy if self._busy > 0 else 0.0
        speed = f"{rate:,.0f} steps/s" if rate >= 100 else f"{rate:.3g} steps/s" if rate else ""
        self._rich.update(self._task, completed=step, text=text, speed=speed)


def make_progress(wanted: bool, name: str, total: int, done: int) -> Any:
    """Give a bar when it is wanted and somebody can see it (a terminal or a notebook), else a silent stand-in."""
    notebook = "ipykernel" in sys.modules
    if wanted and (notebook or sys.stderr.isatty()):
        return Bar(name, total, done)
    return Silent()
