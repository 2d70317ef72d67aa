"""Arrays as `.npy` members and back: every dtype of JAX, random keys, shapes checked before memory is asked for."""

import io
import math
import zlib
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
from jax.core import Tracer

from sciml.files.format import FileFormatError

# The kinds of leaf that come back as what they were.
KINDS = ("jax", "numpy", "numpy_scalar", "key")
# Dtypes that `.npy` cannot name travel as unsigned integers of the same size.
_EXTENDED_NAMES = (
    *("bfloat16", "float8_e3m4", "float8_e4m3", "float8_e4m3b11fnuz", "float8_e4m3fn", "float8_e4m3fnuz"),
    *("float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn", "float6_e2m3fn", "float6_e3m2fn"),
    *("int2", "int4", "uint2", "uint4"),
)
_PLAIN_NAMES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
)
_EXTENDED = {name: np.dtype(getattr(ml_dtypes, name)) for name in _EXTENDED_NAMES if hasattr(ml_dtypes, name)}
_PLAIN = {name: np.dtype(name) for name in _PLAIN_NAMES}


def is_leaf(value: Any) -> bool:
    """Whether a value is stored as an array: a JAX or NumPy array, a NumPy scalar, a random key."""
    return isinstance(value, jax.Array | np.ndarray | np.generic)


def encode(value: Any, path: str) -> tuple[bytes, dict[str, Any]]:
    """Turn an array into the bytes of its member and its line in the manifest (without the member's name).

    Args:
        value: JAX array (also random keys), NumPy array or NumPy scalar.
        path: where it sits, for messages.

    Raises:
        TypeError: the dtype has no place in a file (objects, strings, dates) or the value is a tracer.
    """
    if isinstance(value, Tracer):
        raise TypeError(f"save: {path} is being traced by JAX; save outside of `jit`, `vmap` and `grad`.")
    line: dict[str, Any] = {"path": path, "kind": "numpy"}
    if isinstance(value, jax.Array):
        line["kind"] = "jax"
        if jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
            line |= {"kind": "key", "implementation": str(jax.random.key_impl(value))}
            value = jax.random.key_data(value)
        elif value.weak_type:
            line["weak"] = True
    elif isinstance(value, np.generic):
        line["kind"] = "numpy_scalar"
    # `ascontiguousarray` would make a 0-d array 1-d; `order="C"` keeps the rank.
    array = np.asarray(value, order="C")
    name = array.dtype.name
    if name not in _PLAIN and name not in _EXTENDED:
        raise TypeError(f"save: {path} has dtype {array.dtype}, which cannot be stored; only numbers and booleans can.")
    line |= {"dtype": name, "shape": list(array.shape)}
    stored = (
        array.view(_carrier(name)) if name in _EXTENDED else array.astype(array.dtype.newbyteorder("<"), copy=False)
    )
    member = io.BytesIO()
    np.lib.format.write_array(member, stored, version=(1, 0), allow_pickle=False)
    data = member.getvalue()
    return data, line | {"crc32": zlib.crc32(data)}


def decode(data: bytes, line: dict[str, Any], *, narrow: bool) -> Any:
    """Turn a member back into the array that its manifest line describes.

    Raises:
        FileFormatError: the member does not hold what the manifest says.
        ValueError: a 64-bit array in a session without 64-bit mode, and `narrow` is False.
    """
    path, name, shape = line["path"], line["dtype"], tuple(line["shape"])
    array = _read_npy(data, path, name, shape)
    if line["kind"] == "numpy":
        return array.copy()
    if line["kind"] == "numpy_scalar":
        return array[()]
    if line["kind"] == "key":
        return jax.random.wrap_key_data(jnp.asarray(array), impl=line["implementation"])
    if jax.dtypes.canonicalize_dtype(array.dtype) != array.dtype:
        if not narrow:
            raise ValueError(
                f"load: {path} is {name}, but JAX runs without 64-bit types; call "
                "`jax.config.update('jax_enable_x64', True)` "
                "first, or pass `narrow=True` to read such arrays in 32 bits."
            )
        array = array.astype(jax.dtypes.canonicalize_dtype(array.dtype))
    return jnp.array(array)


def check_line(line: Any, position: int) -> int:
    """Check one manifest line and give the number of bytes its values must take."""
    wanted = {"path": str, "kind": str, "dtype": str, "shape": list, "crc32": int, "member": str}
    if not isinstance(line, dict) or any(not isinstance(line.get(key), kind) for key, kind in wanted.items()):
        raise FileFormatError(f"leaf {position} of the manifest is incomplete.")
    path, name, shape = line["path"], line["dtype"], line["shape"]
    if line["kind"] not in KINDS or (line["kind"] == "key" and not isinstance(line.get("implementation"), str)):
        raise FileFormatError(f"leaf {position} ({path}) is of unknown kind {line['kind']!r}.")
    if name not in _PLAIN and name not in _EXTENDED:
        raise FileFormatError(f"leaf {position} ({path}) has unknown dtype {name!r}.")
    if len(shape) > 64 or any(type(size) is not int or size < 0 for size in shape):
        raise FileFormatError(f"leaf {position} ({path}) has the impossible shape {shape}.")
    return math.prod(shape) * (_PLAIN.get(name) or _EXTENDED[name]).itemsize


def _carrier(name: str) -> np.dtype:
    return np.dtype(f"u{_EXTENDED[name].itemsize}")


def _read_npy(data: bytes, path: str, name: str, shape: tuple[int, ...]) -> np.ndarray:
    stored = _carrier(name) if name in _EXTENDED else _PLAIN[name].newbyteorder("<")
    stream = io.BytesIO(data)
    try:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise FileFormatError(f"{path}: its member is of another `.npy` version.")
        found_shape, fortran, found = np.lib.format.read_array_header_1_0(stream)
    except ValueError as error:
        raise FileFormatError(f"{path}: its member is not a `.npy` array ({error}).") from None
    if found_shape != shape or fortran or found != stored:
        raise FileFormatError(
            f"{path}: its member holds {found} {found_shape}, the manifest says {stored} {shape}; the file was edited."
        )
    values = np.frombuffer(data, dtype=stored, offset=stream.tell()).reshape(shape)
    return values.view(_EXTENDED[name]) if name in _EXTENDED else values.astype(_PLAIN[name], copy=False)
