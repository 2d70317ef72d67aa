"""The algebra in which equations are written, and its discretisations."""

from sciml.fields.base import Field, stack, total
from sciml.fields.basis import FourierBasis, make_basis
from sciml.fields.box import BoxField
from sciml.fields.box_basis import BoxBasis, make_box_basis
from sciml.fields.box_resampling import resample_between
from sciml.fields.resampling import resample
from sciml.fields.spectral import SpectralField
from sciml.fields.stencil import StencilField
from sciml.fields.symbol import SymbolField

__all__ = [
    "BoxBasis",
    "BoxField",
    "Field",
    "FourierBasis",
    "SpectralField",
    "StencilField",
    "SymbolField",
    "make_basis",
    "make_box_basis",
    "resample",
    "resample_between",
    "stack",
    "total",
]
