"""The source of the library as the tests of the house see it: files, rooms, imports."""

import ast
import functools
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# From left to right: a room imports from itself and from rooms on its left.
ROOMS = ("core", "physics", "solvers", "models", "experiments", "cli")
FOLDERS = ("sciml", "physics", "solvers", "models", "experiments")


@dataclass(frozen=True)
class Import:
    """One imported module or name, and where.

    Attributes:
        target: absolute dotted name, the imported name included.
        line: line number.
        typing_only: whether it stands in an `if TYPE_CHECKING:` block.
    """

    target: str
    line: int
    typing_only: bool


def source_files() -> list[Path]:
    """Python files of the library, each once."""
    files = []
    for folder in FOLDERS:
        # `rglob` does not enter the links sciml/solvers etc., which lead to the other folders.
        files += [path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts]
    return sorted(files)


def name_of(path: Path) -> str:
    """Path relative to the repository, for messages and test ids."""
    return path.relative_to(ROOT).as_posix()


def module_of(path: Path) -> str:
    """Absolute dotted name of the module in a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts if parts[0] == "sciml" else ("sciml", *parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def tree_of(path: Path) -> ast.Module:
    """Parsed source."""
    return ast.parse(path.read_text(), str(path))


def room_of_file(path: Path) -> str:
    """Room of a file of the library."""
    parts = path.relative_to(ROOT).parts
    if parts[0] != "sciml":
        return parts[0]
    return "cli" if parts[1] in ("cli.py", "commands", "__main__.py") else "core"


def room_of_name(name: str) -> str | None:
    """Room of an absolute dotted name; None outside the package."""
    parts = name.split(".")
    if parts[0] != "sciml":
        return None
    second = parts[1] if len(parts) > 1 else ""
    if second in ROOMS[1:5]:
        return second
    return "cli" if second in ("cli", "commands") else "core"


def imports_of(tree: ast.Module) -> list[Import]:
    """Imports anywhere in a module, and attributes read off the package as in `sciml.models.FNO`."""
    found = []
    for node, typing_only in _walk(tree, False):
        if isinstance(node, ast.Import):
            found += [Import(alias.name, node.lineno, typing_only) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            found += [Import(f"{base}.{alias.name}", node.lineno, typing_only) for alias in node.names]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "sciml":
            found.append(Import(f"sciml.{node.attr}", node.lineno, typing_only))
    return found


def _walk(node: ast.AST, typing_only: bool):
    for child in ast.iter_child_nodes(node):
        inside = typing_only or (
            isinstance(node, ast.If)
            and isinstance(node.test, ast.Name)
            and node.test.id == "TYPE_CHECKING"
            and child in node.body
        )
        yield child, inside
        yield from _walk(child, inside)


def lazy_table(tree: ast.Module) -> dict[str, str] | None:
    """The table of names that a package hands to `attach`, or None."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "attach":
            return ast.literal_eval(node.args[1])
    return None


def repository_files() -> list[Path]:
    """Files that belong to the repository: those git knows or would take, or all where there is no git."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        skipped = {".git", "build", "dist", "site", "runs", "__pycache__"}
        listed = [
            name_of(path)
            for path in ROOT.rglob("*")
            if not any(part in skipped or part.startswith(".venv") for part in path.relative_to(ROOT).parts)
        ]
    return [path for path in sorted(ROOT / name for name in listed) if path.is_file() and not path.is_symlink()]
