"""The public surface is frozen: a name comes or goes with a line in `public_names.txt` and in CHANGELOG.md."""

import importlib
from pathlib import Path

import pytest

SNAPSHOT = Path(__file__).with_name("public_names.txt")
PACKAGES = (
    "sciml",
    "sciml.data",
    "sciml.experiment",
    "sciml.fields",
    "sciml.gp",
    "sciml.kernels",
    "sciml.losses",
    "sciml.metrics",
    "sciml.models",
    "sciml.normalisation",
    "sciml.parallel",
    "sciml.parameters",
    "sciml.physics",
    "sciml.plotting",
    "sciml.random",
    "sciml.registry",
    "sciml.sampling",
    "sciml.solvers",
    "sciml.special",
)


def public_names(package):
    """`__all__`, or what the module itself defines."""
    module = importlib.import_module(package)
    if hasattr(module, "__all__"):
        return sorted(module.__all__)
    return sorted(
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == package and callable(value)
    )


def test_the_public_surface_equals_the_snapshot():
    now = [f"{package}.{name}" for package in PACKAGES for name in public_names(package)]
    assert now == SNAPSHOT.read_text().split()


def test_every_public_name_can_be_imported():
    for package in PACKAGES:
        module = importlib.import_module(package)
        assert all(getattr(module, name) is not None for name in public_names(package)), package
        assert set(public_names(package)) <= set(dir(module)), package


def test_an_unknown_name_is_refused_by_name():
    import sciml

    with pytest.raises(AttributeError, match="no_such_thing"):
        sciml.no_such_thing  # noqa: B018
