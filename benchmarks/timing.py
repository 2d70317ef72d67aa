"""Timing by turns: each contender runs once per round, so that a busy moment hits all of them alike."""

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

import jax


def first_call(make: Callable[[], Callable[[], Any]]) -> tuple[Callable[[], Any], float]:
    """Build a contender and run it once: tracing, compilation and the run, in seconds."""
    start = time.perf_counter()
    run = make()
    jax.block_until_ready(run())
    return run, time.perf_counter() - start


def alternate(contenders: Mapping[str, Callable[[], Any]], *, rounds: int) -> dict[str, list[float]]:
    """Seconds of every run of every contender, taken in turns."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            start = time.perf_counter()
            jax.block_until_ready(run())
            times[name].append(time.perf_counter() - start)
    return times


def summary(times: Mapping[str, list[float]], steps: int) -> dict[str, float]:
    """Median microseconds per step by contender."""
    return {name: 1e6 * median(values) / steps for name, values in times.items()}


def ratio(times: Mapping[str, list[float]], slow: str, fast: str) -> float:
    """Median over the rounds of `slow / fast` within a round."""
    return median(a / b for a, b in zip(times[slow], times[fast]))
