"""What every grid model asks of its input."""

from jaxtyping import Array


def check_sample(name: str, x: Array, dimension: int, channels: int) -> None:
    """Refuse an array that is not one sample `(channels, *grid)`.

    Raises:
        ValueError: naming what came and what was expected.
    """
    if x.ndim != dimension + 1 or x.shape[0] != channels:
        axes = ", ".join(f"n_{i + 1}" for i in range(dimension))
        raise ValueError(
            f"{name}: `x` must be one sample of shape ({channels}, {axes}), got {tuple(x.shape)}; "
            "batches go through jax.vmap."
        )
