"""Functions of the state of which a sparse equation is made."""

import itertools

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float


class FunctionLibrary(eqx.Module):
    """Monomials up to a degree, and sines and cosines of components.

    Attributes:
        size: components of the state.
        degree: highest degree; 0 leaves the constant alone.
        frequencies: of sines and cosines; empty for none.
        angles: components of which sines and cosines are taken; all by default.

    Example:
        >>> library = FunctionLibrary(2, degree=2, frequencies=(1.0,))
        >>> library.names
        ('1', 'x0', 'x1', 'x0 x0', 'x0 x1', 'x1 x1', 'sin(x0)', 'cos(x0)', 'sin(x1)', 'cos(x1)')
        >>> library(jnp.asarray([2.0, 3.0]))[:6].tolist()
        [1.0, 2.0, 3.0, 4.0, 6.0, 9.0]
    """

    size: int = eqx.field(static=True)
    degree: int = eqx.field(static=True, default=3)
    frequencies: tuple[float, ...] = eqx.field(static=True, default=())
    angles: tuple[int, ...] | None = eqx.field(static=True, default=None)

    def __check_init__(self) -> None:
        if self.size < 1 or self.degree < 0:
            raise ValueError(
                f"FunctionLibrary: `size` must be positive and `degree` at least 0, got {self.size} and {self.degree}."
            )
        if not all(0 <= one < self.size for one in self.angles or ()):
            raise ValueError(f"FunctionLibrary: `angles` must be components below {self.size}, got {self.angles}.")

    @property
    def monomials(self) -> tuple[tuple[int, ...], ...]:
        """Components that are multiplied, by rising degree."""
        return tuple(
            one
            for degree in range(self.degree + 1)
            for one in itertools.combinations_with_replacement(range(self.size), degree)
        )

    @property
    def waves(self) -> tuple[tuple[float, int], ...]:
        """Frequency and component of the sines and cosines."""
        components = range(self.size) if self.angles is None else self.angles
        return tuple(itertools.product(self.frequencies, components))

    @property
    def names(self) -> tuple[str, ...]:
        """One for each function, in the order of the values."""
        waves = []
        for factor, i in self.waves:
            inside = f"x{i}" if factor == 1 else f"{factor:g} x{i}"
            waves += [f"sin({inside})", f"cos({inside})"]
        return (*(" ".join(f"x{i}" for i in one) or "1" for one in self.monomials), *waves)

    def __call__(self, y: Float[Array, " size"]) -> Float[Array, " functions"]:
        """Values of all functions at one state.

        Raises:
            ValueError: the shape of `y` does not fit.
        """
        if y.shape != (self.size,):
            raise ValueError(f"FunctionLibrary: `y` must have shape ({self.size},), got {tuple(y.shape)}.")
        powers = [jnp.prod(y[jnp.asarray(one, int)]) if one else jnp.ones((), y.dtype) for one in self.monomials]
        for factor, i in self.waves:
            powers += [jnp.sin(factor * y[i]), jnp.cos(factor * y[i])]
        return jnp.stack(powers)
