"""GPyTorch's half of `gp_regression.py`, run in an environment of its own.

python benchmarks/gp_regression_peer.py DATA.npz dense|lattice GRADIENT ROUNDS

Exact Cholesky factorisation for the dense case, where its default of conjugate gradients and random probes computes an estimate; for
the lattice linear_operator's Kronecker product, which has eigenvectors for the determinant.
"""

import json
import math
import sys
import time
from collections.abc import Callable

import gpytorch
import linear_operator
import numpy as np
import torch

torch.set_default_dtype(torch.float64)


class Model(gpytorch.models.ExactGP):
    """Squared-exponential kernel, no mean."""

    def __init__(self, points: torch.Tensor, y: torch.Tensor, likelihood: gpytorch.likelihoods.Likelihood):
        super().__init__(points, y, likelihood)
        self.mean = gpytorch.means.ZeroMean()
        self.kernel = gpytorch.kernels.ScaleKernel(gpytorch.kernels.RBFKernel())

    def forward(self, points: torch.Tensor) -> gpytorch.distributions.MultivariateNormal:
        """The prior at points."""
        return gpytorch.distributions.MultivariateNormal(self.mean(points), self.kernel(points))


def dense(points: torch.Tensor, y: torch.Tensor, parameters: np.ndarray, gradient: bool) -> Callable[[], float]:
    """The marginal likelihood, times the number of points: GPyTorch divides by it."""
    likelihood = gpytorch.likelihoods.GaussianLikelihood()
    model = Model(points, y, likelihood)
    model.initialize(**{"kernel.base_kernel.lengthscale": parameters[0], "kernel.outputscale": parameters[1]})
    likelihood.noise = float(parameters[2])
    model.train()
    evidence = gpytorch.mlls.ExactMarginalLogLikelihood(likelihood, model)

    def run() -> float:
        model.zero_grad()
        with torch.set_grad_enabled(gradient):
            value = evidence(model(points), y) * len(y)
        if gradient:
            value.backward()
        return value.item()

    return run


def lattice(x: torch.Tensor, y: torch.Tensor, parameters: np.ndarray, gradient: bool) -> Callable[[], float]:
    """linear_operator's Kronecker product with added noise."""
    length, variance, noise = (torch.tensor(value, requires_grad=gradient) for value in parameters)

    def run() -> float:
        matrix = torch.exp(-0.5 * ((x[:, None] - x) / length) ** 2)
        product = linear_operator.operators.KroneckerProductLinearOperator(variance * matrix, matrix)
        noises = linear_operator.operators.ConstantDiagLinearOperator(noise[None], diag_shape=y.numel())
        covariance = product + noises
        quadratic, determinant = covariance.inv_quad_logdet(y.reshape(-1, 1), logdet=True)
        value = -0.5 * (quadratic + determinant + y.numel() * math.log(2 * math.pi))
        if gradient:
            torch.autograd.grad(value, (length, variance, noise))
        return value.item()

    return run


def main() -> None:
    """Value and seconds of each run."""
    path, kind, gradient, rounds = sys.argv[1:]
    with np.load(path) as data:
        points, y, parameters = torch.from_numpy(data["points"]), torch.from_numpy(data["y"]), data["parameters"]
    run = {"dense": dense, "lattice": lattice}[kind](points, y, parameters, gradient == "1")
    settings = gpytorch.settings
    exact = kind == "dense"
    with settings.fast_computations(*[not exact] * 3), settings.max_cholesky_size(10_000 if exact else 1):
        value, seconds = run(), []
        for _ in range(int(rounds)):
            start = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - start)
    print(json.dumps({"value": value, "seconds": seconds}))


if __name__ == "__main__":
    main()
