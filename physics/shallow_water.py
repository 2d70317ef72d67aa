"""Rotating shallow water equations."""

from sciml.equation import Evolution, Parameter
from sciml.fields import Field, stack


class ShallowWater(Evolution):
    """Shallow water in 1-D and 2-D: `h_t + div((H + h) u) = 0`, `u_t + (u . grad) u + f z x u + g grad(h) = nu
    laplacian(u)`.

    h is the elevation of the surface above the mean depth `H`. Small states are gravity waves, `omega^2 = f^2 + g H
    |k|^2`, which are linear, coupled and treated exactly as blocks for any step; in 2-D with rotation there is a steady
    balanced flow besides, `f z x u = -g grad(h)`. The volume, mean of h, is conserved. In 1-D the nonlinear waves
    steepen: add viscosity, or stop before they break. Keep `|h| < H`. Good values: `gravity=1, depth=1`, elevations of
    0.1 on a box of length 10 with 128 nodes per axis, `viscosity=1e-3`, `dt = 0.02`.

    Source: G. Vallis, Atmospheric and Oceanic Fluid Dynamics (2017), chapter 3.

    Attributes:
        gravity: `g`, length per time^2.
        depth: `H`, length.
        coriolis: `f`, per time; without effect in 1-D.
        viscosity: `nu`.
    """

    gravity: Parameter = 1.0
    depth: Parameter = 1.0
    coriolis: Parameter = 0.0
    viscosity: Parameter = 1e-3

    def component_names(self, dimension: int) -> tuple[str, ...]:
        """Elevation and velocity; in one or two dimensions."""
        if dimension not in (1, 2):
            raise ValueError(f"ShallowWater: an equation in 1 or 2 dimensions, got a grid of {dimension}.")
        return ("h", "u", "v")[: dimension + 1]

    def transport_velocity(self, u: Field) -> Field:
        """The velocity; the gravity waves are linear and bound no step."""
        return stack(list(u)[1:])

    def invariants(self, u: Field) -> dict[str, Field]:
        """Mass `h`, energy `(H + h) |u|^2 / 2 + g h^2 / 2`."""
        h, speed = u[0], self.transport_velocity(u).squared_norm()
        return {"mass": h, "energy": 0.5 * (self.depth * speed + h * speed + self.gravity * h**2)}

    def rhs(self, u: Field) -> Field:
        """Rates of elevation and velocity."""
        return self._along_a_line(u) if u.dimension == 1 else self._in_the_plane(u)

    def _along_a_line(self, u: Field) -> Field:
        h, a = u
        height, speed = u.sample()
        flux, energy = stack([height * speed, 0.5 * (speed * speed)]).project()
        return stack(
            [
                -(self.depth * a.d(0)) - flux.d(0),
                a.diffusion(self.viscosity) - self.gravity * h.d(0) - energy.d(0),
            ]
        )

    def _in_the_plane(self, u: Field) -> Field:
        h, a, b = u
        height, first, second, curl = stack([h, a, b, b.d(0) - a.d(1)]).sample()
        energy = 0.5 * (first * first + second * second)
        rows = [height * first, height * second, energy, curl * second, curl * first]
        along, across, energy, turn, swing = stack(rows).project()
        return stack(
            [
                -(self.depth * (a.d(0) + b.d(1))) - along.d(0) - across.d(1),
                a.diffusion(self.viscosity) + self.coriolis * b - self.gravity * h.d(0) - energy.d(0) + turn,
                b.diffusion(self.viscosity) - self.coriolis * a - self.gravity * h.d(1) - energy.d(1) - swing,
            ]
        )
