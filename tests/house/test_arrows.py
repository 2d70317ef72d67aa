"""Imports go one way: core <- physics <- solvers <- models <- experiments <- command line."""

import ast

import pytest
from source_tree import (
    ROOMS,
    ROOT,
    imports_of,
    lazy_table,
    name_of,
    room_of_file,
    room_of_name,
    source_files,
    tree_of,
)

# The front door lists names of all rooms; it imports none of them before they are asked for.
FRONT_DOOR = ROOT / "sciml" / "__init__.py"


def resolved(target):
    """Where a name of the front door lives: `sciml.solve` is in the room of the solvers."""
    parts = target.split(".")
    if parts[0] == "sciml" and len(parts) > 1:
        home = lazy_table(tree_of(FRONT_DOOR)).get(parts[1])
        return target if home is None else home.removesuffix(":")
    return target


def violations(tree, room):
    wrong = []
    for item in imports_of(tree):
        if item.target.startswith("."):
            wrong.append(f"line {item.line}: relative import {item.target}; write it from sciml. on")
        if item.target.split(".")[0] in ROOMS:
            wrong.append(f"line {item.line}: imports {item.target}; the package is sciml.{item.target}")
        other = room_of_name(resolved(item.target))
        if other is not None and ROOMS.index(other) > ROOMS.index(room):
            wrong.append(f"line {item.line}: {room} imports {item.target} from {other}")
    return wrong


def test_a_room_imports_from_rooms_on_its_left():
    checked = {
        name_of(path): violations(tree_of(path), room_of_file(path)) for path in source_files() if path != FRONT_DOOR
    }
    assert {name: wrong for name, wrong in checked.items() if wrong} == {}
    assert {room_of_file(path) for path in source_files()} == set(ROOMS)


def test_lazy_names_live_in_their_package_and_are_known_to_the_type_checker():
    packages = [path for path in source_files() if lazy_table(tree_of(path)) is not None]
    assert FRONT_DOOR in packages
    for path in packages:
        table = lazy_table(tree_of(path))
        typed = {item.target.rsplit(".", 1)[1] for item in imports_of(tree_of(path)) if item.typing_only}
        assert typed == set(table), name_of(path)
        if path != FRONT_DOOR:
            homes = {room_of_name(module.removesuffix(":")) for module in table.values()}
            assert homes == {room_of_file(path)}, name_of(path)


def test_a_lazy_name_is_not_hidden_by_a_submodule():
    """Importing `sciml/plotting/style.py` binds that name to the module: a function `style` of the package is lost."""
    hidden = [
        f"{name_of(path)}: {name}"
        for path in source_files()
        for name, module in (lazy_table(tree_of(path)) or {}).items()
        if not module.endswith(":") and ((path.parent / f"{name}.py").exists() or (path.parent / name).is_dir())
    ]
    assert hidden == []


def test_the_front_door_imports_nothing_but_the_lazy_table():
    eager = [item.target for item in imports_of(tree_of(FRONT_DOOR)) if not item.typing_only]
    assert {target.rsplit(".", 1)[0] for target in eager} <= {"typing", "sciml._lazy"}


@pytest.mark.parametrize(
    ("source", "room"),
    [
        ("from sciml.solvers.fixed_step import rollout", "physics"),
        ("def f():\n    import sciml.models", "core"),
        ("import sciml\nsciml.solve", "physics"),
        ("from sciml import models", "solvers"),
        ("from models.fno import FNO", "experiments"),
        ("from .grid import Grid", "core"),
        ("from sciml.commands.output import write", "experiments"),
    ],
)
def test_a_wrong_import_is_seen(source, room):
    assert len(violations(ast.parse(source), room)) >= 1


def test_a_right_import_is_let_through():
    source = "import jax\nfrom sciml.grid import Grid\nfrom sciml.physics import Burgers\nimport sciml\nsciml.Grid"
    assert violations(ast.parse(source), "solvers") == []
