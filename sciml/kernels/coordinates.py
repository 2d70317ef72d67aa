"""Parameters of which there may be one for each coordinate of a point."""

from jaxtyping import Array, Float


def one_per_coordinate(
    values: Float[Array, "*dimension"], shape: tuple[int, ...], name: str
) -> Float[Array, "*dimension"]:
    """The values, if they are one number or as many as a point of this shape has coordinates."""
    if values.ndim and values.shape != shape:
        raise ValueError(
            f"`{name}` has shape {values.shape} and the points have coordinates {shape}; give one number, or one per coordinate."
        )
    return values
