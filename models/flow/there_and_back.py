"""From data to noise and back: what an inversion loses."""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.solvers.fixed_times import solve_on_times


class RoundTrip(NamedTuple):
    """An inversion and what came back.

    Attributes:
        noise: to which the data were inverted.
        data: into which the noise was turned again.
        error: mean square of the difference to the data at the start.
    """

    noise: Float[Array, "*shape"]
    data: Float[Array, "*shape"]
    error: Float[Array, ""]


def round_trip(
    velocity: Any,
    solver: Any,
    times: Float[Array, " times"],
    data: Float[Array, "*shape"],
    args: Any = None,
    *,
    keep_state: bool = False,
) -> RoundTrip:
    """Solve from data to noise and back again on the same times.

    Args:
        velocity: `v(t, x, args)`, called on the whole batch.
        solver: explicit, of diffrax or of ours; `diffrax.Heun()` where it is None.
        times: from 0, noise, to 1, data; gone through backwards first.
        data: where to begin.
        args: for the velocity.
        keep_state: hand the solver's state at the noise to the way back. `diffrax.ReversibleHeun` is reversible with it only: it then
            remembers a second copy of the noise.

    Returns:
        Noise, data and the mean square error.

    Example:
        >>> import diffrax
        >>> there = round_trip(lambda t, x, args: -x, diffrax.ReversibleHeun(), jnp.linspace(0.0, 1.0, 9), jnp.ones(3), keep_state=True)
        >>> bool(there.error < 1e-12)
        True
    """
    if keep_state:
        turn = jnp.concatenate([times[::-1], times[1:]])
        states = solve_on_times(velocity, solver, turn, data, args, save=True)
        noise, back = states[times.shape[0] - 1], states[-1]
    else:
        noise = solve_on_times(velocity, solver, times[::-1], data, args)
        back = solve_on_times(velocity, solver, times, noise, args)
    return RoundTrip(noise, back, jnp.mean((back - data) ** 2))
