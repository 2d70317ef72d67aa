"""Exact solutions of the focusing nonlinear Schroedinger equation `i psi_t + psi_xx / 2 + |psi|^2 psi = 0` on a line.

These are the defaults of `NonlinearSchroedinger`. Positions and times are arrays that broadcast; the dtype follows them.
`jax.vmap`, derivatives and `sciml.residual` go through all functions.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import ArrayLike, Inexact, Num

from sciml.equation import Parameter

# Beyond this argument sech is below round-off of double precision, and its powers still fit into single precision.
_FAR = 40.0


def soliton(
    x: Num[ArrayLike, "*points"],
    t: Num[ArrayLike, "*times"],
    *,
    amplitude: Parameter = 1.0,
    velocity: Parameter = 0.0,
    position: Parameter = 0.0,
) -> Inexact[jax.Array, "..."]:
    """A bright soliton, `A sech(A (x - x0 - v t)) exp(i (v x + (A^2 - v^2) t / 2))`.

    Mass `2 A`, momentum `2 A v`, energy `A v^2 - A^3 / 3`. On a periodic box it is exact as far as its tails do not meet; the phase
    `exp(i v x)` is periodic for `v` a multiple of `2 pi / L` only, which matters where the modulus is not small.

    Args:
        x: positions.
        t: times.
        amplitude: `A`, positive: the height, and the inverse of the width.
        velocity: `v`.
        position: `x0`, of the peak at `t = 0`.

    Source: V. Zakharov, A. Shabat, Sov. Phys. JETP 34 (1972) 62.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.physics import nonlinear_schroedinger_exact as exact
        >>> psi = exact.soliton(jnp.array([1.0, 2.0, 3.0]), 2.0, amplitude=2.0, velocity=1.0)
        >>> round(float(jnp.abs(psi[1])), 6)
        2.0
    """
    x, t = jnp.asarray(x), jnp.asarray(t)
    envelope = amplitude * _sech(amplitude * (x - position - velocity * t))
    return _polar(envelope, velocity * x + 0.5 * (amplitude**2 - velocity**2) * t)


def two_solitons(
    x: Num[ArrayLike, "*points"],
    *,
    amplitudes: tuple[float, float] = (2.0, 1.5),
    velocities: tuple[float, float] = (2.0, -2.0),
    positions: tuple[float, float] = (-10.0, 10.0),
) -> Inexact[jax.Array, "..."]:
    """Initial state of a collision: the sum of two solitons, an exact solution as far as they do not overlap.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.physics import nonlinear_schroedinger_exact as exact
        >>> [round(float(jnp.abs(p)), 3) for p in exact.two_solitons(jnp.array([-10.0, 10.0]))]
        [2.0, 1.5]
    """
    parts = [soliton(x, 0.0, amplitude=a, velocity=v, position=p) for a, v, p in zip(amplitudes, velocities, positions)]
    return parts[0] + parts[1]


def collision_shifts(amplitudes: tuple[float, float], velocities: tuple[float, float]) -> tuple[float, float]:
    """How far a collision displaces each of two solitons: each is put forward in its direction relative to the other.

    `|shift_j| = ln[((A1 + A2)^2 + (v1 - v2)^2) / ((A1 - A2)^2 + (v1 - v2)^2)] / A_j`.

    Args:
        amplitudes: `A1, A2`.
        velocities: `v1, v2`, different ones.

    Returns:
        Signed displacements of both.

    Raises:
        ValueError: for equal velocities, with which there is no collision.

    Example:
        >>> from sciml.physics import nonlinear_schroedinger_exact as exact
        >>> [round(shift, 5) for shift in exact.collision_shifts((2.0, 1.5), (2.0, -2.0))]
        [0.2765, -0.36867]
    """
    (a, b), (v, w) = amplitudes, velocities
    if v == w:
        raise ValueError(f"collision_shifts: `velocities` must differ, got {velocities}.")
    size = math.log(((a + b) ** 2 + (v - w) ** 2) / ((a - b) ** 2 + (v - w) ** 2))
    return math.copysign(size / a, v - w), math.copysign(size / b, w - v)


def plane_wave(
    x: Num[ArrayLike, "*points"],
    t: Num[ArrayLike, "*times"],
    *,
    amplitude: Parameter = 1.0,
    wavenumber: Parameter = 0.0,
) -> Inexact[jax.Array, "..."]:
    """A plane wave, `a exp(i (k x + (a^2 - k^2 / 2) t))`; unstable, see `modulation_growth_rate`.

    Example:
        >>> from sciml.physics import nonlinear_schroedinger_exact as exact
        >>> complex(exact.plane_wave(0.0, 0.0, amplitude=2.0))
        (2+0j)
    """
    x, t = jnp.asarray(x), jnp.asarray(t)
    angle = wavenumber * x + (amplitude**2 - 0.5 * wavenumber**2) * t
    return _polar(amplitude * jnp.ones_like(angle), angle)


def modulation_growth_rate(k: Num[ArrayLike, "*waves"], *, amplitude: float = 1.0) -> Inexact[np.ndarray, "*waves"]:
    """Growth rate of a small wave on the plane wave of an amplitude, `|k| / 2 sqrt(4 a^2 - k^2)`; zero for `|k| >= 2 a`.

    The largest, `a^2`, is that of `k = sqrt(2) a`.

    Args:
        k: wavenumbers, relative to that of the plane wave.
        amplitude: `a`.

    Returns:
        Rates, a NumPy array in double precision.

    Source: T. B. Benjamin, J. E. Feir, J. Fluid Mech. 27 (1967) 417.

    Example:
        >>> import numpy as np
        >>> from sciml.physics import nonlinear_schroedinger_exact as exact
        >>> [round(float(s), 6) for s in exact.modulation_growth_rate(np.array([0.0, np.sqrt(2.0), 3.0]))]
        [0.0, 1.0, 0.0]
    """
    k = np.asarray(k, np.float64)
    return 0.5 * np.abs(k) * np.sqrt(np.maximum(4 * amplitude**2 - k**2, 0.0))


def akhmediev(
    x: Num[ArrayLike, "*points"], t: Num[ArrayLike, "*times"], *, parameter: float = 0.25
) -> Inexact[jax.Array, "..."]:
    """Akhmediev's breather: periodic in space, it rises once out of a plane wave of height 1 and returns to it.

    Its wavenumber is `W = 2 sqrt(1 - 2 a)`, so the box must be a multiple of `akhmediev_period(a)` long; it grows as `exp(b t)`,
    `b = sqrt(8 a (1 - 2 a))`; the peak, at `t = 0`, is `1 + 2 sqrt(2 a)`.

    Args:
        x: positions.
        t: times; the peak is at 0.
        parameter: `a`, between 0 and 1/2, both excluded.

    Raises:
        ValueError: for another `a`.

    Source: N. Akhmediev, V. Korneev, Theor. Math. Phys. 69 (1986) 1089.

    Example:
        >>> from sciml.physics import nonlinear_schroedinger_exact as exact
        >>> round(float(abs(exact.akhmediev(0.0, 0.0, parameter=0.25))), 4)
        2.4142
    """
    if not 0 < parameter < 0.5:
        raise ValueError(f"akhmediev: `parameter` must lie between 0 and 1/2, got {parameter}; at 1/2 see `peregrine`.")
    x, t = jnp.asarray(x), jnp.asarray(t)
    rate = math.sqrt(8 * parameter * (1 - 2 * parameter))
    # Numerator and denominator are divided by cosh(b t), which overflows.
    wave = math.sqrt(2 * parameter) * jnp.cos(2 * math.sqrt(1 - 2 * parameter) * x) * _sech(rate * t)
    below = wave - 1
    return _on_background(t, (1 - 4 * parameter + wave) / below, rate * jnp.tanh(rate * t) / below)


def akhmediev_period(parameter: float) -> float:
    """Length of one period of `akhmediev`, `pi / sqrt(1 - 2 a)`.

    Example:
        >>> from sciml.physics import nonlinear_schroedinger_exact as exact
        >>> round(exact.akhmediev_period(0.25), 4)
        4.4429
    """
    return math.pi / math.sqrt(1 - 2 * parameter)


def peregrine(x: Num[ArrayLike, "*points"], t: Num[ArrayLike, "*times"]) -> Inexact[jax.Array, "..."]:
    """Peregrine's breather, `exp(i t) [1 - 4 (1 + 2 i t) / (1 + 4 x^2 + 4 t^2)]`: local in space and in time, peak 3.

    Source: D. H. Peregrine, J. Austral. Math. Soc. B 25 (1983) 16.

    Example:
        >>> from sciml.physics import nonlinear_schroedinger_exact as exact
        >>> float(abs(exact.peregrine(0.0, 0.0)))
        3.0
    """
    x, t = jnp.asarray(x), jnp.asarray(t)
    bump = 4 / (1 + 4 * x**2 + 4 * t**2)
    return _on_background(t, 1 - bump, -2 * t * bump)


def kuznetsov_ma(
    x: Num[ArrayLike, "*points"], t: Num[ArrayLike, "*times"], *, parameter: float = 1.0
) -> Inexact[jax.Array, "..."]:
    """The breather of Kuznetsov and Ma: local in space, periodic in time, on a plane wave of height 1.

    Akhmediev's formula continued to `a > 1/2`. The period is `2 pi / sqrt(8 a (2 a - 1))`, the peak `1 + 2 sqrt(2 a)`.

    Args:
        x: positions; the peak is at 0.
        t: times; a peak is at 0.
        parameter: `a`, above 1/2.

    Raises:
        ValueError: for another `a`.

    Source: Y.-C. Ma, Stud. Appl. Math. 60 (1979) 43.

    Example:
        >>> from sciml.physics import nonlinear_schroedinger_exact as exact
        >>> round(float(abs(exact.kuznetsov_ma(0.0, 0.0, parameter=1.0))), 4)
        3.8284
    """
    if not parameter > 0.5:
        raise ValueError(f"kuznetsov_ma: `parameter` must be above 1/2, got {parameter}; at 1/2 see `peregrine`.")
    x, t = jnp.asarray(x), jnp.asarray(t)
    rate, height = math.sqrt(8 * parameter * (2 * parameter - 1)), math.sqrt(2 * parameter)
    bump = _sech(2 * math.sqrt(2 * parameter - 1) * x)
    below = height - bump * jnp.cos(rate * t)
    real = height + (1 - 4 * parameter) * bump * jnp.cos(rate * t)
    return _on_background(t, real / below, -rate * bump * jnp.sin(rate * t) / below)


def _polar(modulus: jax.Array, angle: jax.Array) -> jax.Array:
    return jax.lax.complex(*jnp.broadcast_arrays(modulus * jnp.cos(angle), modulus * jnp.sin(angle)))


def _on_background(t: jax.Array, real: jax.Array, imaginary: jax.Array) -> jax.Array:
    """`exp(i t) (real + i imaginary)`, from real parts: they broadcast and have one dtype."""
    cos, sin = jnp.cos(t), jnp.sin(t)
    return jax.lax.complex(*jnp.broadcast_arrays(real * cos - imaginary * sin, real * sin + imaginary * cos))


def _sech(z: jax.Array) -> jax.Array:
    return 1 / jnp.cosh(jnp.clip(z, -_FAR, _FAR))
