"""Linear stochastic equations whose stationary covariance is a kernel."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.scipy.linalg
import numpy as np
from jaxtyping import Array, Float

from sciml.kernels.many_matrices import inverse_of

Transition = Callable[[Array], Array]
"""Time step to the matrix that carries the mean of the state over it; a pytree, so that gradients reach its parameters."""


class StateSpace(eqx.Module):
    """A stationary Gaussian state of `m` numbers observed through a vector: `k(t) = h . A(|t|) P h`.

    Attributes:
        transition: time step to `A`, shape `(m, m)`; `A(s) A(t) = A(s + t)`, `A(0) = 1`. A pytree: a bare lambda that closes over
            parameters hides them from `eqx.filter_grad` of the state space, though not from that of the kernel.
        stationary: covariance `P` of the state, shape `(m, m)`.
        observation: `h`, shape `(m,)`. As a NumPy array it is known while tracing, and its zeros cost nothing.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.kernels import SHO
        >>> space = SHO(frequency=2.0, quality=0.7).state_space()
        >>> space.transition(jnp.asarray(0.1)).shape
        (2, 2)
    """

    transition: Transition
    stationary: Float[Any, "m m"]
    observation: Float[Any, " m"]

    @property
    def size(self) -> int:
        """Numbers in the state."""
        return self.observation.shape[0]

    def covariance(self, lag: Float[Array, ""]) -> Float[Array, ""]:
        """`k` at a lag."""
        start = self.stationary.astype(lag.dtype) @ self.observation.astype(lag.dtype)
        return self.observation.astype(lag.dtype) @ (self.transition(jnp.abs(lag)) @ start)

    def power_spectral_density(self, angular_frequency: Float[Array, "*frequencies"]) -> Float[Array, "*frequencies"]:
        """The spectrum, for plots: `k(t)` is the integral of the density times `cos(w t) dw / (2 pi)` over both signs of `w`.

        It is `-2 h . F (w^2 + F^2)^-1 P h` with the generator `F` of the transition; digits are lost where rates of the
        state are many orders of magnitude apart.
        """
        dtype = angular_frequency.dtype
        generator = jax.jacfwd(self.transition)(jnp.zeros((), self.stationary.dtype)).astype(dtype)
        h = jnp.asarray(self.observation).astype(dtype)
        square, w = generator @ generator, angular_frequency.reshape(-1, 1, 1)
        matrices = w * w * jnp.eye(self.size, dtype=dtype)[None] + square[None]
        values = inverse_of(matrices) @ (self.stationary.astype(dtype) @ h) @ (generator.T @ h)
        return -2 * values.reshape(angular_frequency.shape)

    def scale(self, variance: Float[Array, ""]) -> "StateSpace":
        """The process times a factor of that square."""
        return StateSpace(self.transition, variance.astype(self.stationary.dtype) * self.stationary, self.observation)

    @staticmethod
    def add(first: "StateSpace", second: "StateSpace") -> "StateSpace":
        """Both states side by side, the observation being their sum."""
        stationary = jax.scipy.linalg.block_diag(first.stationary, second.stationary)
        blocks = (*transition_blocks(first), *transition_blocks(second))
        return StateSpace(_side_by_side(blocks), stationary, _join(first, second, np.concatenate, jnp.concatenate))

    @staticmethod
    def multiply(first: "StateSpace", second: "StateSpace") -> "StateSpace":
        """Tensor product of the states, block by block."""
        pairs = [(a, b) for a in transition_blocks(first) for b in transition_blocks(second)]
        blocks = tuple(Block(_Kronecker(a.transition, b.transition), a.size * b.size) for a, b in pairs)
        order = _order_by_block([b.size for b in transition_blocks(first)], [b.size for b in transition_blocks(second)])
        stationary = jnp.kron(first.stationary, second.stationary)[order][:, order]
        observation = _join(first, second, lambda parts: np.kron(*parts), lambda parts: jnp.kron(*parts))[order]
        return StateSpace(_side_by_side(blocks), stationary, observation)


class Block(eqx.Module):
    """A part of the state that moves by itself.

    Attributes:
        transition: its matrix for a time step.
        size: its numbers.
    """

    transition: Transition
    size: int = eqx.field(static=True)


class BlockDiagonal(eqx.Module):
    """Transition of a state in independent blocks."""

    blocks: tuple[Block, ...]

    def __call__(self, step: Float[Array, ""]) -> Float[Array, "m m"]:
        """The whole matrix."""
        return jax.scipy.linalg.block_diag(*(block.transition(step) for block in self.blocks))


class Rotation(eqx.Module):
    """Transition `exp(-decay t) [[cos, sin], [-sin, cos]](frequency t)`.

    Attributes:
        decay: rate at which the state shrinks.
        frequency: angular.
    """

    decay: Float[Array, ""]
    frequency: Float[Array, ""]

    def __call__(self, step: Float[Array, ""]) -> Float[Array, "2 2"]:
        """The matrix for a time step."""
        size, angle = jnp.exp(-self.decay * step), self.frequency * step
        cosine, sine = size * jnp.cos(angle), size * jnp.sin(angle)
        return jnp.stack([jnp.stack([cosine, sine]), jnp.stack([-sine, cosine])])


def transition_blocks(space: StateSpace) -> tuple[Block, ...]:
    """The blocks of a transition, one where it says nothing of blocks."""
    if isinstance(space.transition, BlockDiagonal):
        return space.transition.blocks
    return (Block(space.transition, space.size),)


class _Kronecker(eqx.Module):
    first: Transition
    second: Transition

    def __call__(self, step: Array) -> Array:
        first, second = self.first(step), self.second(step)
        size = first.shape[0] * second.shape[0]
        return (first[:, None, :, None] * second[None, :, None, :]).reshape(size, size)


def _side_by_side(blocks: tuple[Block, ...]) -> Transition:
    return blocks[0].transition if len(blocks) == 1 else BlockDiagonal(blocks)


def _join(first: StateSpace, second: StateSpace, host: Callable[..., Any], device: Callable[..., Any]) -> Any:
    """Observations joined, on the host while both are known."""
    parts = first.observation, second.observation
    return (
        host(parts) if all(isinstance(part, np.ndarray) for part in parts) else device([jnp.asarray(p) for p in parts])
    )


def _order_by_block(first: list[int], second: list[int]) -> np.ndarray:
    """Places of a Kronecker product's entries, those of each pair of blocks together."""
    places = np.arange(sum(first) * sum(second)).reshape(sum(first), sum(second))
    rows, columns = np.split(places, np.cumsum(first)[:-1]), np.cumsum(second)[:-1]
    return np.concatenate([part.ravel() for row in rows for part in np.split(row, columns, axis=1)])
