"""Bases of one axis: what a box basis is a product of."""

from sciml.fields.axes.base import AxisBasis
from sciml.fields.axes.fourier import FourierAxis
from sciml.fields.axes.polynomial import PolynomialAxis
from sciml.fields.axes.trigonometric import TrigonometricAxis

__all__ = ["AxisBasis", "FourierAxis", "PolynomialAxis", "TrigonometricAxis"]
