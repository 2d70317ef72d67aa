"""Which solver suits a kernel and its points."""

from typing import Any

import jax
import numpy as np
from jax.core import Tracer

from sciml.gp.covariance_solver import CovarianceSolver
from sciml.gp.dense import Dense
from sciml.gp.design import as_design, count
from sciml.gp.kronecker import Kronecker
from sciml.gp.lattice import is_lattice
from sciml.gp.state_space import StateSpaceSolver
from sciml.kernels.kernel import Kernel

LARGEST_DENSE = 5000
"""More observations than this are not given to the dense solver unasked: the matrix takes 200 MB, its factorisation seconds."""

SMALLEST_STATE_SPACE = 256
"""With fewer observations a dense factorisation is as fast and compiles sooner."""


def choose_solver(kernel: Kernel, points: Any) -> CovarianceSolver:
    """The exact solver of lowest cost: Kronecker on a lattice, state-space on rising times, else dense.

    Args:
        kernel: covariance function.
        points: where the process is observed.

    Returns:
        The solver; `print` it to see what was chosen.

    Raises:
        ValueError: only the dense solver would do, and there are more than 5000 observations.
    """
    if is_lattice(points):
        return Kronecker()
    design = as_design(points)
    number = count(design)
    if isinstance(design, jax.Array) and design.ndim == 1 and number >= SMALLEST_STATE_SPACE:
        rising = not isinstance(design, Tracer) and bool(np.all(np.diff(np.asarray(design)) >= 0))
        if rising and kernel.state_space() is not None:
            return StateSpaceSolver()
    if number > LARGEST_DENSE:
        raise ValueError(
            f"GP: {number} observations are too many for a dense covariance matrix, and {type(kernel).__name__} at these points has no "
            "exact structure that is chosen unasked. Take a kernel with a state space (Matern, SHO, their sums and products) at "
            "rising times, `solver=Toeplitz(key)` for equally spaced points, `InducingPoints(...)` for smooth functions, "
            "`Iterative(key)`, or `solver=Dense()` if memory and time suffice."
        )
    return Dense()
