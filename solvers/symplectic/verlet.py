"""The Verlet method."""

from typing import ClassVar

from sciml.solvers.symplectic.composition import SymplecticSolver


class Verlet(SymplecticSolver):
    """Velocity Verlet (Stoermer, leapfrog): order 2, one force per step, symplectic and time-reversible.

    Example:
        >>> import diffrax, jax.numpy as jnp
        >>> from sciml.solvers import Verlet
        >>> velocity, force = diffrax.ODETerm(lambda t, p, args: p), diffrax.ODETerm(lambda t, q, args: -q)
        >>> solution = diffrax.diffeqsolve(
        ...     (velocity, force), Verlet(), 0.0, 100.0, 0.05, (jnp.array(1.0), jnp.array(0.0)), max_steps=3000)
        >>> q, p = solution.ys
        >>> bool(jnp.abs(q**2 + p**2 - 1)[0] < 1e-3)
        True

    Source: L. Verlet, Phys. Rev. 159 (1967) 98; Hairer, Lubich, Wanner, Geometric Numerical Integration, section I.1.4.
    """

    weights: ClassVar[tuple[float, ...]] = (1.0,)
    known_order: ClassVar[int] = 2
