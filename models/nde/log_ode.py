"""The log-ODE method: a controlled equation over windows of its path, of which increments and areas are kept."""

from collections.abc import Callable
from typing import Any, Literal

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float


class WindowField(eqx.Module):
    """The autonomous field whose flow over unit time is the controlled equation over one window."""

    field: Callable[[Any, Array, Any], Array]
    depth: Literal[1, 2] = eqx.field(static=True)

    def __call__(self, t: Any, z: Float[Array, " d"], window: tuple[Array, Array]) -> Float[Array, " d"]:
        """`f_i dX^i`, and at depth 2 the brackets of the columns of f times the areas."""
        increment, area = window
        columns = self.field(t, z, None)
        rate = columns @ increment
        if self.depth == 1:
            return rate
        # Entry (a, j, i): derivative of component a of column j along column i; the area is antisymmetric, so this sums brackets.
        along = jax.vmap(lambda v: jax.jvp(lambda y: self.field(t, y, None), (z,), (v,))[1], in_axes=1, out_axes=2)
        return rate + jnp.einsum("aji,ij->a", along(columns), area)


def path_areas(values: Float[Array, "knots channels"]) -> Float[Array, "channels channels"]:
    """Levy area of the linear path through the values: `1/2 (int X^i dX^j - int X^j dX^i)`.

    Example:
        >>> square = jnp.asarray([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
        >>> path_areas(square).tolist()
        [[0.0, 1.0], [-1.0, 0.0]]
    """
    steps = jnp.diff(values, axis=0)
    integral = (values[:-1] - values[:1] + steps / 2).T @ steps
    return (integral - integral.T) / 2


def solve_log_ode(
    field: Callable[[Any, Array, Any], Array],
    z0: Float[Array, " d"],
    values: Float[Array, "knots channels"],
    *,
    window: int,
    depth: Literal[1, 2] = 2,
    steps: int = 1,
    solver: diffrax.AbstractSolver | None = None,
) -> Float[Array, "saved d"]:
    """Solve `dz = f(z) dX` along the linear path through the values, one window at a time.

    Args:
        field: `f(t, z, None)`, shape `(d, channels)`, which does not depend on t.
        z0: first state.
        values: knots of the path.
        window: knots to go on by; the last window may be shorter.
        depth: 1 keeps the increments over a window, 2 the areas too.
        steps: equal steps of the solver per window.
        solver: an explicit one of diffrax, `diffrax.Tsit5()` by default.

    Returns:
        `(windows + 1, d)`: the first state and that after each window.

    Example:
        >>> path = jnp.stack([jnp.linspace(0, 1, 9), jnp.linspace(0, 2, 9)], axis=1)
        >>> end = solve_log_ode(lambda t, z, _: z[:, None] * jnp.asarray([[1.0, 0.5]]), jnp.ones(1), path, window=4)[-1]
        >>> round(float(end[0]), 1)  # exp(1 + 2 / 2)
        7.4
    """
    chosen: Any = diffrax.Tsit5() if solver is None else solver
    count = -(-(values.shape[0] - 1) // window)
    missing = count * window + 1 - values.shape[0]
    values = jnp.concatenate([values, jnp.broadcast_to(values[-1:], (missing, values.shape[1]))])
    at = window * jnp.arange(count)[:, None] + jnp.arange(window + 1)[None, :]
    pieces = values[at]
    windows = (pieces[:, -1] - pieces[:, 0], jax.vmap(path_areas)(pieces))
    term = diffrax.ODETerm(WindowField(field, depth))
    times = jnp.linspace(0.0, 1.0, steps + 1, dtype=values.dtype)

    def over(z: Array, one: Any) -> tuple[Array, Array]:
        state = chosen.init(term, times[0], times[1], z, one)

        def step(carry: Any, between: Any) -> tuple[Any, None]:
            z, state = carry
            z, _, _, state, _ = chosen.step(term, *between, z, one, state, made_jump=False)
            return (z, state), None

        (z, _), _ = lax.scan(step, (z, state), (times[:-1], times[1:]))
        return z, z

    _, states = lax.scan(jax.checkpoint(over), z0, windows)
    return jnp.concatenate([z0[None], states])
