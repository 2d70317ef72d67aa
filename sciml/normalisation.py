"""Scaling of data to numbers of order one: fitted on the training split, applied to all."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Literal, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key, Num

Scope: TypeAlias = Literal["channel", "node"]


class Normaliser(eqx.Module):
    """An affine map of single samples `(channels, *shape)` and its inverse. Final: `GaussianNormaliser`,
    `RangeNormaliser`.

    The statistics are constants: no gradient reaches them.
    """

    @abstractmethod
    def encode(self, sample: Float[Array | np.ndarray, "c *shape"]) -> Float[Array, "c *shape"]:
        """From physical units to numbers of order one."""

    @abstractmethod
    def decode(self, sample: Float[Array | np.ndarray, "c *shape"]) -> Float[Array, "c *shape"]:
        """From numbers of order one to physical units."""


class GaussianNormaliser(Normaliser):
    """Zero mean and unit standard deviation: `(u - mean) / (deviation + epsilon)`.

    Attributes:
        mean: shape `(channels,)`, or `(channels, *shape)` when fitted per node.
        scale: standard deviation plus epsilon, same shape.

    Source: the pointwise form is that of Li et al. 2021 (arXiv:2010.08895) for Darcy flow.

    Example:
        >>> import numpy as np
        >>> from sciml.normalisation import GaussianNormaliser
        >>> data = np.random.default_rng(0).normal(3.0, 2.0, (500, 1, 16)).astype("float32")
        >>> normaliser = GaussianNormaliser.fit(data)
        >>> encoded = normaliser.encode(data[0])
        >>> bool(np.allclose(normaliser.decode(encoded), data[0], atol=1e-5))
        True
    """

    mean: Float[Array, "..."]
    scale: Float[Array, "..."]

    @classmethod
    def fit(cls, data: Num[Array | np.ndarray, "n c *shape"], *, per: Scope = "channel", epsilon: float = 1e-5):
        """Take mean and deviation of the training split, on the host in double precision.

        Args:
            data: training samples, shape `(samples, channels, *shape)`, real.
            per: "channel" for one pair per channel, which holds at any resolution; "node" for one pair per channel
                and node, which ties the normaliser to this resolution.
            epsilon: added to the deviation, for channels or nodes that hardly vary.

        Raises:
            ValueError: for complex or non-finite data or fewer than one sample.
        """
        values, axes = _training_data("GaussianNormaliser.fit", data, per)
        dtype = _floating(data.dtype)
        mean, deviation = values.mean(axis=axes), values.std(axis=axes)
        return cls(jnp.asarray(mean, dtype), jnp.asarray(deviation + epsilon, dtype))

    def encode(self, sample: Float[Array | np.ndarray, "c *shape"]) -> Float[Array, "c *shape"]:
        """`(u - mean) / scale`."""
        mean, scale = _fitted(self, sample, self.mean, self.scale)
        return (jnp.asarray(sample) - mean) / scale

    def decode(self, sample: Float[Array | np.ndarray, "c *shape"]) -> Float[Array, "c *shape"]:
        """`scale u + mean`."""
        mean, scale = _fitted(self, sample, self.mean, self.scale)
        return jnp.asarray(sample) * scale + mean


class RangeNormaliser(Normaliser):
    """The training split's smallest and largest value become -1 and 1; a constant channel becomes 0.

    Attributes:
        centre: half the sum of the bounds, shape `(channels,)` or `(channels, *shape)`.
        scale: half their difference.

    Example:
        >>> import numpy as np
        >>> from sciml.normalisation import RangeNormaliser
        >>> data = np.linspace(0.0, 10.0, 11, dtype="float32").reshape(1, 1, 11)
        >>> RangeNormaliser.fit(data).encode(data[0, :, ::5]).tolist()
        [[-1.0, 0.0, 1.0]]
    """

    centre: Float[Array, "..."]
    scale: Float[Array, "..."]

    @classmethod
    def fit(cls, data: Num[Array | np.ndarray, "n c *shape"], *, per: Scope = "channel"):
        """Take the bounds of the training split.

        Args:
            data: training samples, shape `(samples, channels, *shape)`, real.
            per: "channel", or "node", which ties the normaliser to this resolution.
        """
        values, axes = _training_data("RangeNormaliser.fit", data, per)
        dtype = _floating(data.dtype)
        lower, upper = values.min(axis=axes), values.max(axis=axes)
        half = np.where(upper > lower, (upper - lower) / 2, 1.0)
        return cls(jnp.asarray((upper + lower) / 2, dtype), jnp.asarray(half, dtype))

    def encode(self, sample: Float[Array | np.ndarray, "c *shape"]) -> Float[Array, "c *shape"]:
        """`(u - centre) / scale`."""
        centre, scale = _fitted(self, sample, self.centre, self.scale)
        return (jnp.asarray(sample) - centre) / scale

    def decode(self, sample: Float[Array | np.ndarray, "c *shape"]) -> Float[Array, "c *shape"]:
        """`scale u + centre`."""
        centre, scale = _fitted(self, sample, self.centre, self.scale)
        return jnp.asarray(sample) * scale + centre


class Normalised(eqx.Module):
    """A model between two normalisers: physical units in and out, numbers of order one inside.

    Train, save and evaluate this object and no unit is ever mistaken: `output.decode(model(input.encode(x)))`.

    Attributes:
        model: any model on single samples.
        input: normaliser of its input, or None.
        output: normaliser of its output, or None.

    Example:
        >>> import jax.numpy as jnp, numpy as np
        >>> from sciml.normalisation import GaussianNormaliser, Normalised
        >>> data = 5 + np.random.default_rng(0).normal(size=(20, 1, 8)).astype("float32")
        >>> scale = GaussianNormaliser.fit(data)
        >>> model = Normalised(lambda x, key=None: x, input=scale, output=scale)
        >>> bool(jnp.allclose(model(data[0]), data[0], atol=1e-5))
        True
    """

    model: Callable
    input: Normaliser | None = None
    output: Normaliser | None = None

    def __call__(
        self, x: Float[Array | np.ndarray, "..."], *, key: Key[Array, ""] | None = None
    ) -> Float[Array, "..."]:
        """Evaluate one sample in physical units."""
        encoded = jnp.asarray(x) if self.input is None else self.input.encode(x)
        y = self.model(encoded, key=key)
        return y if self.output is None else self.output.decode(y)

    def trainable(self) -> "Normalised":
        """Say what `sciml.fit` trains: what the model says or its floating-point arrays, never the statistics."""
        given = getattr(self.model, "trainable", None)
        wanted = given() if callable(given) else jax.tree.map(eqx.is_inexact_array, self.model)
        nothing = jax.tree.map(lambda _: False, self)
        return eqx.tree_at(lambda tree: tree.model, nothing, wanted)


def _training_data(owner: str, data: Num[Array | np.ndarray, "..."], per: Scope) -> tuple[np.ndarray, tuple[int, ...]]:
    values = np.asarray(data)
    if values.ndim < 2 or values.shape[0] < 1:
        raise ValueError(f"{owner}: `data` must have shape (samples, channels, *shape), got {values.shape}.")
    if np.iscomplexobj(values):
        raise ValueError(f"{owner}: `data` is complex ({values.dtype}); give real and imaginary part as two channels.")
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"{owner}: `data` holds {int((~np.isfinite(values)).sum())} values that are not finite.")
    if per not in ("channel", "node"):
        raise ValueError(f"{owner}: `per` must be 'channel' or 'node', got {per!r}.")
    return values, (0,) if per == "node" else (0, *range(2, values.ndim))


def _floating(dtype: np.dtype) -> np.dtype:
    return np.dtype(dtype) if np.issubdtype(dtype, np.floating) else np.dtype(jnp.result_type(float))


def _fitted(
    owner: Normaliser, sample: Float[Array | np.ndarray, "..."], *statistics: Float[Array, "..."]
) -> list[Array]:
    """Statistics as constants which broadcast against the sample; refuses another resolution or channel count."""
    fitted = statistics[0].shape
    if sample.shape[:1] != fitted[:1] or (len(fitted) > 1 and sample.shape != fitted):
        tied = "" if len(fitted) == 1 else " (fitted per node, so tied to its resolution; fit with per='channel')"
        wanted = f"({fitted[0]}, *shape)" if len(fitted) == 1 else str(fitted)
        raise ValueError(f"{type(owner).__name__}: a sample of shape {wanted} is expected{tied}, got {sample.shape}.")
    trailing = (1,) * (sample.ndim - len(fitted))
    return [jax.lax.stop_gradient(s).astype(sample.dtype).reshape(fitted + trailing) for s in statistics]
