"""Parameters of models: where they may lie, what is known of them before data, fits with restarts, posterior samples."""

from typing import TYPE_CHECKING

from sciml._lazy import attach

if TYPE_CHECKING:
    from sciml.parameters.constraint import Constraint as Constraint
    from sciml.parameters.constraint import Fixed as Fixed
    from sciml.parameters.constraint import Interval as Interval
    from sciml.parameters.constraint import Ordered as Ordered
    from sciml.parameters.constraint import Positive as Positive
    from sciml.parameters.constraint import Real as Real
    from sciml.parameters.constraint import Simplex as Simplex
    from sciml.parameters.field import Parameter as Parameter
    from sciml.parameters.field import check_parameters as check_parameters
    from sciml.parameters.field import fixed as fixed
    from sciml.parameters.field import parameter as parameter
    from sciml.parameters.field import positive as positive
    from sciml.parameters.field import real as real
    from sciml.parameters.fit import Fit as Fit
    from sciml.parameters.fit import FitResult as FitResult
    from sciml.parameters.maximise_objective import maximise as maximise
    from sciml.parameters.nuts import sample_posterior as sample_posterior
    from sciml.parameters.posterior import Posterior as Posterior
    from sciml.parameters.prior import Gamma as Gamma
    from sciml.parameters.prior import HalfNormal as HalfNormal
    from sciml.parameters.prior import LogNormal as LogNormal
    from sciml.parameters.prior import Normal as Normal
    from sciml.parameters.prior import Prior as Prior
    from sciml.parameters.prior import Uniform as Uniform
    from sciml.parameters.space import ParameterSpace as ParameterSpace

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Constraint": "sciml.parameters.constraint",
        "Fit": "sciml.parameters.fit",
        "FitResult": "sciml.parameters.fit",
        "Fixed": "sciml.parameters.constraint",
        "Gamma": "sciml.parameters.prior",
        "HalfNormal": "sciml.parameters.prior",
        "Interval": "sciml.parameters.constraint",
        "LogNormal": "sciml.parameters.prior",
        "Normal": "sciml.parameters.prior",
        "Ordered": "sciml.parameters.constraint",
        "Parameter": "sciml.parameters.field",
        "ParameterSpace": "sciml.parameters.space",
        "Positive": "sciml.parameters.constraint",
        "Posterior": "sciml.parameters.posterior",
        "Prior": "sciml.parameters.prior",
        "Real": "sciml.parameters.constraint",
        "Simplex": "sciml.parameters.constraint",
        "Uniform": "sciml.parameters.prior",
        "check_parameters": "sciml.parameters.field",
        "fixed": "sciml.parameters.field",
        "maximise": "sciml.parameters.maximise_objective",
        "parameter": "sciml.parameters.field",
        "positive": "sciml.parameters.field",
        "real": "sciml.parameters.field",
        "sample_posterior": "sciml.parameters.nuts",
    },
)
