"""Two-layer quasi-geostrophic flow."""

from typing import ClassVar

from sciml.equation import Evolution, Parameter, only_in
from sciml.fields import Field, stack


class TwoLayerQuasiGeostrophic(Evolution):
    """Two-layer quasi-geostrophic flow on the beta plane about a zonal shear, for the potential vorticities of both
    layers.

    `q_i_t + v_i . grad(q_i) + U_i q_i_x + G_i v_i_y = nu laplacian(q_i) - zeta laplacian^2(q_i) - [i = 2] lambda w_2`,
    with `v_i = (psi_i_y, -psi_i_x)`, `w_i = -laplacian(psi_i)`, `q_i = w_i + F_i (psi_i - psi_j)`, `F_1 = K^2 / (1 +
    delta)`, `F_2 = delta F_1` and the mean gradients `G_i = beta + F_i (U_i - U_j)`.

    Where G changes sign between the layers (for `delta = 1`: `|U_1 - U_2| K^2 / 2 > beta`) waves longer than the
    deformation radius `1 / K` grow on the shear and break into geostrophic turbulence: storms. The drag at the bottom
    is what stops them. Waves and growth are linear, coupled between the layers, and treated exactly as complex 2 x 2
    blocks; the step is bounded by advection. Good values: the defaults (lengths in deformation radii, shear one) on a
    box of length 40 with 64 to 128 nodes per axis, `dt = 0.05`; growth takes times of some tens.

    Source: N. Phillips, Tellus 6 (1954) 273; G. Vallis, Atmospheric and Oceanic Fluid Dynamics (2017), section 9.6.

    Attributes:
        beta: northward gradient of the planetary vorticity, per length and time.
        upper_velocity: `U_1`, length per time.
        lower_velocity: `U_2`.
        deformation_wavenumber: `K`, inverse deformation radius, positive.
        depth_ratio: `delta`, depth of the upper over that of the lower layer.
        viscosity: `nu`.
        hyperviscosity: `zeta`.
        drag: `lambda`, friction of the lower layer, per time.
    """

    components: ClassVar[tuple[str, ...]] = ("q1", "q2")
    beta: Parameter = 0.1
    upper_velocity: Parameter = 0.5
    lower_velocity: Parameter = -0.5
    deformation_wavenumber: Parameter = 1.0
    depth_ratio: Parameter = 1.0
    viscosity: Parameter = 0.0
    hyperviscosity: Parameter = 1e-2
    drag: Parameter = 0.1

    def component_names(self, dimension: int) -> tuple[str, ...]:
        """The potential vorticities, upper layer first; in two dimensions only."""
        return only_in(self, dimension, 2)

    def couplings(self) -> tuple[Parameter, Parameter]:
        """`F_1` and `F_2`."""
        first = self.deformation_wavenumber**2 / (1.0 + self.depth_ratio)
        return first, self.depth_ratio * first

    def stream_functions(self, u: Field) -> Field:
        """`psi_1, psi_2` from the potential vorticities, through the barotropic and the baroclinic mode."""
        upper, lower = u
        share = 1.0 / (1.0 + self.depth_ratio)
        barotropic = (self.depth_ratio * share * upper + share * lower).stream_function()
        baroclinic = -(upper - lower).inverse_helmholtz(self.deformation_wavenumber**2)
        return stack([barotropic + share * baroclinic, barotropic - self.depth_ratio * share * baroclinic])

    def rhs(self, u: Field) -> Field:
        """Rates of both layers."""
        psi = self.stream_functions(u)
        first, second = self.couplings()
        shear = self.upper_velocity - self.lower_velocity
        rates = []
        for index, (velocity, gradient) in enumerate(
            [(self.upper_velocity, self.beta + first * shear), (self.lower_velocity, self.beta - second * shear)]
        ):
            q = u[index]
            waves = gradient * psi[index].d(0) - velocity * q.d(0)
            rates.append(waves + q.diffusion(self.viscosity) - self.hyperviscosity * q.biharmonic())
        rates[1] = rates[1] + self.drag * psi[1].laplacian()
        return stack(rates) - self._advection(psi)

    def _advection(self, psi: Field) -> Field:
        """`v_i . grad(q_i)` from the velocities alone.

        The vorticity part in Basdevant's form; `v_i . grad(psi_j)` is a product of the velocities of both layers.
        """
        first, second = self.couplings()
        velocities = stack([psi[0].d(1), -psi[0].d(0), psi[1].d(1), -psi[1].d(0)])
        a, b, c, d = velocities.sample()
        cross_1, difference_1, cross_2, difference_2, mixed = stack(
            [a * b, b * b - a * a, c * d, d * d - c * c, a * d - b * c]
        ).project()
        upper = cross_1.d(0, 2) - cross_1.d(1, 2) + difference_1.d(0).d(1)
        lower = cross_2.d(0, 2) - cross_2.d(1, 2) + difference_2.d(0).d(1)
        return stack([upper + first * mixed, lower - second * mixed])
