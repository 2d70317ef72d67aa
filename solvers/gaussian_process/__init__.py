"""Differential equations as observations of a Gaussian process."""
