"""The registry: what files may name, and that all of our own classes are in its table."""

import importlib
import inspect
import pkgutil
import subprocess
import sys

import equinox as eqx
import jax
import pytest

import sciml
from sciml.registry import TABLE, RegistryError, entry_of, resolve


def modules_of(package: str) -> list[str]:
    paths = importlib.import_module(package).__path__
    return [f"{package}.{found.name}" for found in pkgutil.iter_modules(paths)]


def final_modules(package: str) -> list[type]:
    found = []
    for name in modules_of(package):
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("sciml"):
                raise
            continue  # an extra that is not installed
        for thing in vars(module).values():
            if inspect.isclass(thing) and issubclass(thing, eqx.Module) and thing.__module__ == name:
                found.append(thing)
    return [thing for thing in found if not inspect.isabstract(thing) and not thing.__name__.startswith("Abstract")]


@pytest.mark.parametrize("package", ["sciml.models", "sciml.physics", "sciml.random"])
def test_every_class_of_a_room_can_be_saved(package):
    missing = []
    for thing in final_modules(package):
        try:
            entry_of(thing)
        except RegistryError:
            missing.append(f"{thing.__module__}:{thing.__name__}")
    assert not missing, f"add to TABLE in sciml/registry_table.py: {missing}"


def test_table_names_what_exists():
    for module, names in TABLE.items():
        for name in names:
            entry = resolve(f"{module}:{name}")
            assert entry.thing.__name__ == name
            assert entry_of(entry.thing).name == entry.name


def test_a_table_class_resolves_without_an_import_before():
    code = (
        "import sys, sciml\n"
        "assert 'sciml.grid' not in sys.modules\n"
        "entry = sciml.registry.resolve('sciml.grid:Grid')\n"
        "assert 'sciml.grid' in sys.modules and entry.thing is sciml.Grid\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "name",
    [
        "os:system",
        "sciml.registry:importlib",
        "sciml.grid:np",
        "sciml.os:system",
        "builtins:eval",
        "equinox.nn:State",
        "",
    ],
)
def test_unknown_names_are_refused(name):
    with pytest.raises(RegistryError, match="unknown name"):
        resolve(name)


def test_functions_and_layers_resolve_to_themselves():
    for thing in (jax.nn.gelu, jax.nn.tanh, jax.numpy.sin, eqx.nn.Linear, eqx.nn.Conv2d):
        assert resolve(entry_of(thing).name).thing is thing


def test_registration_by_name_and_twice():
    @sciml.register(name="test_registry:Thing", version=3)
    class Thing(eqx.Module):
        pass

    assert entry_of(Thing).version == 3
    sciml.register(name="test_registry:Thing")(Thing)
    with pytest.raises(RegistryError, match="already belongs"):
        sciml.register(name="test_registry:Thing")(lambda x: x)


def test_nameless_things_are_refused():
    with pytest.raises(RegistryError, match="lambda or was defined inside"):
        sciml.register(lambda x: x)
    with pytest.raises(RegistryError, match="is not registered"):
        entry_of(print)
