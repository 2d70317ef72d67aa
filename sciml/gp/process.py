"""The Gaussian process: a kernel, a mean and what was observed."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray

from sciml.gp.choice import choose_solver
from sciml.gp.covariance_solver import CovarianceSolver, Factorisation
from sciml.gp.dense import Dense, DenseFactorisation
from sciml.gp.design import Mean
from sciml.gp.lattice import is_lattice, observation_shape, process_mean
from sciml.gp.pathwise import draw_path
from sciml.kernels.kernel import Kernel
from sciml.parameters.field import Parameter, check_parameters, fixed, floating_array, positive


class GP(eqx.Module):
    """A Gaussian process observed with noise.

    The whole object is a pytree of parameters: differentiate its log-probability with respect to it, `vmap` over it, fit it by
    `sciml.parameters.maximise`.

    Attributes:
        kernel: covariance function.
        points: where it is observed: `(n,)` or `(n, dimension)`; a tuple of coordinates for a lattice; `Functionals` for derivatives.
        noise_variance: variance of the noise, one number or one for each observation.
        mean: prior mean: a number, or a function of the point.
        solver: how the covariance is treated; chosen by structure unless given, see `choose_solver`.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.gp import GP
        >>> from sciml.kernels import Matern52
        >>> x = jnp.linspace(0.0, 1.0, 20)
        >>> gp = GP(Matern52(0.3), x, noise_variance=1e-2)
        >>> posterior = gp.condition(jnp.sin(6 * x))
        >>> mean, variance = posterior(jnp.array([0.25]))
        >>> bool(abs(mean[0] - jnp.sin(1.5)) < 0.05)
        True
    """

    kernel: Kernel
    points: Any = fixed()
    noise_variance: Float[Parameter, "*observations"] = positive()
    mean: Mean = 0.0
    solver: CovarianceSolver = eqx.field(default=None)  # pyright: ignore[reportAssignmentType]

    def __init__(
        self,
        kernel: Kernel,
        points: Any,
        noise_variance: ArrayLike,
        *,
        mean: Mean = 0.0,
        solver: CovarianceSolver | None = None,
    ):
        """Put together a process; nothing is factorised yet.

        Args:
            kernel: covariance function.
            points: what is observed, see the class.
            noise_variance: variance of the noise.
            mean: prior mean.
            solver: how the covariance is treated.
        """
        if not isinstance(kernel, Kernel):
            raise TypeError(
                f"GP: `kernel` is a Kernel of `sciml.kernels`, got {kernel!r}; a function of two points goes into `Custom(function)`."
            )
        self.kernel = kernel
        self.points = tuple(jnp.asarray(axis) for axis in points) if is_lattice(points) else points
        self.noise_variance = floating_array(noise_variance)
        self.mean = mean if callable(mean) else floating_array(mean)
        self.solver = choose_solver(kernel, points) if solver is None else solver

    def __check_init__(self) -> None:
        check_parameters(self)

    def factorise(self) -> Factorisation:
        """The covariance of the observations, ready for use."""
        return self.solver.factorise(self.kernel, self.points, self.noise_variance)

    @eqx.filter_jit
    def log_prob(self, values: Float[Array, "*observations"]) -> Float[Array, ""]:
        """Logarithm of the probability density of observed values: the marginal likelihood of the parameters."""
        return self.factorise().log_prob(self._residual(values))

    @eqx.filter_jit
    def condition(self, values: Float[Array, "*observations"]) -> "Posterior":
        """The process given observed values."""
        return Posterior(self, self.factorise(), self._residual(values))

    @eqx.filter_jit
    def sample(self, *, key: PRNGKeyArray) -> Float[Array, "*observations"]:
        """Draw observations, noise included, from the prior."""
        return process_mean(self.mean, self.points) + self.factorise().sample(key=key)

    def _residual(self, values: Float[Array, "*observations"]) -> Float[Array, "*observations"]:
        mean = process_mean(self.mean, self.points)
        if values.shape != mean.shape:
            raise ValueError(
                f"GP: observations have the shape of the points, {observation_shape(self.points)}, got {values.shape}."
            )
        return values - mean


class Posterior(eqx.Module):
    """A Gaussian process given observations.

    Attributes:
        prior: the process.
        factorisation: covariance of the observations.
        residual: observed values less the prior mean.
    """

    prior: GP
    factorisation: Factorisation
    residual: Float[Array, "*observations"]

    @eqx.filter_jit
    def __call__(self, points: Any) -> tuple[Float[Array, "*points"], Float[Array, "*points"]]:
        """Mean and variance of the noise-free process at other points.

        Args:
            points: in one of the forms that the solver takes; functionals with the dense one.

        Returns:
            Two arrays, one number per point. Add the noise's variance for the law of a new observation.
        """
        change, variance = self.factorisation.predict(self.residual, points)
        return process_mean(self.prior.mean, points) + change, jnp.maximum(variance, 0)

    def mean(self, points: Any) -> Float[Array, "*points"]:
        """Mean at other points."""
        return self(points)[0]

    @eqx.filter_jit
    def sample(self, points: Any, count: int = 1, *, key: PRNGKeyArray) -> Float[Array, "count points"]:
        """Joint draws of the noise-free process at points, by the exact posterior covariance and a dense matrix, whatever the solver.

        Raises:
            TypeError: observed on a lattice; flatten it to points `(n, dimension)` for joint draws.
        """
        factorisation = self.factorisation
        if is_lattice(self.prior.points):
            raise TypeError(
                "Posterior.sample: joint draws given values on a lattice need the dense matrix of all cells; make the process at "
                "points (n, dimension) with `Dense()` for them."
            )
        if not isinstance(factorisation, DenseFactorisation):
            dense = Dense().factorise(self.prior.kernel, self.prior.points, self.prior.noise_variance)
            return Posterior(self.prior, dense, self.residual).sample(points, count, key=key)
        root = _root(factorisation.posterior_covariance(points))
        normals = jax.random.normal(key, (count, root.shape[0]), root.dtype)
        return self.mean(points)[None] + normals @ root.T

    def path(self, features: int = 1024, *, key: PRNGKeyArray) -> Callable[[Array], Array]:
        """Draw a whole function, to be evaluated anywhere at the cost of a mean: a prior draw from random features, corrected.

        J. Wilson et al., Efficiently Sampling Functions from Gaussian Process Posteriors, ICML 2020, eq. 13 (Matheron's rule). For
        kernels with a spectrum, on observed values at points; away from data the law has the features' error.

        Args:
            features: number of random features.
            key: random key.

        Returns:
            Points `(m,)` or `(m, dimension)` to values `(m,)`.
        """
        return draw_path(self.prior, self.factorisation, self.residual, features, key=key)


def _root(matrix: Array) -> Array:
    # The posterior of a smooth process is singular to rounding; clipped eigenvalues are exact where Cholesky would fail.
    values, vectors = jnp.linalg.eigh(matrix)
    return vectors * jnp.sqrt(jnp.maximum(values, 0))[None]
