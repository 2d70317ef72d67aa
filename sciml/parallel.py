"""Work over several devices: batches split along their first axis, everything else on each device; or fields split over space."""

import math
from collections.abc import Sequence
from typing import TypeVar

import equinox as eqx
import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

Tree = TypeVar("Tree")

BATCH = "batch"
"""Name of the mesh axis along which batches are split."""


def batch_mesh(devices: Sequence[jax.Device] | None = None) -> Mesh:  # pyright: ignore[reportInvalidTypeForm]
    """Make a mesh with the single axis "batch".

    Args:
        devices: the devices to use, all of this process's backend if None.

    Example:
        >>> from sciml.parallel import batch_mesh
        >>> batch_mesh().axis_names
        ('batch',)
    """
    chosen = list(jax.devices() if devices is None else devices)
    if not chosen:
        raise ValueError("batch_mesh: `devices` is empty; give at least one device, or None for all.")
    return Mesh(np.array(chosen), (BATCH,))


def domain_mesh(shape: Sequence[int] | None = None, devices: Sequence[jax.Device] | None = None) -> Mesh:  # pyright: ignore[reportInvalidTypeForm]
    """Make a mesh that splits a field over space: `solvers.rollout(..., mesh=domain_mesh())`.

    Args:
        shape: devices per split space axis, one number for slabs or two for pencils (in 3-D); slabs over all devices if None.
        devices: the devices to use, all of this process's backend if None.

    Raises:
        ValueError: if `shape` does not have one or two entries whose product is the number of devices.

    Example:
        >>> from sciml.parallel import domain_mesh
        >>> domain_mesh().axis_names
        ('slab',)
    """
    chosen = list(jax.devices() if devices is None else devices)
    shape = (len(chosen),) if shape is None else tuple(shape)
    if len(shape) not in (1, 2) or math.prod(shape) != len(chosen):
        raise ValueError(
            f"domain_mesh: `shape` {shape} must be one or two counts whose product is {len(chosen)} devices."
        )
    names = ("slab",) if len(shape) == 1 else ("row", "column")
    return Mesh(np.array(chosen).reshape(shape), names)


def shard_batch(tree: Tree, mesh: Mesh | None = None) -> Tree:
    """Split the leading axis of every array of a tree over the devices of a mesh.

    A function compiled for such arguments runs on all devices; `jax.vmap` over the leading axis needs no communication.

    Args:
        tree: arrays with a leading batch axis whose length is a multiple of the number of devices.
        mesh: as made by `batch_mesh`; all devices if None.

    Raises:
        ValueError: if a leading axis does not divide evenly; names the leaf.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.parallel import shard_batch
        >>> tuple(shard_batch({"inputs": jnp.ones((8, 1, 16))})["inputs"].sharding.spec)
        ('batch',)
    """
    mesh = batch_mesh() if mesh is None else mesh
    count = mesh.shape[BATCH]
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        shape = np.shape(leaf)
        if len(shape) == 0 or shape[0] % count:
            raise ValueError(
                f"shard_batch: leaf `tree{jax.tree_util.keystr(path)}` has shape {shape}, whose first axis does not "
                f"divide over {count} devices; take a batch that is a multiple of {count}, or fewer devices."
            )
    return jax.device_put(tree, NamedSharding(mesh, PartitionSpec(BATCH)))


def replicate(tree: Tree, mesh: Mesh | None = None) -> Tree:
    """Put a copy of every array of a tree on each device of a mesh: for models, next to `shard_batch` for data.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.parallel import replicate
        >>> replicate(jnp.ones(3)).sharding.is_fully_replicated
        True
    """
    mesh = batch_mesh() if mesh is None else mesh
    sharding = NamedSharding(mesh, PartitionSpec())
    arrays, rest = eqx.partition(tree, lambda leaf: isinstance(leaf, jax.Array | np.ndarray))
    return eqx.combine(jax.device_put(arrays, sharding), rest)
