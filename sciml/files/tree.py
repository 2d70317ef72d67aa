"""Objects as a structure of names, numbers and leaf numbers, and back, without running a constructor.

The structure is JSON. `None`, booleans, integers, finite floats, strings and lists stand for themselves; everything
else is a dictionary with one tag: `leaf`, `class`, `function`, `tuple`, `dict`, `float`, `complex`, `dtype`,
`scalar_type`, `slice`, `enum`.
"""

import dataclasses
import enum
import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from sciml.files.format import MAX_DEPTH, FileFormatError
from sciml.files.leaves import is_leaf
from sciml.registry import Entry, RegistryError, entry_of, resolve

_SCALAR_NAMES = (
    *("bfloat16", "float16", "float32", "float64", "complex64", "complex128"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"),
)
_SCALAR_TYPES = {name: getattr(jnp, name) for name in _SCALAR_NAMES}


class Encoder:
    """Collects the leaves of an object while writing its structure down."""

    def __init__(self) -> None:
        self.leaves: list[tuple[str, Any]] = []
        self._seen: dict[int, int] = {}

    def encode(self, value: Any, path: str = "", depth: int = 0) -> Any:
        """Give the structure of `value`; arrays go to `leaves`, each object once.

        Raises:
            TypeError: something in it has no name that a file could use; the message says where.
        """
        if depth > MAX_DEPTH:
            raise TypeError(f"save: {path[:200]} is nested deeper than {MAX_DEPTH} levels.")
        if value is None or type(value) in (bool, str, int):
            return value
        if type(value) is float:
            return _encode_float(value)
        if type(value) is complex:
            return {"complex": [_encode_float(value.real), _encode_float(value.imag)]}
        if is_leaf(value):
            return {"leaf": self._leaf(value, path)}
        return self._container(value, path, depth)

    def _leaf(self, value: Any, path: str) -> int:
        # By identity: one array used in two places is stored once and is one array again after loading. NumPy scalars
        # are made anew at each access, so identity says nothing about them.
        if isinstance(value, np.generic) or id(value) not in self._seen:
            self._seen[id(value)] = len(self.leaves)
            self.leaves.append((path or "value", value))
        return self._seen[id(value)]

    def _container(self, value: Any, path: str, depth: int) -> Any:
        kind = type(value)
        if kind is list:
            return [self.encode(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(value)]
        if kind is tuple:
            return {"tuple": [self.encode(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(value)]}
        if kind is dict:
            pairs = (
                (self.encode(key, f"{path} key", depth + 1), self.encode(item, f"{path}[{key!r}]", depth + 1))
                for key, item in value.items()
            )
            return {"dict": [list(pair) for pair in pairs]}
        if isinstance(value, np.dtype):
            return {"dtype": value.name}
        if kind is slice:
            return {"slice": [self.encode(item, path, depth + 1) for item in (value.start, value.stop, value.step)]}
        for name, scalar in _SCALAR_TYPES.items():
            if value is scalar:
                return {"scalar_type": name}
        return self._named(value, path, depth)

    def _named(self, value: Any, path: str, depth: int) -> Any:
        where = path or "the object"
        if isinstance(value, functools.partial | jax.tree_util.Partial):
            raise TypeError(
                f"save: {where} is a partial function; write it as a named function with `@sciml.register`."
            )
        try:
            if isinstance(value, enum.Enum):
                return {"enum": entry_of(type(value)).name, "member": value.name}
            if dataclasses.is_dataclass(value) and not isinstance(value, type):
                return self._object(value, entry_of(type(value)), path, depth)
            if hasattr(type(value), "to_file"):
                return self._object(value, entry_of(type(value)), path, depth)
            if isinstance(value, type) or callable(value):
                return {"function": entry_of(value).name}
        except RegistryError as error:
            raise TypeError(f"save: {where}: {error}") from None
        raise TypeError(
            f"save: {where} is a {type(value).__name__}, which cannot be stored; use arrays, numbers, strings, "
            "lists, tuples, "
            "dictionaries, or a dataclass decorated with `@sciml.register`."
        )

    def _object(self, value: Any, entry: Entry, path: str, depth: int) -> Any:
        custom = hasattr(type(value), "to_file")
        if custom:
            fields = value.to_file()
        else:
            fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        dot = f"{path}." if path else ""
        spec = {name: self.encode(item, f"{dot}{name}", depth + 1) for name, item in fields.items()}
        return {"class": entry.name, "version": entry.version, "custom" if custom else "fields": spec}


class Decoder:
    """Rebuilds an object from its structure; leaves are read when first met."""

    def __init__(self, read: Callable[[int], Any], count: int) -> None:
        self._read = read
        self._count = count
        self._cache: dict[int, Any] = {}

    @property
    def unused(self) -> list[int]:
        """Numbers of the leaves that the structure never named."""
        return [i for i in range(self._count) if i not in self._cache]

    def decode(self, spec: Any) -> Any:
        """Rebuild the object.

        Raises:
            FileFormatError: the structure makes no sense, or names what is not registered.
        """
        if spec is None or isinstance(spec, bool | str | int | float):
            return spec
        if isinstance(spec, list):
            return [self.decode(item) for item in spec]
        if not isinstance(spec, dict):
            raise FileFormatError(f"cannot read {spec!r} as part of a structure.")
        for tag, build in self._builders().items():
            if tag in spec:
                try:
                    return build(spec)
                except (TypeError, KeyError, IndexError, AttributeError) as error:
                    raise FileFormatError(f"cannot read the part tagged {tag!r}: {error!r}.") from error
        raise FileFormatError(f"unknown tags {sorted(spec)} in the structure.")

    def _builders(self) -> dict[str, Callable[[dict[str, Any]], Any]]:
        return {
            "leaf": lambda spec: self._leaf(spec["leaf"]),
            "class": self._object,
            "tuple": lambda spec: tuple(self.decode(item) for item in spec["tuple"]),
            "dict": lambda spec: {self.decode(key): self.decode(item) for key, item in spec["dict"]},
            "function": lambda spec: _resolve(spec["function"]).thing,
            "float": lambda spec: _special_float(spec["float"]),
            "complex": lambda spec: complex(*(float(self.decode(part)) for part in spec["complex"])),
            "dtype": lambda spec: jnp.dtype(_SCALAR_TYPES.get(spec["dtype"], spec["dtype"])),
            "scalar_type": lambda spec: _SCALAR_TYPES[spec["scalar_type"]],
            "slice": lambda spec: slice(*(self.decode(part) for part in spec["slice"])),
            "enum": _enum_member,
        }

    def _leaf(self, number: Any) -> Any:
        if type(number) is not int or not 0 <= number < self._count:
            raise FileFormatError(f"the structure names leaf {number!r}, the file holds {self._count}.")
        if number not in self._cache:
            self._cache[number] = self._read(number)
        return self._cache[number]

    def _object(self, spec: dict[str, Any]) -> Any:
        entry = _resolve(spec["class"])
        cls = entry.thing
        if not isinstance(cls, type):
            raise FileFormatError(f"{entry.name} is not a class.")
        stored = spec["custom"] if "custom" in spec else spec["fields"]
        fields = {name: self.decode(item) for name, item in stored.items()}
        version = spec["version"]
        if type(version) is not int or version > entry.version:
            raise FileFormatError(
                f"{entry.name} was saved in version {version!r} of its fields, this session knows up to "
                f"{entry.version}; update."
            )
        if version < entry.version:
            fields = _migrate(entry, fields, version)
        return cls.from_file(fields) if "custom" in spec else rebuild(cls, fields, entry.name)


def rebuild(cls: type, fields: dict[str, Any], name: str) -> Any:
    """Make an object of a dataclass from its fields, without its constructor; invariants are checked.

    Raises:
        FileFormatError: the fields are not exactly those of the class, or it refuses them.
    """
    if not dataclasses.is_dataclass(cls):
        raise FileFormatError(f"{name} is not a dataclass, so it cannot be rebuilt from fields.")
    declared = {field.name for field in dataclasses.fields(cls)}
    if declared != set(fields):
        missing, extra = sorted(declared - set(fields)), sorted(set(fields) - declared)
        raise FileFormatError(
            f"the fields of {name} changed since the file was written: missing {missing}, unknown {extra}. Its "
            "author can read "
            "old files with `@sciml.register(version=..., migrate=...)`."
        )
    made = object.__new__(cls)
    for key, value in fields.items():
        object.__setattr__(made, key, value)
    # Equinox's own order: every class of the hierarchy checks what it added.
    for parent in cls.__mro__:
        check = parent.__dict__.get("__check_init__")
        if check is not None:
            try:
                check(made)
            except (TypeError, ValueError) as error:
                raise FileFormatError(f"the stored fields of {name} are refused by the class: {error}") from error
    return made


def _migrate(entry: Entry, fields: dict[str, Any], version: int) -> dict[str, Any]:
    if entry.migrate is None:
        raise FileFormatError(
            f"{entry.name} was saved in version {version} of its fields, this session has {entry.version} and no "
            "`migrate=`."
        )
    return entry.migrate(fields, version)


def _resolve(name: Any) -> Entry:
    if not isinstance(name, str):
        raise FileFormatError(f"{name!r} is not a name.")
    try:
        return resolve(name)
    except RegistryError as error:
        raise FileFormatError(str(error)) from None


def _encode_float(value: float) -> Any:
    return value if math.isfinite(value) else {"float": repr(value)}


def _special_float(text: Any) -> float:
    if text not in ("nan", "inf", "-inf"):
        raise FileFormatError(f"{text!r} is not a special number.")
    return float(text)


def _enum_member(spec: dict[str, Any]) -> Any:
    kind = _resolve(spec["enum"]).thing
    if not (isinstance(kind, type) and issubclass(kind, enum.Enum)):
        raise FileFormatError(f"{spec['enum']!r} is not an enumeration.")
    return kind[spec["member"]]
