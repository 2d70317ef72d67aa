"""Initial states of `sciml solve` and `sciml generate`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sciml.commands import walled_states
from sciml.commands.errors import UsageError
from sciml.commands.expression import evaluate

_FAMILIES = ("fourier", "grf", "blobs", "pieces", "boxes", "noise", "sines", "shear")


@dataclass(frozen=True)
class InitialOptions:
    """The initial state."""

    initial: str
    """"fourier" (random series), "grf" (Gaussian random field), "blobs", "pieces", "boxes", "noise", for flows in the plane "sines"
    or "shear", or a formula such as "-sin(pi*x)", one per component separated by semicolons. With walls a formula must satisfy the
    boundary conditions; random states die out towards them."""
    modes: int = 5
    """Highest wave of the random series."""
    variance_scale: float = 625.0
    """Of the random field, whose covariance is variance_scale (tau^2 - laplacian)^(-alpha)."""
    tau: float = 5.0
    """Inverse correlation length of the random field and of the noise."""
    alpha: float = 2.0
    """Smoothness of the random field."""


def is_random(options: InitialOptions) -> bool:
    """Whether the state depends on the key."""
    return options.initial in _FAMILIES


def sampler(options: InitialOptions, equation: Any, grid: Any, dtype: Any) -> Callable[[Any], Any]:
    """A function key -> state of shape `(components, *grid.shape)`, complex where the equation is.

    Raises:
        UsageError: for a formula that cannot be read, has the wrong number of components or does not satisfy boundary conditions.
    """
    import jax
    import jax.numpy as jnp

    components = equation.component_names(grid.dimension)
    state_dtype = np.promote_types(dtype, jnp.complex64) if equation.is_complex else jnp.dtype(dtype)
    if not is_random(options):
        fixed = _formulas(options.initial, components, grid, equation.is_complex).astype(state_dtype)
        walled_states.check_state(fixed, grid)
        return lambda key: jnp.asarray(fixed)
    twin = grid if grid.periodic else walled_states.periodic_twin(grid)
    draw = _family(options, len(components), twin, dtype)

    def sample(key: Any) -> Any:
        if options.initial in ("sines", "shear"):
            state = draw.sample(key).astype(state_dtype)
        else:
            keys = jax.random.split(key, len(components))
            state = jnp.concatenate([draw.sample(k) for k in keys]).astype(state_dtype)
        return state if grid.periodic else walled_states.fitted(state, twin, grid)

    return sample


def _family(options: InitialOptions, components: int, grid: Any, dtype: Any) -> Any:
    """The random family of a name, of one component, or for flows of all."""
    from sciml import random

    if options.initial in ("sines", "shear"):
        if grid.dimension != 2 or components not in (1, 2):
            raise UsageError(f"--initial {options.initial} is a flow in the plane, of one vorticity or two velocities")
        of = "vorticity" if components == 1 else "velocity"
        if options.initial == "sines":
            return random.SineFlow(grid, modes=options.modes, of=of, dtype=dtype)
        return random.ShearLayers(grid, of=of, dtype=dtype)
    if options.initial == "grf":
        return random.GaussianRandomField(
            grid, variance_scale=options.variance_scale, tau=options.tau, alpha=options.alpha, dtype=dtype
        )
    if options.initial == "fourier":
        return random.RandomFourierSeries(grid, modes=options.modes, dtype=dtype)
    if options.initial == "noise":
        return random.DiffusedNoise(grid, smoothing=1 / (2 * options.tau**2), dtype=dtype)
    kinds = {"blobs": random.GaussianBlobs, "pieces": random.PiecewiseConstant, "boxes": random.RandomBoxes}
    return kinds[options.initial](grid, dtype=dtype)


def _formulas(text: str, components: tuple[str, ...], grid: Any, is_complex: bool) -> np.ndarray:
    parts = [part for part in text.split(";") if part.strip()]
    if len(parts) != len(components):
        raise UsageError(
            f"--initial needs {len(components)} formulas, for {', '.join(components)}, separated by semicolons; "
            f"got {len(parts)}"
        )
    state = np.stack([evaluate(part, dict(zip("xyz", grid.coordinates()))) for part in parts])
    if np.iscomplexobj(state) and not is_complex:
        raise UsageError("--initial is complex, but the state of this equation is real")
    if not np.isfinite(state).all():
        raise UsageError("--initial is not finite at every node")
    return state
