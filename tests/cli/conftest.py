"""Calling the command line in this process, with the compilation cache out of the way of the user's own."""

import json

import pytest

from sciml.cli import main


class Call:
    """Exit code and output of one call."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        lines = self.out.splitlines()
        assert len(lines) == 1, f"standard output holds more than one JSON object: {self.out!r}"
        return json.loads(lines[0])


@pytest.fixture
def sciml_command(capsys, monkeypatch, tmp_path):
    """Run `sciml ...` and give exit code, standard output and standard error."""
    # JAX read its own configuration at import; the command leaves it alone when this is set.
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "cache"))

    def call(*arguments):
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        found = capsys.readouterr()
        return Call(code, found.out, found.err)

    return call


@pytest.fixture
def mistake(sciml_command):
    """Run a call that must end as one line on standard error with exit code 2."""

    def call(*arguments):
        found = sciml_command(*arguments)
        assert found.code == 2, found.out + found.err
        lines = found.err.splitlines()
        assert len(lines) == 1 and "Traceback" not in found.err, found.err
        assert lines[0].startswith("sciml")
        return lines[0]

    return call
