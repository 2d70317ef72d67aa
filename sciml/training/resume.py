"""Checkpoints of a run: what is stored, what must be the same to go on, and what is worth a warning."""

import os
import platform
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from sciml import __version__
from sciml.files import archive
from sciml.files.format import FileFormatError

# What a changed field would break is refused; these only change the meaning of "the same run" and are warned about.
_MEANING = {
    "steps": "number of steps",
    "batch_size": "samples per batch",
    "micro_batch": "samples per accumulated part",
    "ema": "decay of the averaged parameters",
    "seeds": "number of seeds",
    "key": "random key",
    "model": "structure of the model: classes, shapes, dtypes, options",
    "optimizer": "optimiser: its kind, a setting or its schedule",
    "data": "training data",
}


class ResumeError(ValueError):
    """A checkpoint belongs to a run with other arguments; the message names what changed."""


def environment(mesh: Any) -> dict[str, Any]:
    """Give what else decides the last bits of a result: versions, devices, cores, precision."""
    devices = jax.devices()
    precision = "jax_default_matmul_precision"
    return {
        "sciml": __version__,
        "jax": jax.__version__,
        "jaxlib": jax.lib.__version__,
        "python": platform.python_version(),
        "platform": devices[0].platform,
        "device kind": devices[0].device_kind,
        "device count": len(devices),
        "usable cores": usable_cores(),
        "64-bit types": jax.dtypes.canonicalize_dtype(np.float64) == np.float64,
        "matmul precision": str(getattr(jax.config, precision)),
        "mesh": None if mesh is None else dict(mesh.shape),
    }


def usable_cores() -> int:
    """Number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def flatten(tree: Any) -> dict[str, Any]:
    """Give the arrays of a tree by path."""
    return {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]}


def unflatten(like: Any, leaves: dict[str, Any], name: str) -> Any:
    """Put arrays into the structure of `like`, compared by path, shape and dtype.

    Raises:
        ResumeError: they do not fit.
    """
    wanted = flatten(like)
    if set(wanted) != set(leaves):
        raise ResumeError(f"fit: {name} of the checkpoint has other parts: {sorted(set(wanted) ^ set(leaves))[:6]}.")
    for path, leaf in wanted.items():
        found = leaves[path]
        if found.shape != leaf.shape or found.dtype != leaf.dtype:
            raise ResumeError(
                f"fit: {name}{path} of the checkpoint is {found.dtype} {found.shape}, here it is {leaf.dtype} "
                f"{leaf.shape}."
            )
    return jax.tree.unflatten(jax.tree.structure(like), [leaves[path] for path in wanted])


def write(path: Path, content: dict[str, Any], model: Any) -> None:
    """Write a checkpoint; the model goes with it by structure when all its parts are registered."""
    try:
        archive.write(path, {**content, "model": model}, kind="checkpoint", config=None, package_version=__version__)
    except TypeError:
        archive.write(path, {**content, "model": None}, kind="checkpoint", config=None, package_version=__version__)


def read(path: Path) -> dict[str, Any]:
    """Read a checkpoint.

    Raises:
        FileFormatError: it is damaged, or holds a model instead of a run.
    """
    content, manifest = archive.read(path)
    if manifest.get("kind") != "checkpoint" or not isinstance(content, dict):
        raise FileFormatError(
            f"fit: {path} holds a model, not a checkpoint of a run; give `checkpoint` another name, or start from "
            "`sciml.load` of this one."
        )
    return content


def check(
    path: Path, content: dict[str, Any], run: dict[str, Any], here: dict[str, Any], allowed: Sequence[str]
) -> None:
    """Compare a checkpoint with the present run.

    Args:
        path: the checkpoint, for messages.
        content: what it holds.
        run: the arguments of this run and sums of them.
        here: the environment.
        allowed: names that may differ.

    Raises:
        ResumeError: an argument differs; each is named.
    """
    before, there = content["run"], content["environment"]
    for name in [key for key in here if here[key] != there.get(key)]:
        warnings.warn(
            f"fit: the checkpoint was written with {name} {there.get(name)}, here it is {here[name]}: the run "
            "goes on, but "
            "not bit for bit as it would have.",
            stacklevel=4,
        )
    # The text of a traced program belongs to one version of JAX; across versions it cannot be compared.
    traced = {"optimizer", "loss"} if here["jax"] != there.get("jax") else set()
    changed = [name for name in _MEANING if name not in traced and before.get(name) != run[name]]
    refused = [name for name in changed if name not in allowed]
    if refused:
        parts = [_describe(name, before.get(name), run[name]) for name in refused]
        raise ResumeError(
            f"fit: cannot go on from {path}: {'; '.join(parts)}. Restore these, choose another `checkpoint`, or, "
            "if the "
            f"change is meant, pass `allow_changed={tuple(refused)!r}`."
        )
    if "loss" not in traced and before.get("loss") != run["loss"]:
        warnings.warn("fit: the loss computes something else than when the checkpoint was written.", stacklevel=4)


def _describe(name: str, before: Any, now: Any) -> str:
    if isinstance(before, int | float | None) and isinstance(now, int | float | None):
        return f"`{name}` ({_MEANING[name]}) was {before}, is now {now}"
    return f"`{name}` ({_MEANING[name]}) changed"


def host_key(key: Any) -> str:
    """Give the words of a random key as text."""
    return " ".join(str(word) for word in np.asarray(jax.random.key_data(key)).reshape(-1))
