"""Compilation cache and precision of the command line. The library itself never sets either."""

import json
import os
import sys
from pathlib import Path
from typing import Any

STAMP = "sciml-environment.json"


def cache_folder() -> Path:
    """Folder of compiled programs: `JAX_COMPILATION_CACHE_DIR`, or `sciml/jax` in the user's cache."""
    if given := os.environ.get("JAX_COMPILATION_CACHE_DIR"):
        return Path(given)
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "sciml" / "jax"


def prepare() -> None:
    """Turn on the persistent compilation cache and note what its programs depend on. Before any computation."""
    import jax

    folder = cache_folder()
    if not os.environ.get("JAX_COMPILATION_CACHE_DIR"):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:  # a read-only home: compile each time
            return
        jax.config.update("jax_compilation_cache_dir", str(folder))
        if "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS" not in os.environ:
            jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f"{STAMP}.tmp{os.getpid()}"
        temporary.write_text(json.dumps(dependencies()))
        os.replace(temporary, folder / STAMP)
    except OSError:
        return


def dependencies() -> dict[str, Any]:
    """What a compiled program depends on besides itself: another value of one of these compiles it again."""
    import jax
    import jaxlib.version

    devices = jax.devices()
    return {
        "jax": jax.__version__,
        "jaxlib": jaxlib.version.__version__,
        "platform": devices[0].platform,
        "device": devices[0].device_kind,
        "devices": len(devices),
        "XLA_FLAGS": os.environ.get("XLA_FLAGS", ""),
        "matmul precision": str(jax.config.values["jax_default_matmul_precision"]),
    }


def last_dependencies() -> dict[str, Any] | None:
    """The same at the last command that compiled, if known."""
    try:
        found = json.loads((cache_folder() / STAMP).read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
