"""Handwritten digits that come with scikit-learn."""

import numpy as np
from jaxtyping import Float, Int


def load_digits() -> tuple[Float[np.ndarray, "1797 8 8"], Int[np.ndarray, " 1797"]]:
    """Images of 8 x 8 pixels from 0 to 1, in steps of 1/16, and the digits they show; no download.

    Raises:
        ImportError: scikit-learn, the extra `data`, is not installed.

    Example:
        >>> images, labels = load_digits()
        >>> images.shape, int(labels[0])
        ((1797, 8, 8), 0)

    Source: E. Alpaydin & C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998.
    """
    try:
        from sklearn import datasets
    except ImportError as error:
        raise ImportError(
            "The digits come from scikit-learn, which is not installed: pip install 'sciml[data]'."
        ) from error
    images, labels = datasets.load_digits(return_X_y=True)
    return np.asarray(images, np.float64).reshape(-1, 8, 8) / 16, np.asarray(labels, np.int32)
