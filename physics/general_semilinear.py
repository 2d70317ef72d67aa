"""The general semilinear equation of one component, in physical, normalised and difficulty coefficients."""

from collections.abc import Sequence
from typing import Any, Literal

import equinox as eqx
import numpy as np

from sciml.equation import Evolution, Parameter
from sciml.fields import Field, total
from sciml.grid import Grid
from sciml.physics.burgers import scalar_convection
from sciml.physics.kuramoto_sivashinsky import mean_free


class GeneralSemilinear(Evolution):
    """`u_t = sum_s a_s sum_i d_i^s u + sum_p c_p u^p + b_0 u^2 + b_1 T(u) + b_2 |grad u|^2 / 2 + b_w v . grad(u)`.

    A family that holds most equations of one component. `T` is the transport `sum_i (u^2 / 2)_{x_i}` (`form="scalar"`),
    or, with one component per axis, `(u . grad) u` (`"advective"`) or `div(u outer u) / 2` (`"conservative"`); v is the
    velocity of the vorticity u, in 2-D. All coefficients stand on the right-hand side; what is `None` is not computed.
    Examples: Burgers is `linear=(0, 0, nu), convection=-1`; Korteweg-de Vries `linear=(0, 0, 0, -1), convection=-6`;
    Kuramoto-Sivashinsky in 1-D `linear=(0, 0, -1, 0, -1), gradient_norm=-1`; Fisher-KPP `linear=(r, 0, nu),
    quadratic=-r`; Navier-Stokes vorticity `linear=(-drag, 0, nu), vorticity_convection=-1`. The linear part is treated
    exactly: even orders must damp the highest modes (`a_2 >= 0, a_4 <= 0, ...`), odd orders only turn.

    The same equation in other units: with time in steps `dt` and length in boxes `L` the *normalised* coefficients are
    `alpha_s = a_s dt / L^s`, `beta_0 = b_0 dt`, `beta_1 = b_1 dt / L`, `beta_2 = b_2 dt / L^2`, and `c_p dt`, `b_w dt`.
    The *difficulties* say how hard one step is on n nodes per axis in D dimensions for states up to M: `gamma_0 =
    alpha_0`, `gamma_s = alpha_s n^s 2^(s-1) D`, `delta_0 = beta_0`, `delta_1 = beta_1 M n D`, `delta_2 = beta_2 M n^2
    D`. All three describe the same steps; `normalised` and `from_difficulty` make the equation,
    `normalised_coefficients` and `difficulties` lead back.

    Good values: the defaults (Burgers) on a box of length 1 with 64 nodes and `dt = 0.01`; difficulties of one to ten.

    Source: F. Koehler et al., APEBench, NeurIPS 2024 (arXiv:2411.00180), section 3 and appendix.

    Attributes:
        linear: `(a_0, a_1, ..., a_S)`; order s without mixed derivatives.
        quadratic: `b_0`.
        convection: `b_1`.
        gradient_norm: `b_2`.
        polynomial: `(c_0, c_1, ...)`; the entry of order p multiplies `u^p`.
        vorticity_convection: `b_w`, two dimensions only.
        form: of the transport, see above.
        fixed_mean: subtract the mean of the gradient term.

    Example:
        >>> import sciml
        >>> burgers = sciml.physics.GeneralSemilinear.from_difficulty((0.0, 0.0, 1.5), convection=-1.5, points=160, dimension=1)
        >>> round(burgers.difficulties(sciml.Grid((160,), extent=(1.0,)), dt=1.0)["convection"], 12)
        -1.5
    """

    linear: tuple[Parameter, ...] = (0.0, 0.0, 0.01)
    quadratic: Parameter | None = None
    convection: Parameter | None = -1.0
    gradient_norm: Parameter | None = None
    polynomial: tuple[Parameter, ...] = ()
    vorticity_convection: Parameter | None = None
    form: Literal["scalar", "advective", "conservative"] = eqx.field(static=True, default="scalar")
    fixed_mean: bool = eqx.field(static=True, default=False)

    @classmethod
    def normalised(
        cls,
        linear: Sequence[Parameter],
        *,
        length: Parameter = 1.0,
        dt: Parameter = 1.0,
        quadratic: Parameter | None = None,
        convection: Parameter | None = None,
        gradient_norm: Parameter | None = None,
        polynomial: Sequence[Parameter] = (),
        vorticity_convection: Parameter | None = None,
        **options: Any,
    ) -> "GeneralSemilinear":
        """The equation from its normalised coefficients.

        Args:
            linear: `(alpha_0, ..., alpha_S)`.
            length: extent of the box; with the default 1, and `dt` 1, the coefficients are the physical ones.
            dt: the step.
            quadratic: `beta_0`.
            convection: `beta_1`.
            gradient_norm: `beta_2`.
            polynomial: `c_p dt`.
            vorticity_convection: `b_w dt`.
            options: `form` and `fixed_mean`.
        """
        return cls(
            linear=tuple(alpha * length**s / dt for s, alpha in enumerate(linear)),
            quadratic=_times(quadratic, 1 / dt),
            convection=_times(convection, length / dt),
            gradient_norm=_times(gradient_norm, length**2 / dt),
            polynomial=tuple(c / dt for c in polynomial),
            vorticity_convection=_times(vorticity_convection, 1 / dt),
            **options,
        )

    @classmethod
    def from_difficulty(
        cls,
        linear: Sequence[Parameter],
        *,
        points: int,
        dimension: int,
        maximum: float = 1.0,
        convection: Parameter | None = None,
        gradient_norm: Parameter | None = None,
        **others: Any,
    ) -> "GeneralSemilinear":
        """The equation from its difficulties.

        Args:
            linear: `(gamma_0, ..., gamma_S)`.
            points: n, nodes per axis.
            dimension: D.
            maximum: M, largest absolute value of the states.
            convection: `delta_1`.
            gradient_norm: `delta_2`.
            others: as in `normalised`; these coefficients are their own difficulties.
        """
        scale = maximum * points * dimension
        return cls.normalised(
            [gamma / _resolution(s, points, dimension) for s, gamma in enumerate(linear)],
            convection=_times(convection, 1 / scale),
            gradient_norm=_times(gradient_norm, 1 / (scale * points)),
            **others,
        )

    def normalised_coefficients(self, *, length: Parameter, dt: Parameter) -> dict[str, Any]:
        """The arguments with which `normalised(..., length=length, dt=dt)` gives this equation."""
        return {
            "linear": tuple(a * dt / length**s for s, a in enumerate(self.linear)),
            "quadratic": _times(self.quadratic, dt),
            "convection": _times(self.convection, dt / length),
            "gradient_norm": _times(self.gradient_norm, dt / length**2),
            "polynomial": tuple(c * dt for c in self.polynomial),
            "vorticity_convection": _times(self.vorticity_convection, dt),
        }

    def difficulties(self, grid: Grid, *, dt: Parameter, maximum: float = 1.0) -> dict[str, Any]:
        """The difficulties of one step on a grid of equal axes, with the keys of `normalised_coefficients`.

        Raises:
            ValueError: where the axes differ in length or count.
        """
        if len(set(grid.shape)) > 1 or len(set(grid.lengths)) > 1:
            raise ValueError(f"difficulties: defined for a grid of equal axes, got {grid!r}.")
        points, dimension = grid.shape[0], grid.dimension
        found = self.normalised_coefficients(length=grid.lengths[0], dt=dt)
        scale = maximum * points * dimension
        linear = tuple(alpha * _resolution(s, points, dimension) for s, alpha in enumerate(found["linear"]))
        return found | {
            "linear": linear,
            "convection": _times(found["convection"], scale),
            "gradient_norm": _times(found["gradient_norm"], scale * points),
        }

    def component_names(self, dimension: int) -> tuple[str, ...]:
        """One component, or one per axis where the transport asks for them."""
        return ("u",) if self.form == "scalar" else ("u", "v", "w")[:dimension]

    def rhs(self, u: Field) -> Field:
        """All terms that are there."""
        terms = [a * self._order(u, s) for s, a in enumerate(self.linear)] + self._powers(u)
        if self.convection is not None:
            terms.append(self.convection * (scalar_convection(u) if self.form == "scalar" else u.convection(self.form)))
        if self.gradient_norm is not None:
            norm = 0.5 * total(u.d(axis).sample() ** 2 for axis in range(u.dimension))
            terms.append(self.gradient_norm * (mean_free(norm) if self.fixed_mean else norm))
        if self.vorticity_convection is not None:
            terms.append(self.vorticity_convection * u.vorticity_convection())
        return total(terms)

    def _order(self, u: Field, order: int) -> Field:
        return u if order == 0 else total(u.d(axis, order) for axis in range(u.dimension))

    def _powers(self, u: Field) -> list[Field]:
        terms = [] if self.quadratic is None else [self.quadratic * (u * u)]
        power = None
        for exponent, coefficient in enumerate(self.polynomial):
            if exponent == 0:
                terms.append(0.0 * u + coefficient)
                continue
            power = u if power is None else power * u
            if not _absent(coefficient):
                terms.append(coefficient * power)
        return terms


def _absent(coefficient: Parameter) -> bool:
    """Whether a number is the constant zero, which needs no term; an array never is, since it may be a tracer."""
    return isinstance(coefficient, float | int | np.generic) and coefficient == 0


def _times(coefficient: Parameter | None, factor: Parameter) -> Parameter | None:
    return None if coefficient is None or _absent(coefficient) else coefficient * factor


def _resolution(order: int, points: int, dimension: int) -> float:
    return 1.0 if order == 0 else float(points) ** order * 2.0 ** (order - 1) * dimension
