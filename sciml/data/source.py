"""The interface of data on the host: rows by index."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from jaxtyping import Int


class Source(ABC):
    """A set of samples that gives rows by index.

    `sciml.fit` decides which samples form batch number `step` from its key and `step` alone and asks for them here,
    so a source holds no position, and reading ahead may be thrown away. Subclass it for a file format of your own:
    the methods may be called from one thread beside the main one.

    Example:
        >>> import numpy as np
        >>> from sciml.data import Source
        >>> class Squares(Source):
        ...     def __len__(self):
        ...         return 100
        ...     def rows(self, indices):
        ...         return {"x": indices.astype(np.float32), "y": indices.astype(np.float32) ** 2}
        ...     def fingerprint(self):
        ...         return "squares"
        >>> Squares().rows(np.array([3, 1]))["y"]
        array([9., 1.], dtype=float32)
    """

    @abstractmethod
    def __len__(self) -> int:
        """Number of samples."""

    @abstractmethod
    def rows(self, indices: Int[np.ndarray, " rows"]) -> Any:
        """Give the samples at `indices`, in this order, repeats allowed: a tree of NumPy arrays with that leading
        axis."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Give a short text that changes when the samples do; a resumed training compares it."""

    def arrays(self) -> Any | None:
        """Give all samples as one tree when they are in memory, else None: they are then read as training goes."""
        return None

    def close(self) -> None:
        """Give back what the source holds, such as an open file."""
        return None
