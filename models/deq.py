"""Deep equilibrium models: the output is a fixed point, and the gradient needs no iteration."""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax
import optimistix
from jax import lax
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from sciml.models.mlp import MLP
from sciml.solvers.anderson import AndersonAcceleration

Method: TypeAlias = Literal["anderson", "newton", "iteration"]


class DenseCell(eqx.Module):
    """`f(z, x) = tanh(A z + network(x))`, whose A starts with a norm below one, so that there is one fixed point.

    Attributes:
        weight: A.
        network: of the input.

    Example:
        >>> cell = DenseCell(3, 5, width=8, depth=1, key=jax.random.key(0))
        >>> cell(jnp.zeros(5), jnp.ones(3)).shape
        (5,)
    """

    weight: Float[Array, "hidden hidden"]
    network: MLP

    def __init__(
        self, in_size: int, hidden: int, *, width: int, depth: int, contraction: float = 0.5, key: PRNGKeyArray
    ):
        """Draw the weights.

        Args:
            in_size: inputs.
            hidden: components of z.
            width: units of the hidden layers of the network.
            depth: number of these layers.
            contraction: largest singular value of A at the start.
            key: random key.
        """
        one, two = jax.random.split(key)
        weight = jax.random.normal(one, (hidden, hidden))
        self.weight = contraction * weight / jnp.linalg.norm(weight, 2)
        self.network = MLP(in_size, hidden, width=width, depth=depth, key=two)

    def __call__(self, z: Float[Array, " hidden"], x: Float[Array, " in_size"]) -> Float[Array, " hidden"]:
        """One application."""
        return jnp.tanh(self.weight @ z + self.network(x))


class Equilibrium(eqx.Module):
    """A fixed point and how it was found.

    Attributes:
        z: the fixed point.
        residual: root mean square of `f(z, x) - z`.
        steps: iterations.
        converged: whether the tolerance was met.
    """

    z: Float[Array, "..."]
    residual: Float[Array, "*batch"]
    steps: Int[Array, "*batch"]
    converged: Bool[Array, "*batch"]


class DEQ(eqx.Module):
    """`z = f(z, x)`, then a map to the outputs: as deep as the iteration is long, in the memory of one layer.

    The gradient is implicit: one linear system with `I - df/dz` transposed, solved by GMRES.

    Attributes:
        cell: `f(z, x)`; an `eqx.Module` is trained.
        readout: from z to the outputs.
        hidden: components of z, which starts at zero.
        method: "anderson", "newton" or plain "iteration".
        tolerance: absolute and relative, of the step.
        max_steps: of the iteration.
        memory: past iterates that Anderson's method combines.
        throw: raise where the iteration does not converge.

    Example:
        >>> keys = jax.random.split(jax.random.key(0))
        >>> model = DEQ(DenseCell(3, 5, width=8, depth=1, key=keys[0]), MLP(5, 2, width=8, depth=0, key=keys[1]), hidden=5)
        >>> found = model.equilibrium(jnp.ones(3))
        >>> model.readout(found.z).shape, bool(found.converged)
        ((2,), True)

    Source:
        Bai, Kolter and Koltun 2019 (arXiv 1909.01377), 2021 (2106.14342, the regulariser); Walker and Ni 2011 (Anderson's method).
    """

    cell: Callable[[Array, Array], Array]
    readout: Callable[[Array], Array]
    hidden: int = eqx.field(static=True)
    method: Method = eqx.field(static=True, default="anderson")
    tolerance: float = eqx.field(static=True, default=1e-5)
    max_steps: int = eqx.field(static=True, default=100)
    memory: int = eqx.field(static=True, default=5)
    throw: bool = eqx.field(static=True, default=True)

    def __check_init__(self) -> None:
        if self.method not in ("anderson", "newton", "iteration") or self.hidden < 1 or self.memory < 1:
            raise ValueError(
                f"DEQ: `method` must be 'anderson', 'newton' or 'iteration', `hidden` and `memory` positive; got {self.method!r}, "
                f"{self.hidden}, {self.memory}."
            )

    def __call__(self, x: Float[Array, " in_size"], *, key: PRNGKeyArray | None = None) -> Float[Array, " out_size"]:
        """Evaluate at one input.

        Args:
            x: the input.
            key: not used.
        """
        return self.readout(self.equilibrium(x).z)

    def equilibrium(self, x: Float[Array, " in_size"]) -> Equilibrium:
        """The fixed point for one input.

        Args:
            x: the input; its dtype is that of the iteration.
        """
        close = max(self.tolerance / 10, 20 * float(jnp.finfo(x.dtype).eps))
        linear = lineax.GMRES(rtol=close, atol=close)
        solver: Any = {
            "anderson": lambda: AndersonAcceleration(self.tolerance, self.tolerance, memory=self.memory),
            "newton": lambda: optimistix.Newton(self.tolerance, self.tolerance, linear_solver=linear),
            "iteration": lambda: optimistix.FixedPointIteration(self.tolerance, self.tolerance),
        }[self.method]()
        found = optimistix.fixed_point(
            lambda z, args: args[0](z, args[1]), solver, jnp.zeros(self.hidden, x.dtype), (self.cell, x),
            max_steps=self.max_steps, adjoint=optimistix.ImplicitAdjoint(linear), throw=self.throw,
        )  # fmt: skip
        gap = lax.stop_gradient(self.cell(found.value, x) - found.value)
        steps = jnp.asarray(found.stats["num_steps"])
        return Equilibrium(
            found.value, jnp.sqrt(jnp.mean(gap**2)), steps, found.result == optimistix.RESULTS.successful
        )

    def jacobian_norm(self, x: Float[Array, " in_size"], *, samples: int = 1, key: PRNGKeyArray) -> Float[Array, ""]:
        """Estimate the squared Frobenius norm of `df/dz` at the fixed point, by components: a regulariser that keeps f contracting.

        Args:
            x: the input.
            samples: random directions.
            key: random key.
        """
        z, pull = jax.vjp(lambda z: self.cell(z, x), self.equilibrium(x).z)
        signs = jax.random.rademacher(key, (samples, *z.shape), z.dtype)
        rows = jax.vmap(lambda one: pull(one)[0])(signs)
        return jnp.mean(jnp.sum(rows**2, axis=1)) / z.size


class DEQLoss(eqx.Module):
    """Mean squared error of a `DEQ` plus `weight` times the norm of its Jacobian; the batch is a pair of inputs and targets.

    Attributes:
        weight: of the norm.

    Example:
        >>> keys = jax.random.split(jax.random.key(0))
        >>> model = DEQ(DenseCell(3, 5, width=8, depth=1, key=keys[0]), MLP(5, 2, width=8, depth=0, key=keys[1]), hidden=5)
        >>> value, metrics = DEQLoss(0.1)(model, (jnp.ones((4, 3)), jnp.ones((4, 2))), jax.random.key(1))
        >>> sorted(metrics)
        ['jacobian_norm', 'mse']
    """

    weight: float = eqx.field(static=True, default=0.0)

    def __call__(
        self, model: DEQ, batch: Any, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        """Evaluate the loss."""
        inputs, targets = batch
        error = jnp.mean((jax.vmap(model)(inputs) - targets) ** 2)
        keys = jax.random.split(key, inputs.shape[0])
        norm = jnp.mean(jax.vmap(lambda x, k: model.jacobian_norm(x, key=k))(inputs, keys))
        return error + self.weight * norm, {"mse": error, "jacobian_norm": norm}
