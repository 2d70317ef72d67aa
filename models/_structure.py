"""Copies of a module with other field values."""

import dataclasses
from typing import TypeVar

import equinox as eqx

Model = TypeVar("Model", bound=eqx.Module)


def replace_fields(module: Model, **values: object) -> Model:
    """Copy a module, static fields included, without calling its constructor.

    Args:
        module: the module.
        **values: new values of some of its fields.

    Raises:
        TypeError: a name is no field of the module.
    """
    names = {field.name for field in dataclasses.fields(module)}
    if unknown := set(values) - names:
        raise TypeError(f"replace_fields: {type(module).__name__} has no field {sorted(unknown)}.")
    copy = object.__new__(type(module))
    for name in names:
        object.__setattr__(copy, name, values.get(name, getattr(module, name)))
    return copy
