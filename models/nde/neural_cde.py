"""Neural controlled differential equations: recurrent networks in continuous time, for irregular and incomplete series."""

from typing import Any, Literal, TypeAlias

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.mlp import MLP
from sciml.models.nde.log_ode import solve_log_ode
from sciml.solvers.adjoints import GradientStrategy

Interpolation: TypeAlias = Literal["hermite", "linear", "rectilinear"]


class MatrixField(eqx.Module):
    """`f(z)`, one column per channel of the control; a dense network that ends in a hyperbolic tangent, so that it is bounded.

    Attributes:
        network: from `(hidden,)` to `(hidden * channels,)`.
    """

    network: MLP

    def __call__(self, t: Any, z: Float[Array, " hidden"], args: Any = None) -> Float[Array, "hidden channels"]:
        """Evaluate at one state; time is not an input, it may be a channel of the control."""
        return jnp.tanh(self.network(z)).reshape(z.shape[0], -1)


def _without_excursions(
    lengths: Array, _: Array, square: Array, slope: Array, start: Array
) -> tuple[Array, Array, Array, Array]:
    """Limit the slope at the start of each piece so that it stays between its ends.

    Two noisy observations close to each other have a steep secant, which would throw the next piece far off: by 200 for data of size 1
    at thirty random times, and an adaptive solver follows. A piece that ends with the slope of its secant is monotone where it begins
    with 0 to 3 times that (Fritsch & Carlson, 1980).
    """
    lengths = lengths[:, None]
    secant = slope + square * lengths / 2
    slope = jnp.clip(slope, jnp.minimum(0, 3 * secant), jnp.maximum(0, 3 * secant))
    return (slope - secant) / lengths**2, 2 * (secant - slope) / lengths, slope, start


