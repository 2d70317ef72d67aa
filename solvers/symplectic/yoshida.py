"""Yoshida's symplectic methods: Verlet steps of different lengths, some of them backwards."""

from typing import ClassVar

from sciml.solvers.symplectic.composition import SymplecticSolver, symmetric


class SymplecticYoshida4(SymplecticSolver):
    """Order 4, three forces per step.

    Source: H. Yoshida, Phys. Lett. A 150 (1990) 262, equation 2.11.
    """

    weights: ClassVar[tuple[float, ...]] = symmetric(1 / (2 - 2 ** (1 / 3)))
    known_order: ClassVar[int] = 4


class SymplecticYoshida6(SymplecticSolver):
    """Order 6, seven forces per step.

    Source: H. Yoshida, Phys. Lett. A 150 (1990) 262, solution A of table 1.
    """

    weights: ClassVar[tuple[float, ...]] = symmetric(0.784513610477560, 0.235573213359357, -1.17767998417887)
    known_order: ClassVar[int] = 6


class SymplecticYoshida8(SymplecticSolver):
    """Order 8, fifteen forces per step; in double precision, for very accurate long runs.

    Source: H. Yoshida, Phys. Lett. A 150 (1990) 262, solution D of table 2.
    """

    weights: ClassVar[tuple[float, ...]] = symmetric(
        1.04242620869991, 1.82020630970714, 0.157739928123617, 2.44002732616735, -0.00716989419708120, -2.44699182370524,
        -1.61582374150097,
    )  # fmt: skip
    known_order: ClassVar[int] = 8
