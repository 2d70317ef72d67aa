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
    from sciml import solvers as solvers
    from sciml.grid import Grid as Grid

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Grid": "sciml.grid",
        "experiments": "sciml.experiments:",
        "models": "sciml.models:",
        "physics": "sciml.physics:",
        "solvers": "sciml.solvers:",
    },
)
