"""Gaussian processes behind any likelihood and for any amount of data: a variational law at inducing points, trained on batches."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float, PRNGKeyArray, Shaped

from sciml.gp.dense import default_jitter
from sciml.gp.design import Mean, prior_mean
from sciml.gp.likelihoods.likelihood import Likelihood
from sciml.gp.low_rank_features import array_points
from sciml.kernels.kernel import Kernel
from sciml.parameters.field import floating_array
from sciml.parameters.rules import Rule
from sciml.parameters.space import ParameterSpace

_FAILED = (
    "SVGP: the kernel's matrix at the inducing points is not positive definite in this precision. Take fewer points, farther apart "
    "than a fraction of the length scale, a larger `jitter`, or float64."
)


class SVGP(eqx.Module):
    """A sparse variational Gaussian process: a model for `sciml.fit` with `SVGPLoss`.

    The values at `m` inducing points are `L v` with the root `L` of their prior covariance; `v` has a normal law, which is trained
    together with the points, the kernel, the likelihood and the prior mean. Time `b m^2 + m^3` for a step with a batch of `b`. Train
    one model at a time, not with `seeds`: factorisations in a batch can block each other on a CPU.

    Source: J. Hensman, A. Matthews, Z. Ghahramani, Scalable Variational Gaussian Process Classification, AISTATS 2015.

    Attributes:
        free: parameters of kernel, likelihood and mean as unconstrained numbers.
        inducing: inducing points, `(m,)` or `(m, dimension)`.
        whitened_mean: mean of `v`.
        whitened_root: root of the covariance of `v`; its lower triangle counts.
        space: which parameters there are, and where they may lie.
        jitter: added to the diagonal of the inducing points' matrix, relative to its mean; by default 1e-6 in float32 and 1e-10 in
            float64.

    Example:
        >>> import jax, jax.numpy as jnp, optax, sciml
        >>> from sciml.gp import SVGP, PoissonLikelihood, SVGPLoss
        >>> from sciml.kernels import RBF
        >>> x = jnp.linspace(0.0, 1.0, 400)
        >>> counts = jax.random.poisson(jax.random.key(0), jnp.exp(1 + jnp.sin(6 * x)))
        >>> model = SVGP(1.0 * RBF(0.2), jnp.linspace(0.0, 1.0, 8), PoissonLikelihood())
        >>> trained = sciml.fit(
        ...     model, SVGPLoss(total=400), (x, counts), optimizer=optax.adam(0.03), steps=200, batch_size=50, key=jax.random.key(1)
        ... ).model
        >>> mean, variance = trained.observation(jnp.array([0.25]))
        >>> bool(abs(mean[0] - jnp.exp(1 + jnp.sin(1.5))) < 1.5)
        True
    """

    free: Float[Array, " parameters"]
    inducing: Float[Array, "m *dimension"]
    whitened_mean: Float[Array, " m"]
    whitened_root: Float[Array, "m m"]
    space: ParameterSpace
    jitter: float | None = eqx.field(static=True)

    def __init__(
        self,
        kernel: Kernel,
        inducing: Any,
        likelihood: Likelihood,
        *,
        mean: Mean = 0.0,
        rules: Mapping[str, Rule] | None = None,
        jitter: float | None = None,
    ):
        """Start from the prior.

        Args:
            kernel: covariance function.
            inducing: some of the points, or a lattice that covers them as an array of points.
            likelihood: law of an observation given the latent value.
            mean: prior mean: a number, or a function of the point.
            rules: constraints, or `Fixed()`, by name: `"kernel.lengthscale"`, `"likelihood"`, `"mean"`; see `ParameterSpace`.
            jitter: see the class.
        """
        parts = {"kernel": kernel, "likelihood": likelihood, "mean": mean if callable(mean) else floating_array(mean)}
        self.space = ParameterSpace(parts, rules)
        self.free = self.space.free(parts)
        self.inducing = array_points(inducing)
        size, dtype = self.inducing.shape[0], self.inducing.dtype
        self.whitened_mean = jnp.zeros(size, dtype)
        self.whitened_root = jnp.eye(size, dtype=dtype)
        self.jitter = jitter

    @property
    def kernel(self) -> Kernel:
        """The kernel as it is now."""
        return self.space.model(self.free)["kernel"]

    @property
    def likelihood(self) -> Likelihood:
        """The likelihood as it is now."""
        return self.space.model(self.free)["likelihood"]

    @property
    def mean(self) -> Mean:
        """The prior mean as it is now."""
        return self.space.model(self.free)["mean"]

    def trainable(self) -> Any:
        """What `sciml.fit` trains: everything but the template of the space, whose numbers are in `free`."""
        none = jax.tree.map(lambda leaf: False, self)
        return eqx.tree_at(
            lambda model: (model.free, model.inducing, model.whitened_mean, model.whitened_root), none, (True,) * 4
        )

    def __call__(self, points: Any) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
        """Mean and variance of the latent process at points, `(n,)` or `(n, dimension)`."""
        mean, variance = self.marginals(points)
        return eqx.error_if(mean, jnp.isnan(mean).any(), _FAILED), variance

    def observation(self, points: Any) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
        """Mean and variance of new observations at points, by Gauss-Hermite quadrature over the latent value."""
        return self.likelihood.predict(*self(points))

    def marginals(self, points: Any) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
        """As a call, but not numbers where the factorisation fails: in training `sciml.fit` reports it with the step."""
        x = array_points(points)
        if x.shape[1:] != self.inducing.shape[1:]:
            raise ValueError(f"SVGP: inducing points have shape {self.inducing.shape}, the given ones {x.shape}.")
        kernel, inducing = self.kernel, self.inducing.astype(x.dtype)
        matrix = kernel.gram(inducing)
        jitter = (default_jitter(x.dtype) if self.jitter is None else self.jitter) * jnp.mean(jnp.diag(matrix))
        root = jnp.linalg.cholesky(matrix + jitter * jnp.eye(matrix.shape[0], dtype=x.dtype), symmetrize_input=False)
        columns = solve_triangular(root, kernel.gram(inducing, x), lower=True)
        change = columns.T @ self.whitened_mean.astype(x.dtype)
        known = jnp.tril(self.whitened_root).astype(x.dtype).T @ columns
        unexplained = jnp.maximum(kernel.diagonal(x) - jnp.sum(columns**2, axis=0), 0)
        return prior_mean(self.mean, x) + change, unexplained + jnp.sum(known**2, axis=0)

    def divergence(self) -> Float[Array, ""]:
        """Kullback-Leibler divergence of the law at the inducing points from the prior."""
        root = jnp.tril(self.whitened_root)
        squares = jnp.sum(root**2) + jnp.sum(self.whitened_mean**2)
        return 0.5 * (squares - root.shape[0]) - jnp.sum(jnp.log(jnp.abs(jnp.diag(root))))


class SVGPLoss(eqx.Module):
    """Minus the evidence lower bound for each observation, estimated from a batch without bias.

    Its mean over all data times their number, with the sign changed, is below the logarithm of the evidence.

    Attributes:
        total: number of observations in all the data, of which a batch is a part.
    """

    total: int = eqx.field(static=True)

    def __call__(
        self,
        model: SVGP,
        batch: tuple[Float[Array, "b *dimension"], Shaped[Array, "..."]],
        key: PRNGKeyArray | None = None,
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        """Loss and its two parts.

        Args:
            model: the process.
            batch: points and values.
            key: not used: the expectation is by quadrature, or in closed form.
        """
        points, values = batch
        if values.shape != points.shape[:1]:
            raise ValueError(f"SVGPLoss: one value per point is needed, got {values.shape} for points {points.shape}.")
        fit = jnp.mean(model.likelihood.expected_log_prob(values, *model.marginals(points)))
        divergence = model.divergence().astype(fit.dtype)
        return divergence / self.total - fit, {"expected_log_prob": fit, "divergence": divergence}
