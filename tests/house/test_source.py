"""Rules of the source: size, documentation, and what the library never does."""

import ast

from source_tree import imports_of, name_of, room_of_file, source_files, tree_of

FILE_LINES = 400
FUNCTION_LINES = 60

# Path -> why it may be longer. Empty is the aim.
LONG_FILES: dict[str, str] = {}
# "path:function" -> why it may be longer. Empty is the aim.
LONG_FUNCTIONS: dict[str, str] = {}

PICKLERS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def code_lines(function):
    """Lines of code: from the first statement after the docstring to the end."""
    body = function.body[1:] if ast.get_docstring(function, clean=False) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def calls(tree, *names):
    """Lines that call one of the dotted names."""
    return [
        f"line {node.lineno}: {ast.unparse(node.func)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in names
    ]


def is_overload(node):
    return any(ast.unparse(decorator).split(".")[-1] == "overload" for decorator in node.decorator_list)


def undocumented(tree):
    missing = [] if ast.get_docstring(tree) else ["the module"]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_") and not is_overload(node):
            missing += [] if ast.get_docstring(node) else [node.name]
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            methods = [item for item in node.body if isinstance(item, ast.FunctionDef)]
            missing += [
                f"{node.name}.{item.name}"
                for item in methods
                if not item.name.startswith("_") and not ast.get_docstring(item)
            ]
    return missing


def offenders(check, paths):
    """Path -> what is wrong there."""
    return {name_of(path): found for path in paths if (found := check(path))}


def test_a_file_fits_in_a_head():
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in source_files()}
    long = {name: lines for name, lines in lengths.items() if lines > FILE_LINES}
    assert set(long) == set(LONG_FILES), f"one interchangeable thing per file: {long}"


def test_a_function_fits_on_a_page():
    every = {f"{name_of(path)}:{f.name}": code_lines(f) for path in source_files() for f in functions(tree_of(path))}
    long = {name: lines for name, lines in every.items() if lines > FUNCTION_LINES}
    assert set(long) == set(LONG_FUNCTIONS), long


def test_what_is_public_is_documented():
    assert offenders(lambda path: undocumented(tree_of(path)), source_files()) == {}


def test_no_print_no_assert_no_pickle():
    def found(path):
        tree = tree_of(path)
        bad = calls(tree, "print", "breakpoint", "eval", "exec")
        bad += [f"line {node.lineno}: assert" for node in ast.walk(tree) if isinstance(node, ast.Assert)]
        bad += [
            f"line {item.line}: {item.target}" for item in imports_of(tree) if item.target.split(".")[0] in PICKLERS
        ]
        return bad + ["allow_pickle=True"] * ("allow_pickle=True" in path.read_text())

    assert offenders(found, source_files()) == {}


def test_the_library_leaves_jax_flags_alone():
    library = [path for path in source_files() if room_of_file(path) != "cli"]
    assert offenders(lambda path: calls(tree_of(path), "jax.config.update", "config.update"), library) == {}


def test_the_rules_see_what_they_are_for():
    bad = ast.parse("import pickle\ndef f(x):\n    assert x\n    print(x)\n" + "    x = 1\n" * 60)
    assert undocumented(bad) == ["the module", "f"]
    assert code_lines(bad.body[1]) == 62
    assert calls(bad, "print") == ["line 4: print"]
