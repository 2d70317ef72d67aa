"""`sciml doctor`: what this installation is and what it would compile again."""

import importlib.metadata
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sciml.commands import environment
from sciml.commands.options import HelpShown, parse
from sciml.commands.output import pairs, write, write_json

_PACKAGES = ("sciml", "jax", "jaxlib", "equinox", "diffrax", "lineax", "optimistix", "optax", "numpy", "scipy", "h5py")
_EXTRAS = ("matplotlib", "flax", "zarr")


@dataclass(frozen=True)
class DoctorOptions:
    """Options of `sciml doctor`."""

    json: bool = False
    """Print one JSON object."""


def main(argv: Sequence[str]) -> int:
    """Print versions, devices, precision, cache and cores."""
    about = "Show versions, devices, precision, compilation cache and what would be compiled again."
    try:
        options = parse(DoctorOptions, argv, command="sciml doctor", help=about, example="sciml doctor --json")
    except HelpShown:
        return 0
    found = examine()
    if options.json:
        write_json(found)
        return 0
    for section, rows in found.items():
        write(section)
        write(pairs(rows))
    return 0


def examine() -> dict[str, dict[str, Any]]:
    """All findings, by section."""
    started = time.perf_counter()
    import jax

    imported = time.perf_counter() - started
    return {
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in _PACKAGES + _EXTRAS},
        "devices": {
            "backend": jax.default_backend(),
            "devices": ", ".join(f"{d.platform}:{d.id} {d.device_kind}" for d in jax.devices()),
            "cores": _cores(),
            "XLA_FLAGS": os.environ.get("XLA_FLAGS", "") or "not set",
            "import of JAX": f"{imported:.2f} s",
        },
        "precision": {
            "default float": "float64"
            if jax.config.values["jax_enable_x64"]
            else "float32 (JAX_ENABLE_X64=1 changes it)",
            "matmul": str(jax.config.values["jax_default_matmul_precision"] or "default of the device"),
            "solve, generate": "float64 unless --precision single",
        },
        "compilation cache": _cache(),
    }


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed" + (" (an extra)" if name in _EXTRAS else "")


def _cores() -> str:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{usable} usable of {os.cpu_count()}"


def _cache() -> dict[str, Any]:
    folder = environment.cache_folder()
    files = [path for path in folder.glob("*-cache")] if folder.is_dir() else []
    size = sum(path.stat().st_size for path in files)
    return {
        "folder": str(folder),
        "programs": f"{len(files)}, {size / 2**20:.1f} MiB",
        "compiled again": _recompiles(len(files)),
    }


def _recompiles(programs: int) -> str:
    if os.environ.get("JAX_ENABLE_COMPILATION_CACHE", "").lower() in ("0", "false"):
        return "everything: JAX_ENABLE_COMPILATION_CACHE turns the cache off"
    last, now = environment.last_dependencies(), environment.dependencies()
    if last is None or not programs:
        return "everything, once: no program is stored yet"
    changed = [f"{name} {last.get(name)!r} -> {now[name]!r}" for name in now if last.get(name) != now[name]]
    if changed:
        return "everything, once: changed since the last run: " + ", ".join(changed)
    return "new shapes, dtypes and options only; nothing changed since the last run"
