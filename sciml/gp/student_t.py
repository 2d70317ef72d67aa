"""Student-t processes."""

import math
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from sciml.gp.covariance_solver import CovarianceSolver
from sciml.gp.design import Mean
from sciml.gp.process import GP, Posterior
from sciml.kernels.kernel import Kernel
from sciml.parameters.constraint import Positive
from sciml.parameters.field import Parameter, check_parameters, floating_array, parameter
from sciml.special.gamma import log_gamma_ratio


class StudentTProcess(eqx.Module):
    """A process whose values have a multivariate Student-t law: a Gaussian process with a random common variance.

    One surprising observation widens the prediction everywhere. Covariances are those of the kernel plus noise, for any number of
    degrees of freedom above 2. A. Shah, A. Wilson & Z. Ghahramani, Student-t Processes as Alternatives to Gaussian Processes,
    AISTATS 2014.

    Attributes:
        gaussian: the Gaussian process with the same mean and covariance.
        degrees_of_freedom: above 2; towards infinity the process is Gaussian.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.gp import StudentTProcess
        >>> from sciml.kernels import RBF
        >>> x = jnp.linspace(0.0, 1.0, 8)
        >>> process = StudentTProcess(RBF(0.3), x, noise_variance=1e-2, degrees_of_freedom=4.0)
        >>> mean, variance = process.condition(jnp.sin(6 * x))(jnp.array([0.5]))
        >>> mean.shape
        (1,)
    """

    gaussian: GP
    degrees_of_freedom: Float[Parameter, ""] = parameter(Positive(lower=2.0))

    def __init__(
        self,
        kernel: Kernel,
        points: Any,
        noise_variance: ArrayLike,
        *,
        degrees_of_freedom: ArrayLike = 5.0,
        mean: Mean = 0.0,
        solver: CovarianceSolver | None = None,
    ):
        """Put together a process; arguments as for `GP`.

        Args:
            kernel: covariance function.
            points: what is observed.
            noise_variance: variance of the noise, which shares the random scale.
            degrees_of_freedom: above 2.
            mean: prior mean.
            solver: how the covariance is treated.
        """
        self.gaussian = GP(kernel, points, noise_variance, mean=mean, solver=solver)
        self.degrees_of_freedom = floating_array(degrees_of_freedom)

    def __check_init__(self) -> None:
        check_parameters(self)

    @eqx.filter_jit
    def log_prob(self, values: Float[Array, "*observations"]) -> Float[Array, ""]:
        """Logarithm of the probability density of observed values."""
        posterior = self.gaussian.condition(values)
        residual, factorisation = posterior.residual, posterior.factorisation
        nu, count = self.degrees_of_freedom.astype(residual.dtype), residual.size
        quadratic = jnp.vdot(residual, factorisation.solve(residual))
        return (
            log_gamma_ratio(0.5 * nu, 0.5 * count)
            - 0.5 * count * (jnp.log(nu - 2) + math.log(math.pi))
            - 0.5 * factorisation.log_determinant()
            - 0.5 * (nu + count) * jnp.log1p(quadratic / (nu - 2))
        )

    @eqx.filter_jit
    def condition(self, values: Float[Array, "*observations"]) -> "StudentTPosterior":
        """The process given observed values."""
        posterior = self.gaussian.condition(values)
        residual = posterior.residual
        nu = self.degrees_of_freedom.astype(residual.dtype)
        quadratic = jnp.vdot(residual, posterior.factorisation.solve(residual))
        return StudentTPosterior(posterior, nu + residual.size, (nu - 2 + quadratic) / (nu - 2 + residual.size))


class StudentTPosterior(eqx.Module):
    """A Student-t process given observations.

    Attributes:
        gaussian: posterior of the Gaussian process with the same covariance.
        degrees_of_freedom: of the conditional law.
        scale: what the observations multiply all conditional variances by: above 1 if they surprise.
    """

    gaussian: Posterior
    degrees_of_freedom: Float[Array, ""]
    scale: Float[Array, ""]

    def __call__(self, points: Any) -> tuple[Float[Array, "*points"], Float[Array, "*points"]]:
        """Mean and variance of the noise-free process at other points."""
        mean, variance = self.gaussian(points)
        return mean, self.scale * variance
