"""sciml: numerical solvers, kernels and neural networks as one kind of thing.

Everything is a pytree to `jit`, `vmap`, `grad`, save and shard. Names are imported at first use, so `import sciml` costs little
beyond JAX itself.
"""

from typing import TYPE_CHECKING

from sciml._lazy import attach

if TYPE_CHECKING:
    from sciml import data as data
    from sciml import experiment as experiment
    from sciml import experiments as experiments
    from sciml import losses as losses
    from sciml import metrics as metrics
    from sciml import models as models
    from sciml import normalisation as normalisation
    from sciml import parallel as parallel
    from sciml import parameters as parameters
    from sciml import physics as physics
    from sciml import plotting as plotting
    from sciml import random as random
    from sciml import registry as registry
    from sciml import sampling as sampling
    from sciml import solvers as solvers
    from sciml import special as special
    from sciml.checkpoint import load as load
    from sciml.checkpoint import save as save
    from sciml.equation import Evolution as Evolution
    from sciml.equation import Semilinear as Semilinear
    from sciml.equation import Steady as Steady
    from sciml.fields.point import residual as residual
    from sciml.files.format import FileFormatError as FileFormatError
    from sciml.grid import Grid as Grid
    from sciml.registry import register as register
    from sciml.solvers.integrate import solve as solve
    from sciml.train import FitResult as FitResult
    from sciml.train import fit as fit
    from sciml.training.exponentiated_gradient import exponentiated_gradient as exponentiated_gradient
    from sciml.training.outcome import TrainingDiverged as TrainingDiverged
    from sciml.training.outcome import TrainingInterrupted as TrainingInterrupted

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Evolution": "sciml.equation",
        "FileFormatError": "sciml.files.format",
        "FitResult": "sciml.train",
        "Grid": "sciml.grid",
        "Semilinear": "sciml.equation",
        "Steady": "sciml.equation",
        "TrainingDiverged": "sciml.training.outcome",
        "TrainingInterrupted": "sciml.training.outcome",
        "data": "sciml.data:",
        "experiment": "sciml.experiment:",
        "experiments": "sciml.experiments:",
        "exponentiated_gradient": "sciml.training.exponentiated_gradient",
        "fit": "sciml.train",
        "load": "sciml.checkpoint",
        "losses": "sciml.losses:",
        "metrics": "sciml.metrics:",
        "models": "sciml.models:",
        "normalisation": "sciml.normalisation:",
        "parallel": "sciml.parallel:",
        "parameters": "sciml.parameters:",
        "physics": "sciml.physics:",
        "plotting": "sciml.plotting:",
        "random": "sciml.random:",
        "register": "sciml.registry",
        "registry": "sciml.registry:",
        "residual": "sciml.fields.point",
        "sampling": "sciml.sampling:",
        "save": "sciml.checkpoint",
        "solve": "sciml.solvers.integrate",
        "solvers": "sciml.solvers:",
        "special": "sciml.special:",
    },
)
