"""Names that a file may use: a dictionary of classes and functions, never an import chosen by the file.

A file written by `sciml.save` names the classes and functions it needs. `resolve` looks such a name up in the
dictionary that `register` fills, then in the static table of this package's own classes (`registry_table.py`), then in the
lists of Equinox layers and JAX activations. Anything else is refused, so opening a file runs no code that the file chose.
"""

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, overload

from sciml.registry_table import TABLE

Thing = TypeVar("Thing", bound=Callable[..., Any])
Migration = Callable[[dict[str, Any], int], dict[str, Any]]

# fmt: off
_EQUINOX = (
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d", "AdaptivePool", "AvgPool1d", "AvgPool2d", "AvgPool3d", "Conv", "Conv1d", "Conv2d",
    "Conv3d", "ConvTranspose", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", "Dropout", "Embedding",
    "GRUCell", "GroupNorm", "Identity", "LSTMCell", "Lambda", "LayerNorm", "Linear", "MLP", "MaxPool1d",
    "MaxPool2d", "MaxPool3d", "MultiheadAttention", "PReLU", "Pool", "RMSNorm", "RotaryPositionalEmbedding",
    "Sequential", "WeightNorm",
)
# fmt: on

# fmt: off
_ACTIVATIONS = (
    "celu", "elu", "gelu", "glu", "hard_sigmoid", "hard_silu", "hard_tanh", "identity", "leaky_relu", "log_sigmoid",
    "log_softmax", "logsumexp", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "soft_sign", "softmax",
    "softplus", "sparse_plus", "sparse_sigmoid", "squareplus", "standardize", "tanh",
)
# fmt: on

# fmt: off
_FUNCTIONS = (
    "abs", "arctan", "cos", "exp", "log", "log1p", "maximum", "minimum", "negative", "sin", "sinc", "sqrt",
    "square", "tan", "tanh",
)
# fmt: on

# diffrax is slow to import: its names are looked at only where a file or a model has one of them.
_DIFFRAX = (
    *(
        "Bosh3",
        "Dopri5",
        "Dopri8",
        "Euler",
        "EulerHeun",
        "Heun",
        "ItoMilstein",
        "Midpoint",
        "Ralston",
        "ReversibleHeun",
    ),
    *("StratonovichMilstein", "Tsit5"),
)


@dataclass(frozen=True)
class Entry:
    """One registered class or function.

    Attributes:
        name: what files call it.
        thing: the class or function.
        version: version of its fields, written in files.
        migrate: `migrate(fields, version)` turns the fields of an older version into those of this one.
    """

    name: str
    thing: Callable[..., Any]
    version: int = 1
    migrate: Migration | None = None


class RegistryError(ValueError):
    """A name is unknown, taken, or a class or function has no name that a file could use."""


_BY_NAME: dict[str, Entry] = {}
_BY_ID: dict[int, Entry] = {}


@overload
def register(thing: Thing) -> Thing: ...
@overload
def register(
    *, name: str | None = None, version: int = 1, migrate: Migration | None = None
) -> Callable[[Thing], Thing]: ...
def register(thing: Any = None, *, name: str | None = None, version: int = 1, migrate: Migration | None = None) -> Any:
    """Let files written by `sciml.save` name a class or function.

    Register what your own models are made of: the `eqx.Module` (or other dataclass) itself and any function it
    stores, such as an activation. The same registration must have run before `sciml.load`.

    Args:
        thing: the class or function; left out when options are given (`@sciml.register(version=2)`).
        name: name in files; default `"module:qualified name"`. Give one to what is defined in a script or inside a
            function, so that it is found again from elsewhere.
        version: raise it when the fields change meaning or name.
        migrate: `migrate(fields, version) -> fields`, called with the stored fields of an older version.

    Returns:
        `thing`, unchanged.

    Raises:
        RegistryError: the name is taken by something else, or the object has no name of its own.

    Example:
        >>> import equinox as eqx, jax, sciml
        >>> @sciml.register(name="doc:Scale")
        ... class Scale(eqx.Module):
        ...     factor: jax.Array
        ...     def __call__(self, x, *, key=None):
        ...         return self.factor * x
        >>> sciml.registry.resolve("doc:Scale").thing is Scale
        True
    """
    if thing is None:
        return lambda given: register_as(given, name=name, version=version, migrate=migrate)
    return register_as(thing, name=name, version=version, migrate=migrate)


