"""The command `sciml`: a light top level which imports neither JAX nor an option parser; each command does itself."""

import importlib
import json
import os
import sys
from collections.abc import Sequence

from sciml.commands.errors import ComputationFailed, UsageError, unknown

# Name -> (module with `main(argv) -> int`, one-line help).
COMMANDS: dict[str, tuple[str, str]] = {
    "list": ("sciml.commands.listing", "Show the experiments."),
    "run": ("sciml.commands.run", "Run an experiment and check its claims."),
    "solve": ("sciml.commands.solve", "Solve an equation and write or plot the solution."),
    "generate": ("sciml.commands.generate", "Make a data set with the solver."),
    "apebench": ("sciml.commands.apebench", "Make the data of an APEBench scenario anew."),
    "train": ("sciml.commands.train", "Train a model on a data set."),
    "evaluate": ("sciml.commands.evaluate", "Compare a trained model or a solution with reference data."),
    "doctor": ("sciml.commands.doctor", "Show versions, devices, precision, compilation cache."),
    "cite": ("sciml.commands.cite", "Print the works behind an experiment, model or method as BibTeX."),
}

_HELP = """usage: sciml COMMAND [options]

Differentiable scientific computing: solve, learn and reproduce from one equation.

commands:
{commands}

options:
  -h, --help     this text; after a command, its options
  --version      version of the package

example:
  sciml run fno --seed 1
  sciml generate burgers --samples 256 --grid 256 -o data.h5 && sciml train fno --data data.h5
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: arguments without the program's name; those of the process if None.

    Returns:
        Exit code: 0 done, 1 a claim does not hold or a computation failed, 2 a mistake in the call, 130 interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return _dispatch(arguments)
    except UsageError as error:
        return _fail(arguments, str(error), 2)
    except KeyboardInterrupt as interrupt:
        return _fail(arguments, f"interrupted. {interrupt}".strip(), 130)
    except BrokenPipeError:  # the reader, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError, ModuleNotFoundError, NotImplementedError) as error:
        return _fail(arguments, _sentence(error), 2)
    except Exception as error:
        if os.environ.get("SCIML_TRACEBACK"):
            raise
        hint = "" if _is_expected(error) else f" [{type(error).__name__}; SCIML_TRACEBACK=1 shows where]"
        return _fail(arguments, _sentence(error) + hint, 1)


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        return _write(_HELP.format(commands="\n".join(f"  {name:<14} {text}" for name, (_, text) in COMMANDS.items())))
    if arguments[0] in ("-V", "--version", "version"):
        from sciml import __version__

        return _write(f"sciml {__version__}\n")
    command, rest = arguments[0], arguments[1:]
    if command not in COMMANDS:
        raise UsageError(unknown("command", command, COMMANDS) + " (sciml --help)")
    return importlib.import_module(COMMANDS[command][0]).main(rest)


def _write(text: str) -> int:
    sys.stdout.write(text)
    sys.stdout.flush()
    return 0


def _sentence(error: BaseException) -> str:
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.strerror.lower()}: {error.filename}"
    return str(error) or type(error).__name__


def _is_expected(error: Exception) -> bool:
    """Failures of a computation that say all there is to know."""
    return isinstance(error, ComputationFailed) or type(error).__name__ in ("DivergenceError", "TrainingDiverged")


def _fail(arguments: list[str], message: str, code: int) -> int:
    line = " ".join(message.split())
    name = f"sciml {arguments[0]}" if arguments and arguments[0] in COMMANDS else "sciml"
    if "--json" in arguments:
        _write(json.dumps({"error": line}) + "\n")
    sys.stderr.write(f"{name}: {line}\n")
    return code
