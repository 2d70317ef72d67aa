"""Decay rates of an Ornstein-Uhlenbeck bank."""

import math

import numpy as np


def gamma_grid(
    count: int = 5, largest: float = 20.0, *, offset: float = 0.0, smallest: float | None = None
) -> tuple[float, ...]:
    """Geometric grid of decay rates, symmetric about 1 on the logarithmic scale unless told otherwise.

    The rates are `r**(k - n)` for k = 1, ..., K with `n = (K + 1)/2 + offset` and r such that the last one is `largest`. A path is
    resolved between the times `1/largest` and `1/smallest`: rough paths (Hurst index near 0) want a larger `largest`, smooth ones of
    type I (near 1) a smaller `smallest`.

    Args:
        count: number of rates K.
        largest: the largest rate, in inverse units of time.
        offset: shifts the grid; positive values give more rates below 1.
        smallest: the smallest rate; takes the place of `offset`.

    Returns:
        Rates in increasing order.

    Raises:
        ValueError: `count` below 1, rates that are not positive and increasing, or both `offset` and `smallest`.

    Example:
        >>> [round(rate, 4) for rate in gamma_grid(5, 20.0)]
        [0.05, 0.2236, 1.0, 4.4721, 20.0]
        >>> [round(rate, 4) for rate in gamma_grid(3, 100.0, smallest=0.01)]
        [0.01, 1.0, 100.0]

    Source:
        Daems et al., "Variational Inference for SDEs Driven by Fractional Noise", ICLR 2024 (arXiv 2310.12975).
    """
    if count < 1:
        raise ValueError(f"gamma_grid: `count` must be at least 1, got {count}.")
    if smallest is not None:
        if offset != 0.0:
            raise ValueError(f"gamma_grid: give `offset` or `smallest`, not both; got {offset} and {smallest}.")
        if not 0 < smallest <= largest or (count > 1 and smallest == largest):
            raise ValueError(
                f"gamma_grid: 0 < `smallest` < `largest` is needed, got smallest={smallest}, largest={largest}."
            )
        return tuple(np.geomspace(smallest, largest, count).tolist()) if count > 1 else (float(largest),)
    if count == 1:
        return (float(largest),)
    span = count - 1 - 2 * offset
    if largest <= 1 or span <= 0:
        raise ValueError(
            f"gamma_grid: a grid about 1 needs `largest` > 1 and `offset` < {(count - 1) / 2}, got largest={largest}, "
            f"offset={offset}; give `smallest` for any other grid."
        )
    ratio, middle = largest ** (2 / span), (count + 1) / 2 + offset
    return tuple(math.pow(ratio, k - middle) for k in range(1, count + 1))
