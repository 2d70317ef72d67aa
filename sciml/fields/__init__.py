"""The algebra in which equations are written, and its discretisations."""

from sciml.fields.base import Field, stack, total
from sciml.fields.basis import FourierBasis, make_basis
from sciml.fields.resampling import resample
from sciml.fields.spectral import SpectralField
from sciml.fields.symbol import SymbolField

__all__ = ["Field", "FourierBasis", "SpectralField", "SymbolField", "make_basis", "resample", "stack", "total"]
