"""Klein-Gordon equation as a first-order system."""

from typing import ClassVar

from sciml.equation import Evolution, Parameter
from sciml.fields import Field, stack


class KleinGordon(Evolution):
    """Klein-Gordon equation in 1-3 dimensions, `u_tt = c^2 laplacian(u) - m^2 u - g u^3`, as `u_t = v`.

    Waves `exp(i (k . x - omega t))` with `omega^2 = c^2 |k|^2 + m^2` for `g = 0`, which exponential integrators solve
    exactly for any step. The energy `int v^2 / 2 + c^2 |grad u|^2 / 2 + m^2 u^2 / 2 + g u^4 / 4` is conserved; for `g <
    0` it has no lower bound and large states blow up. Good values: the defaults on a box of length 20, with 256 nodes,
    `dt = 0.01` to `0.05`.

    Source: O. Klein, Z. Phys. 37 (1926) 895; W. Gordon, Z. Phys. 40 (1926) 117.

    Attributes:
        speed: `c`, length per time.
        mass: `m`, per time.
        cubic: `g`.
    """

    components: ClassVar[tuple[str, ...]] = ("u", "v")
    speed: Parameter = 1.0
    mass: Parameter = 1.0
    cubic: Parameter = 1.0

    def invariants(self, u: Field) -> dict[str, Field]:
        """Energy `v^2 / 2 + c^2 |grad u|^2 / 2 + m^2 u^2 / 2 + g u^4 / 4`."""
        wave, rate = u
        kinetic = 0.5 * (rate**2 + self.speed**2 * wave.grad().squared_norm())
        return {"energy": kinetic + 0.5 * self.mass**2 * wave**2 + 0.25 * self.cubic * wave**4}

    def rhs(self, u: Field) -> Field:
        """`(v, c^2 laplacian(u) - m^2 u - g u^3)`."""
        wave, rate = u
        return stack([rate, self.speed**2 * wave.laplacian() - self.mass**2 * wave - self.cubic * wave**3])
