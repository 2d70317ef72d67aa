"""Coefficients of Rosenbrock methods."""

from dataclasses import dataclass

Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class RosenbrockTableau:
    """A stiffly accurate Rosenbrock method in the form that multiplies the Jacobian by no vector.

    With `W = mass / (gamma h) - J` the stages solve

    `W k_i = f(t + nodes_i h, y + sum_j a_ij k_j) + (mass / h) sum_j c_ij k_j + time_weights_i h df/dt`,

    the step ends at `y + sum_j a_sj k_j + k_s`, and `k_s` of the last stage estimates its error. Inside the step
    `y(theta) = (1 - theta) y0 + theta (y1 + (1 - theta) sum_m theta^m sum_j dense_mj k_j)`. Source: Hairer, Wanner, Solving Ordinary
    Differential Equations II, section IV.7.

    Attributes:
        order: of the solution.
        dense_order: of the values inside a step.
        gamma: the diagonal.
        a: rows of the strictly lower triangle, one per stage.
        c: likewise.
        nodes: where in the step a stage is evaluated.
        time_weights: of the time derivative of the field.
        dense: one row per power of theta.
    """

    order: int
    dense_order: int
    gamma: float
    a: Rows
    c: Rows
    nodes: tuple[float, ...]
    time_weights: tuple[float, ...]
    dense: Rows

    @property
    def stages(self) -> int:
        """Number of stages."""
        return len(self.a)
