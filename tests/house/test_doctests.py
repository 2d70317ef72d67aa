"""Every example in a docstring runs and gives what it shows."""

import ast
import doctest
import importlib
import io

import jax
import pytest
from source_tree import module_of, name_of, source_files, tree_of

PARSER = doctest.DocTestParser()


def examples(path):
    """Docstrings with examples, found in the source: wrappers such as `filter_jit` hide them from the objects."""
    found = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            text = ast.get_docstring(node)
            if text and ">>>" in text:
                name = getattr(node, "name", "the module")
                found.append(PARSER.get_doctest(text, {}, name, str(path), 0))
    return found


def failures(test, names=None):
    report = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE, verbose=False)
    test.globs = dict(names or {})
    runner.run(test, out=report.write)
    return report.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in source_files() if examples(path)], ids=name_of)
def test_examples(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # As in doctest itself, an example may use the names of its module.
    names = vars(importlib.import_module(module_of(path)))
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        assert "".join(failures(test, names) for test in examples(path)) == ""


def test_a_wrong_example_is_seen():
    assert "Expected" in failures(PARSER.get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0))
