"""Lazy public names: a package lists where each name lives, and the module is imported at first use."""

import importlib
import sys
from collections.abc import Callable, Mapping


def attach(
    package: str, names: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]], list[str]]:
    """Make `__getattr__`, `__dir__` and `__all__` for a package.

    Args:
        package: the package's `__name__`.
        names: public name -> absolute module that defines it; a name that equals its module's last part may map to the
            module itself, written with a trailing colon (`"solvers": "sciml.solvers:"`).

    Returns:
        The three objects, in this order.
    """

    def __getattr__(name: str) -> object:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, is_module = names[name].removesuffix(":"), names[name].endswith(":")
        imported = importlib.import_module(module)
        value = imported if is_module else getattr(imported, name)
        # Importing `sciml.solve...` binds submodules on the package; the public name must win.
        setattr(sys.modules[package], name, value)
        return value

    return __getattr__, lambda: sorted(names), sorted(names)
