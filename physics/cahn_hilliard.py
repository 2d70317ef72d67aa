"""Cahn-Hilliard equation."""

from sciml.equation import Evolution, Parameter
from sciml.fields import Field


class CahnHilliard(Evolution):
    """Cahn-Hilliard equation in 1-3 dimensions, `u_t = M laplacian(b u^3 - a u - gamma laplacian(u))`.

    A mixture separates into domains of `u = +-sqrt(a / b)`, parted by walls of width about `sqrt(2 gamma / a)`, which
    coarsen as t^(1/3). The mean is conserved, the free energy `int b u^4 / 4 - a u^2 / 2 + gamma |grad u|^2 / 2` never
    grows. Modes below `sqrt(a / gamma)` grow at first, fastest at `sqrt(a / (2 gamma))`. The cubic term is stiff too:
    exponential integrators bound it by `dt < 1 / (2 M b k_max^2)` or so. Give a wall four nodes or more. Good values:
    the defaults on a box of length 1 with 64 to 128 nodes, `dt = 1e-3` to `1e-2`.

    Source: J. Cahn, J. Hilliard, J. Chem. Phys. 28 (1958) 258.

    Attributes:
        mobility: `M`, length^2 per time.
        gradient_energy: `gamma`, length^2.
        linear: `a`.
        cubic: `b`.
    """

    mobility: Parameter = 1e-2
    gradient_energy: Parameter = 1e-3
    linear: Parameter = 1.0
    cubic: Parameter = 1.0

    def rhs(self, u: Field) -> Field:
        """`M laplacian(b u^3 - a u - gamma laplacian(u))`."""
        # The state apart from its cube: a sum that holds point values would be transformed whole.
        potential = self.linear * u + self.gradient_energy * u.laplacian()
        return self.mobility * ((self.cubic * u**3).laplacian() - potential.laplacian())