class NeuralCDE(eqx.Module):
    """`dz = f(z) dX`, `z(t0) = g(X(t0))`, where X goes through the observations; the result is read off z at the end, or everywhere.

    Values that are NaN are missing: the path is interpolated through the others. Interpolations:

    - "hermite": cubic with backward differences, monotone between observations; values at a time depend on the future by one of them;
    - "rectilinear": time moves first, then the data; what is known at an observation depends on the past alone (online prediction);
    - "linear": shortest, but the future is needed to fill what is missing.

    With `window` the path is cut into windows of so many observations, and each is one step of the log-ODE method of depth 1 or 2: for
    long series.

    Without a time channel the result does not change when the linear or rectilinear path is run through at another speed.

    Attributes:
        initial: from the first value of the path to z.
        field: the vector field.
        readout: from z to the result.
        interpolation: see above.
        time: whether time is a channel.
        counts: whether counts of the observations so far are channels, one per channel of the data.
        sequence: whether there is a result for each observation.
        window: observations per window of the log-ODE, or None.
        depth: of the log-ODE.
        window_steps: steps of `solver` per window.
        solver: of diffrax.
        gradient: strategy.
        rtol: relative tolerance.
        atol: absolute tolerance.
        expected_steps: for which the gradient makes room.
        max_steps: before giving up.

    Example:
        >>> model = NeuralCDE(2, 3, hidden=8, width=16, depth=1, key=jax.random.key(0))
        >>> ts = jnp.asarray([0.0, 0.1, 0.7, 1.0])
        >>> xs = jnp.asarray([[0.0, 1.0], [jnp.nan, 1.5], [1.0, jnp.nan], [2.0, 0.0]])
        >>> model(ts, xs).shape
        (3,)

    Source:
        Kidger et al. 2020 (arXiv 2005.08926); Morrill et al. 2021 (2106.11028 interpolation, 2009.08295 log-ODE).
    """

    initial: MLP
    field: MatrixField
    readout: MLP
    solver: diffrax.AbstractSolver
    gradient: GradientStrategy
    interpolation: Interpolation = eqx.field(static=True)
    time: bool = eqx.field(static=True)
    counts: bool = eqx.field(static=True)
    sequence: bool = eqx.field(static=True)
    window: int | None = eqx.field(static=True)
    depth: Literal[1, 2] = eqx.field(static=True)
    window_steps: int = eqx.field(static=True)
    rtol: float = eqx.field(static=True)
    atol: float = eqx.field(static=True)
    expected_steps: int = eqx.field(static=True)
    max_steps: int = eqx.field(static=True)

    def __init__(
        self,
        channels: int,
        out_size: int,
        *,
        hidden: int,
        width: int,
        depth: int,
        interpolation: Interpolation = "hermite",
        time: bool = True,
        counts: bool = False,
        sequence: bool = False,
        window: int | None = None,
        log_depth: Literal[1, 2] = 2,
        window_steps: int = 1,
        solver: diffrax.AbstractSolver | None = None,
        gradient: GradientStrategy | None = None,
        rtol: float = 1e-3,
        atol: float = 1e-6,
        expected_steps: int = 64,
        max_steps: int = 4096,
        key: PRNGKeyArray,
    ):
        """Draw the networks.

        Args:
            channels: of the data.
            out_size: components of the result.
            hidden: components of z.
            width: units of the hidden layers.
            depth: number of hidden layers.
            interpolation: see above.
            time: make time a channel.
            counts: make counts of observations channels, where what is missing tells something.
            sequence: give a result at each observation.
            window: observations per window of the log-ODE.
            log_depth: 1 uses increments, 2 the areas between channels too.
            window_steps: steps per window.
            solver: `diffrax.Tsit5()` by default.
            gradient: strategy; stores every state by default.
            rtol: relative tolerance.
            atol: absolute tolerance.
            expected_steps: for which the gradient makes room.
            max_steps: before giving up.
            key: random key.

        Raises:
            ValueError: windows with a path that is not linear, or of no length.
        """
        if window is not None and (window < 1 or window_steps < 1 or interpolation == "hermite"):
            raise ValueError(
                f"NeuralCDE: windows need interpolation='linear' or 'rectilinear' and positive lengths; got {interpolation!r}, "
                f"window={window}, window_steps={window_steps}."
            )
        one, two, three = jax.random.split(key, 3)
        inputs = channels * (2 if counts else 1) + int(time)
        self.initial = MLP(inputs, hidden, width=width, depth=depth, key=one)
        self.field = MatrixField(MLP(hidden, hidden * inputs, width=width, depth=depth, key=two))
        self.readout = MLP(hidden, out_size, width=width, depth=0, key=three)
        self.solver = diffrax.Tsit5() if solver is None else solver
        self.gradient = GradientStrategy("store") if gradient is None else gradient
        self.interpolation, self.time, self.counts, self.sequence = interpolation, time, counts, sequence
        self.window, self.depth, self.window_steps = window, log_depth, window_steps
        self.rtol, self.atol, self.expected_steps, self.max_steps = rtol, atol, expected_steps, max_steps

    def __call__(
        self,
        ts: Float[Array, " times"] | np.ndarray,
        xs: Float[Array, "times channels"],
        *,
        key: PRNGKeyArray | None = None,
    ) -> Float[Array, "..."]:
        """Read one series.

        Args:
            ts: increasing times of the observations; a shorter series goes on with later times and values that are NaN.
            xs: observations, NaN where missing; missing first values count as zero, as does a channel without any.
            key: not used.

        Returns:
            `(out_size,)`, or `(times, out_size)` for a sequence.
        """
        states = self.states(ts, xs)
        return jax.vmap(self.readout)(states) if self.sequence else self.readout(states[-1])

    def states(
        self, ts: Float[Array, " times"] | np.ndarray, xs: Float[Array, "times channels"]
    ) -> Float[Array, "saved hidden"]:
        """The hidden state at each observation for a sequence, else at the end alone.

        Raises:
            ValueError: other channels than the model was built for.
        """
        channels = (self.initial.in_size - int(self.time)) // (2 if self.counts else 1)
        if xs.shape != (len(ts), channels):
            raise ValueError(
                f"NeuralCDE: `xs` must have shape (times, channels) = ({len(ts)}, {channels}), got {xs.shape}; "
                "batches go through jax.vmap."
            )
        values = self._values(jnp.asarray(ts, xs.dtype), xs)
        knots = (
            jnp.arange(values.shape[0], dtype=xs.dtype)
            if self.interpolation == "rectilinear"
            else jnp.asarray(ts, xs.dtype)
        )
        # Here, not by diffrax' option: that replaces a first value that is there too (Hermite), or leaves a channel of NaN (linear).
        values = values.at[0].set(jnp.where(jnp.isnan(values[0]), 0.0, values[0]))
        filled = values
        if self.interpolation != "rectilinear":
            filled = diffrax.linear_interpolation(knots, values, fill_forward_nans_at_end=True)
        first = self.initial(filled[0])
        every = 2 if self.interpolation == "rectilinear" else 1
        if self.window is not None:
            if self.sequence and self.window != 1:
                raise ValueError(
                    "NeuralCDE: windows of several observations give no result between them; sequence=False, or window=1."
                )
            states = solve_log_ode(
                self.field, first, filled, window=self.window * every, depth=self.depth, steps=self.window_steps,
                solver=self.solver,
            )  # fmt: skip
            return states if self.sequence else states[-1:]
        return self._solve(first, self._path(knots, filled), knots, knots[::every] if self.sequence else knots[-1:])

    def _values(self, ts: Float[Array, " times"], xs: Float[Array, "times channels"]) -> Float[Array, "knots inputs"]:
        """Channels of the path at its knots: time, data, counts."""
        # A channel without any value is zero: there is nothing to interpolate.
        given = [jnp.where(jnp.all(jnp.isnan(xs), axis=0, keepdims=True), 0, xs)]
        if self.counts:
            given.append(jnp.cumsum(~jnp.isnan(xs), axis=0).astype(xs.dtype))
        data = jnp.concatenate(given, axis=1)
        if self.interpolation == "rectilinear":
            ts, data = diffrax.rectilinear_interpolation(ts, data, replace_nans_at_start=0.0)
        return jnp.concatenate([ts[:, None], data], axis=1) if self.time else data

    def _path(self, knots: Array, filled: Array) -> diffrax.AbstractPath:
        if self.interpolation != "hermite":
            return diffrax.LinearInterpolation(knots, filled)
        return diffrax.CubicInterpolation(
            knots, _without_excursions(jnp.diff(knots), *diffrax.backward_hermite_coefficients(knots, filled))
        )

    def _solve(
        self, first: Array, path: diffrax.AbstractPath, knots: Array, saved: Array
    ) -> Float[Array, "saved hidden"]:
        # The speed of a linear path jumps at its knots; that of a Hermite path only its derivative does.
        controller: Any = diffrax.PIDController(rtol=self.rtol, atol=self.atol)
        if self.interpolation != "hermite":
            controller = diffrax.ClipStepSizeController(controller, jump_ts=knots[1:-1])
        solution = diffrax.diffeqsolve(
            diffrax.ControlTerm(self.field, path).to_ode(),
            self.solver,
            knots[0],
            knots[-1],
            None,
            first,
            saveat=diffrax.SaveAt(ts=saved),
            stepsize_controller=controller,
            adjoint=self.gradient.adjoint(steps=self.expected_steps),
            max_steps=self.max_steps,
        )
        if solution.ys is None:
            raise RuntimeError("NeuralCDE: diffrax returned no states.")
        return solution.ys