def register_as(thing: Any, *, name: str | None = None, version: int = 1, migrate: Migration | None = None) -> Any:
    """Do what `register` does, as a plain call."""
    chosen = default_name(thing) if name is None else name
    taken = _BY_NAME.get(chosen)
    if (
        taken is not None
        and taken.thing is not thing
        and default_name(taken.thing, strict=False) != default_name(thing, strict=False)
    ):
        raise RegistryError(f"register: the name {chosen!r} already belongs to {taken.thing!r}; give another `name=`.")
    entry = Entry(chosen, thing, version, migrate)
    _BY_NAME[chosen] = entry
    _BY_ID[id(thing)] = entry
    return thing


def default_name(thing: Any, *, strict: bool = True) -> str:
    """Name `module:qualified name`; lambdas and functions made inside others have none."""
    module, qualified = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(qualified, str):
        if strict:
            raise RegistryError(f"register: {thing!r} has no name of its own; give `name=`.")
        return repr(thing)
    if strict and "<" in qualified:
        raise RegistryError(
            f"register: {qualified!r} is a lambda or was defined inside a function, so its name does not say "
            "where to find it; "
            "define it at the top of a module or give `name=`."
        )
    return f"{module}:{qualified}"


@cache
def _known() -> dict[str, Any]:
    """Equinox layers, JAX activations and elementary functions, by name."""
    import equinox as eqx
    import jax
    import jax.numpy as jnp

    known: dict[str, Any] = {f"equinox.nn:{name}": getattr(eqx.nn, name) for name in _EQUINOX}
    known |= {f"jax.nn:{name}": getattr(jax.nn, name) for name in _ACTIVATIONS}
    known |= {f"jax.numpy:{name}": getattr(jnp, name) for name in _FUNCTIONS}
    # The default final activation of an Equinox MLP is an unnamed function of that library.
    known["equinox.nn:MLP.final_activation"] = (
        inspect.signature(eqx.nn.MLP.__init__).parameters["final_activation"].default
    )
    return known


@cache
def _known_by_id() -> dict[int, str]:
    # Two names can belong to one function (`jax.nn.tanh` and `jax.numpy.tanh`): the first one listed is written.
    names: dict[int, str] = {}
    for name, thing in _known().items():
        names.setdefault(id(thing), name)
    return names


def resolve(name: str) -> Entry:
    """Find the entry that a file means by `name`.

    Args:
        name: a registered name, one of `TABLE` (`"sciml.grid:Grid"`), an Equinox layer (`"equinox.nn:Linear"`) or a JAX
            activation (`"jax.nn:gelu"`).

    Raises:
        RegistryError: nothing of that name is registered.
    """
    if name in _BY_NAME:
        return _BY_NAME[name]
    module, _, qualified = name.partition(":")
    if qualified in TABLE.get(module, ()):
        thing = getattr(importlib.import_module(module), qualified)
        # Importing may have registered the class itself, with its version and migration.
        return _BY_NAME.get(name, Entry(name, thing))
    if module == "diffrax" and qualified in _DIFFRAX:
        return Entry(name, getattr(importlib.import_module("diffrax"), qualified))
    if name in _known():
        return Entry(name, _known()[name])
    raise RegistryError(
        f"unknown name {name!r}: it is neither a class of this version of sciml nor registered by you. If it is "
        "yours, import "
        "the module that decorates it with `@sciml.register` before loading."
    )


def entry_of(thing: Any) -> Entry:
    """Find the entry under which files name a class or function.

    Raises:
        RegistryError: it is not registered.
    """
    if id(thing) in _BY_ID and _BY_ID[id(thing)].thing is thing:
        return _BY_ID[id(thing)]
    if id(thing) in _known_by_id():
        return Entry(_known_by_id()[id(thing)], thing)
    name = default_name(thing, strict=False)
    module, _, qualified = name.partition(":")
    if qualified in TABLE.get(module, ()):
        return resolve(name)
    if module.startswith("diffrax.") and qualified in _DIFFRAX:
        return resolve(f"diffrax:{qualified}")
    raise RegistryError(
        f"{name} is not registered, so a file cannot name it; decorate it with `@sciml.register` where it is defined"
        + (" (a lambda or an inner function must become a named one first)." if "<" in name else ".")
    )


def table() -> Mapping[str, tuple[str, ...]]:
    """Give the static table of this package's own classes, by module."""
    return dict(TABLE)
