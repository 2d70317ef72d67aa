"""Kernels whose spectral density is a mixture: of normal components, or of Student-t components."""

import math
from abc import abstractmethod

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray

from sciml.kernels.cosine import cosine_derivative
from sciml.kernels.kernel import Kernel
from sciml.kernels.matern import Matern52
from sciml.kernels.profile import Profile
from sciml.kernels.radial import Radial
from sciml.kernels.rbf import RBF
from sciml.kernels.spectrum import Spectrum, require_one_coordinate
from sciml.parameters.field import Parameter, floating_array, positive, real


class Mixture(Kernel):
    """A kernel of a number, `sum_q w_q g(d / l_q) cos(2 pi f_q d)` with the envelope `g` of a radial kernel."""

    weights: eqx.AbstractVar[Float[Array, " components"]]
    frequencies: eqx.AbstractVar[Float[Array, " components"]]
    lengthscales: eqx.AbstractVar[Float[Array, " components"]]

    @abstractmethod
    def envelope(self, lengthscale: Float[Array, ""]) -> Radial:
        """The radial kernel of a component."""

    def __check_init__(self) -> None:
        shapes = self.weights.shape, self.frequencies.shape, self.lengthscales.shape
        if len(set(shapes)) > 1 or self.weights.ndim != 1:
            raise ValueError(
                f"{type(self).__name__}: `weights`, `frequencies` and `lengthscales` are vectors of one length, got shapes {shapes}."
            )

    @property
    def smoothness(self) -> float:
        """That of the envelope."""
        return self.envelope(jnp.ones((), self.weights.dtype)).smoothness

    def evaluate(self, x: Float[Array, "*point"], y: Float[Array, "*point"]) -> Float[Array, ""]:
        """Sum over the components."""
        if x.ndim:
            raise ValueError(
                f"{type(self).__name__} is a kernel of one number, and the points have shape {x.shape}; "
                "for several coordinates take `Separable((mixture, mixture, ...))`."
            )
        return self.profile()(x - y)

    def pairs(self, x: Float[Array, "n *dimension"], y: Float[Array, "m *dimension"]) -> Float[Array, "n m"]:
        """The profile at all lags."""
        self.evaluate(x[0], y[0])
        return self.profile()(x[:, None] - y[None, :])

    def profile(self) -> Profile:
        """Products of envelopes and waves by Leibniz' rule, summed over the components."""
        unit = self.envelope(jnp.ones((), self.weights.dtype))
        envelope = unit.profile()
        if envelope is None:
            raise TypeError(f"{type(self).__name__}: the envelope {unit!r} has no profile.")
        rates = 2 * math.pi * self.frequencies

        def derivative(lag: Array, order: int) -> Array:
            scaled, phase = lag[..., None] / self._row(self.lengthscales, lag), lag[..., None] * self._row(rates, lag)
            total = jnp.zeros_like(scaled)
            for i in range(order + 1):
                wave = self._row(rates ** (order - i) / self.lengthscales**i, lag) * cosine_derivative(phase, order - i)
                total = total + math.comb(order, i) * (envelope.derivative(scaled, i) * wave)
            return jnp.sum(self._row(self.weights, lag) * total, -1)

        return Profile(derivative, unit.smoothness)

    def spectrum(self) -> Spectrum:
        """Copies of the envelope's density around each frequency and its mirror image."""

        def frequencies(normals: Array, key: PRNGKeyArray) -> Array:
            require_one_coordinate(normals, type(self).__name__)
            first, second, third = jax.random.split(key, 3)
            unit = self.envelope(jnp.ones((), self.weights.dtype)).spectrum()
            chosen = jax.random.categorical(first, jnp.log(self.weights), shape=normals.shape[:1])
            sign = jax.random.rademacher(second, normals.shape[:1], normals.dtype)
            centre = sign * 2 * math.pi * self.frequencies[chosen]
            spread = unit.frequencies(normals, third) if unit else normals
            return centre[:, None] + spread / self.lengthscales[chosen][:, None]

        def density(w: Array) -> Array:
            total = jnp.zeros(w.shape[:-1], w.dtype)
            for weight, frequency, lengthscale in zip(self.weights, self.frequencies, self.lengthscales):
                part = self.envelope(lengthscale).spectrum()
                if part is not None and part.density is not None:
                    centre = 2 * math.pi * frequency
                    total = total + 0.5 * weight * (part.density(w - centre) + part.density(w + centre))
            return total

        return Spectrum(jnp.sum(self.weights), frequencies, density)

    @staticmethod
    def _row(values: Array, lag: Array) -> Array:
        return values.reshape((1,) * lag.ndim + values.shape)


