"""What a likelihood is: the law of one observation given one latent value."""

from abc import abstractmethod

import equinox as eqx
from jaxtyping import Array, Float, Shaped

from sciml.gp.likelihoods.quadrature import normal_expectation
from sciml.parameters.field import check_parameters


class Likelihood(eqx.Module):
    """The law of an observation given the latent value at its point; observations are independent given these.

    All methods are elementwise. Derivatives in the latent values are taken by automatic differentiation, three times for the gradient
    of a Laplace approximation, so a law of your own is three methods of ordinary `jax.numpy`.
    """

    def __check_init__(self) -> None:
        check_parameters(self)

    @abstractmethod
    def log_prob(self, values: Shaped[Array, " n"], latent: Float[Array, " n"]) -> Float[Array, " n"]:
        """Logarithm of the density, or probability, of each observation."""

    @abstractmethod
    def mean(self, latent: Float[Array, " n"]) -> Float[Array, " n"]:
        """Mean of an observation; not a number where there is none."""

    @abstractmethod
    def variance(self, latent: Float[Array, " n"]) -> Float[Array, " n"]:
        """Variance of an observation; infinite, or not a number, where there is none."""

    def expected_log_prob(
        self, values: Shaped[Array, " n"], mean: Float[Array, " n"], variance: Float[Array, " n"]
    ) -> Float[Array, " n"]:
        """Mean of `log_prob` over normal laws of the latent values, by quadrature unless a subclass has it in closed form.

        Args:
            values: observations.
            mean: means of the latent values.
            variance: their variances.
        """
        return normal_expectation(lambda latent: self.log_prob(values, latent), mean, variance)

    def predict(self, mean: Float[Array, " n"], variance: Float[Array, " n"]) -> tuple[Array, Array]:
        """Mean and variance of observations whose latent values have normal laws, by quadrature.

        Args:
            mean: means of the latent values.
            variance: their variances.
        """
        centre = normal_expectation(self.mean, mean, variance)
        within = normal_expectation(self.variance, mean, variance)
        # Of the differences, not of squares less a square: no cancellation where the mean is large.
        between = normal_expectation(lambda latent: (self.mean(latent) - centre) ** 2, mean, variance)
        return centre, within + between
