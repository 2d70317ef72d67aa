"""Wave equation as a first-order system."""

from typing import ClassVar

from sciml.equation import Evolution, Parameter
from sciml.fields import Field, stack


class Wave(Evolution):
    """Wave equation in 1-3 dimensions, `h_t = v`, `v_t = c^2 laplacian(h)`.

    The energy `int v^2 + c^2 |grad h|^2` is conserved. The two components are coupled in the linear part, which exponential
    integrators treat exactly as 2 x 2 blocks, for any step. Good values: the default on a box of length 1.

    Attributes:
        speed: `c`, length per time.
    """

    components: ClassVar[tuple[str, ...]] = ("h", "v")
    speed: Parameter = 1.0

    def invariants(self, u: Field) -> dict[str, Field]:
        """Mean motion `v`, energy `v^2 / 2 + c^2 |grad h|^2 / 2`."""
        h, v = u
        return {"mean v": v, "energy": 0.5 * (v**2 + self.speed**2 * h.grad().squared_norm())}

    def rhs(self, u: Field) -> Field:
        """`(v, c^2 laplacian(h))`."""
        h, v = u
        return stack([v, self.speed**2 * h.laplacian()])