class SpectralMixture(Mixture):
    """A normal mixture as spectrum: `sum_q w_q exp(-d^2 / (2 l_q^2)) cos(2 pi f_q d)`, dense among stationary kernels.

    A. Wilson & R. Adams, Gaussian Process Kernels for Pattern Discovery and Extrapolation, ICML 2013. `GM` in S. Fang et al., ICLR
    2024, whose rates are `1 / (2 l^2)`.

    Attributes:
        weights: `w`, shape `(components,)`, positive.
        frequencies: `f`, in cycles per unit.
        lengthscales: `l`; the inverse widths of the components.

    Example:
        >>> kernel = SpectralMixture.spread(4, highest=10.0)
        >>> [round(float(f), 3) for f in kernel.frequencies], round(float(kernel(0.3, 0.3)), 6)
        ([0.0, 3.333, 6.667, 10.0], 1.0)
    """

    weights: Float[Parameter, " components"] = positive()
    frequencies: Float[Parameter, " components"] = real()
    lengthscales: Float[Parameter, " components"] = positive()

    def envelope(self, lengthscale: Float[Array, ""]) -> Radial:
        """Squared-exponential."""
        return RBF(lengthscale)

    @classmethod
    def spread(
        cls, components: int, highest: ArrayLike, lengthscale: ArrayLike = 0.5**0.5, variance: ArrayLike = 1.0
    ) -> "SpectralMixture":
        """Equal weights, frequencies equally spaced from 0 to `highest`."""
        return cls(*_spread(components, highest, lengthscale, variance))


class StudentTMixture(Mixture):
    """A mixture of Student-t laws with 5 degrees of freedom as spectrum: Matern-5/2 envelopes times waves.

    Its heavy spectral tails hold frequencies that lie between the components. `StM` in S. Fang et al., Solving High Frequency and
    Multi-Scale PDEs with Gaussian Processes, ICLR 2024, whose rates are `1 / l`.

    Attributes:
        weights: `w`, shape `(components,)`, positive.
        frequencies: `f`, in cycles per unit.
        lengthscales: `l`; the inverse widths of the components.

    Example:
        >>> kernel = StudentTMixture(weights=[1.0], frequencies=[3.0], lengthscales=[5.0**0.5])
        >>> round(float(kernel(0.0, 1.0)), 6)
        0.858385
    """

    weights: Float[Parameter, " components"] = positive()
    frequencies: Float[Parameter, " components"] = real()
    lengthscales: Float[Parameter, " components"] = positive()

    def envelope(self, lengthscale: Float[Array, ""]) -> Radial:
        """Matern-5/2."""
        return Matern52(lengthscale)

    @classmethod
    def spread(
        cls, components: int, highest: ArrayLike, lengthscale: ArrayLike = 1.0, variance: ArrayLike = 1.0
    ) -> "StudentTMixture":
        """Equal weights, frequencies equally spaced from 0 to `highest`."""
        return cls(*_spread(components, highest, lengthscale, variance))


def _spread(
    components: int, highest: ArrayLike, lengthscale: ArrayLike, variance: ArrayLike
) -> tuple[Array, Array, Array]:
    if components < 1:
        raise ValueError(f"spread: `components` must be at least 1, got {components}.")
    ones = jnp.ones(components)
    return (
        ones * (floating_array(variance) / components),
        jnp.linspace(0.0, 1.0, components) * floating_array(highest),
        ones * floating_array(lengthscale),
    )
