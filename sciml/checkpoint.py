"""Files of models: `save` and `load`."""

import os
from pathlib import Path
from typing import Any

import jax

from sciml import __version__
from sciml.files import archive


def save(path: str | os.PathLike[str], model: Any, *, config: Any = None) -> None:
    """Write a model, or any tree of arrays, to one file.

    The file is a zip of stored `.npy` members and a JSON manifest that holds the structure by name, so `load` needs
    no template and opening the file runs no code that the file chose. It appears under `path` whole or not at all.

    What can be stored: arrays of every dtype (random keys, complex, bfloat16 and narrower), numbers, strings, lists,
    tuples, dictionaries, classes of this package, Equinox layers, JAX activations, and what `sciml.register` named. A
    class may write
    itself: `to_file(self) -> dict` and a class method `from_file(fields)`. An array in two places is stored once and
        is one array again. The sums find accidents and careless edits, not an adversary who recomputes them.

    Args:
        path: file to write; its folder must exist.
        model: an `eqx.Module` or a tree of arrays.
        config: numbers, strings, lists, tuples, dictionaries that tell people how the model was made; not used by
            `load`.

    Raises:
        TypeError: something has no name that a file could use (a lambda, a partial, an unregistered class); the
            message says where it sits. Nothing is written then.

    Example:
        >>> import tempfile, equinox as eqx, jax, sciml
        >>> model = eqx.nn.MLP(2, 1, 8, 1, activation=jax.nn.gelu, key=jax.random.key(0))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     sciml.save(f"{folder}/model.sciml", model)
        ...     again = sciml.load(f"{folder}/model.sciml")
        >>> bool(eqx.tree_equal(model, again))
        True
    """
    archive.write(Path(path), model, kind="model", config=config, package_version=__version__)


def load(path: str | os.PathLike[str], *, narrow: bool = False, sharding: jax.sharding.Sharding | None = None) -> Any:
    """Read what `save` wrote: the model, rebuilt from its fields without running a constructor.

    Args:
        path: file to read.
        narrow: read 64-bit JAX arrays in 32 bits when JAX runs without 64-bit types, instead of refusing.
        sharding: where to put the arrays; default: the default device.

    Returns:
        The model or tree. Weakly typed JAX arrays come back with the strong type of the same dtype.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: the file is truncated, edited, foreign, from a newer version, or names a class that is not
            registered.

    Example:
        >>> import sciml
        >>> sciml.load(__file__)  # doctest: +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        sciml.files.format.FileFormatError: load: ... is not a file of sciml, or it is truncated or damaged ...
    """
    value, _ = archive.read(Path(path), narrow=narrow)
    if sharding is None:
        return value
    return jax.tree.map(lambda leaf: jax.device_put(leaf, sharding) if isinstance(leaf, jax.Array) else leaf, value)


def read_manifest(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Give the manifest of a file: structure, configuration, and path, dtype, shape and sum of each leaf.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: as for `load`.
    """
    return archive.read(Path(path), narrow=True)[1]
