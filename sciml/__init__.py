"""sciml: numerical solvers, kernels and neural networks as one kind of thing.

Everything is a pytree to `jit`, `vmap`, `grad`, save and shard. Names are imported at first use, so `import sciml` costs little
beyond JAX itself.
"""

from typing import TYPE_CHECKING

from sciml._lazy import attach

if TYPE_CHECKING:
    from sciml import experiments as experiments
    from sciml import models as models
    from sciml import physics as physics
    from sciml import registry as registry
    from sciml import solvers as solvers
    from sciml.checkpoint import load as load
    from sciml.checkpoint import save as save
    from sciml.files.format import FileFormatError as FileFormatError
    from sciml.equation import Evolution as Evolution
    from sciml.equation import Semilinear as Semilinear
    from sciml.grid import Grid as Grid
    from sciml.solvers.integrate import solve as solve
    from sciml.registry import register as register

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "FileFormatError": "sciml.files.format",
        "Evolution": "sciml.equation",
        "Grid": "sciml.grid",
        "Semilinear": "sciml.equation",
        "experiments": "sciml.experiments:",
        "load": "sciml.checkpoint",
        "models": "sciml.models:",
        "physics": "sciml.physics:",
        "register": "sciml.registry",
        "registry": "sciml.registry:",
        "save": "sciml.checkpoint",
        "solve": "sciml.solvers.integrate",
        "solvers": "sciml.solvers:",
    },
)
