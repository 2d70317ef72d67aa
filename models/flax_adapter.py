"""Flax modules, NNX or Linen, as models of this library: trained, saved and evaluated like ours.

Flax is an extra and is imported when a module is adapted. Its conventions differ from ours in four ways, and the
adapter takes care of each: leaves that are no parameters (running statistics, counters) are not trained; dropout draws
from the `key` of the call and is off without one; batch normalisation over a batch of one would return zeros, so only
its evaluation mode is accepted; and a file names a registered factory, because a Flax module's structure cannot be
written safely.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

_FACTORIES: dict[str, Callable[..., Any]] = {}


def register_flax(name: str, factory: Callable[..., Any]) -> None:
    """Say how to build a Flax module, so that files can name it.

    Args:
        name: what files call the module.
        factory: `factory(**config)` gives a Linen module, `factory(**config, rngs=rngs)` an NNX one, in the mode
            (training or evaluation) in which it is adapted.

    Raises:
        ValueError: the name belongs to another factory.

    Example:
        >>> import flax.linen
        >>> register_flax("doc dense", flax.linen.Dense)
    """
    if _FACTORIES.get(name, factory) is not factory:
        raise ValueError(f"register_flax: the name {name!r} already belongs to {_FACTORIES[name]!r}.")
    _FACTORIES[name] = factory


def from_flax(
    module: Any,
    variables: Mapping[str, Any] | None = None,
    *,
    factory: str | None = None,
    config: Mapping[str, Any] | None = None,
    channels_last: bool = False,
    training: Mapping[str, Any] | None = None,
    inference: Mapping[str, Any] | None = None,
) -> "FlaxNNX | FlaxLinen":
    """Adapt a Flax module to one sample per call, `model(x, key=None)`.

    Args:
        module: an NNX module with its state, or a Linen module.
        variables: for Linen, what `module.init` gave; not used for NNX.
        factory: name given to `register_flax`, needed to save the model.
        config: arguments of the factory, as in JSON.
        channels_last: the module wants its sample with channels last; our samples have them first.
        training: for Linen, keyword arguments of the call when a key is given, such as `{"train": True}`.
        inference: for Linen, keyword arguments of the call without a key, such as `{"train": False}`.

    Returns:
        A model that `jit`, `grad`, `vmap`, `sciml.fit`, `sciml.save` take like one of ours. It holds copies: the module
        given is not changed by training; `model.to_flax()` gives a module back.

    Raises:
        ImportError: Flax is not installed.
        TypeError: `module` is no Flax module, or `variables` is missing.
        ValueError: batch normalisation is in training mode, or the factory builds something else.

    Example:
        >>> import jax
        >>> from flax import nnx
        >>> model = from_flax(nnx.Linear(3, 2, rngs=nnx.Rngs(0)))
        >>> model(jax.numpy.ones(3)).shape
        (2,)
    """
    nnx, linen = _flax()
    text = None if config is None else json.dumps(dict(config), sort_keys=True, allow_nan=False)
    if isinstance(module, nnx.Module):
        return FlaxNNX._adapt(module, factory, text, channels_last)
    if not isinstance(module, linen.Module):
        raise TypeError(f"from_flax: `module` must be a Flax module (NNX or Linen), got {type(module).__name__}.")
    if variables is None:
        raise TypeError("from_flax: a Linen module needs `variables`, the result of module.init(key, x).")
    rest = {name: _arrays(value) for name, value in variables.items() if name != "params"}
    options = tuple(tuple(sorted((given or {}).items())) for given in (training, inference))
    if factory is not None and _build(factory, text) != module:
        raise ValueError(f"from_flax: the factory {factory!r} with this `config` builds another module.")
    return FlaxLinen(
        _arrays(variables.get("params", {})), rest, module, options[0], options[1], factory, text, channels_last
    )


class FlaxNNX(eqx.Module):
    """An NNX module as one of ours; made by `from_flax`.

    Attributes:
        params: nested dictionary of the parameters, the only leaves that train.
        rest: nested dictionary of all other state, constant.
    """

    params: dict[str, Any]
    rest: dict[str, Any]
    graph: Any = eqx.field(static=True)
    structures: tuple[Any, Any] = eqx.field(static=True)
    factory: str | None = eqx.field(static=True)
    config: str | None = eqx.field(static=True)
    samples_channels_last: bool = eqx.field(static=True)

    @classmethod
    def _adapt(cls, module: Any, factory: str | None, config: str | None, channels_last: bool) -> "FlaxNNX":
        """Split a module in its structure and its arrays."""
        nnx, _ = _flax()
        for _, part in nnx.iter_modules(module):
            if isinstance(part, nnx.BatchNorm) and not part.use_running_average:
                raise ValueError(
                    "from_flax: BatchNorm is in training mode, which on one sample returns zeros. Call "
                    "`module.eval()`, or `module.set_attributes(use_running_average=True)` to keep dropout active, "
                    "or use group normalisation."
                )
        graph, params, rest = nnx.split(module, nnx.Param, ...)
        if factory is not None and _nnx_skeleton(factory, config)[0] != graph:
            raise ValueError(
                f"from_flax: the factory {factory!r} with this `config` builds another module (its training or "
                "evaluation mode counts: set it in the factory)."
            )
        structures = (jax.tree.structure(params), jax.tree.structure(rest))
        arrays = tuple(_arrays(nnx.to_pure_dict(state)) for state in (params, rest))
        return cls(arrays[0], arrays[1], graph, structures, factory, config, channels_last)

    def to_flax(self) -> Any:
        """Give an NNX module with the present parameters."""
        nnx, _ = _flax()
        pairs = zip(self.structures, (self.params, self.rest))
        states = [jax.tree.unflatten(structure, jax.tree.leaves(values)) for structure, values in pairs]
        # A copy: the module changes itself when called, which must not cross the levels of a transformation.
        return nnx.merge(self.graph, *states, copy=True)

    def trainable(self) -> PyTree:
        """Say leaf by leaf what trains: the parameters."""
        return _only_params(self)

    def __call__(self, x: Float[Array, "..."], *, key: PRNGKeyArray | None = None) -> Float[Array, "..."]:
        """Map one sample.

        Args:
            x: what the module takes, without a batch axis.
            key: randomness of dropout; without it the module is evaluated in its evaluation mode.

        Returns:
            What the module gives.
        """
        module = self.to_flax()
        if key is None:
            module.eval()
        else:
            _reseed(module, key)
        return _with_layout(module, x, self.samples_channels_last)

    def to_file(self) -> dict[str, Any]:
        """Give what a file holds: the factory's name, its arguments and the arrays."""
        return _to_file(self) | {"params": self.params, "rest": self.rest}

    @classmethod
    def from_file(cls, fields: dict[str, Any]) -> "FlaxNNX":
        """Build the module again by its registered factory."""
        graph, *structures = _nnx_skeleton(fields["factory"], fields["config"])
        for structure, name in zip(structures, ("params", "rest")):
            if structure.num_leaves != len(jax.tree.leaves(fields[name])):
                raise ValueError(f"The factory {fields['factory']!r} now builds a module with other {name}.")
        pair = (structures[0], structures[1])
        names = (fields["factory"], fields["config"], fields["channels_last"])
        return cls(fields["params"], fields["rest"], graph, pair, *names)


class FlaxLinen(eqx.Module):
    """A Linen module with its variables as one of ours; made by `from_flax`.

    Attributes:
        params: nested dictionary of the parameters, the only leaves that train.
        rest: the other collections, constant.
    """

    params: dict[str, Any]
    rest: dict[str, Any]
    module: Any = eqx.field(static=True)
    training: tuple[tuple[str, Any], ...] = eqx.field(static=True)
    inference: tuple[tuple[str, Any], ...] = eqx.field(static=True)
    factory: str | None = eqx.field(static=True)
    config: str | None = eqx.field(static=True)
    samples_channels_last: bool = eqx.field(static=True)

    def to_flax(self) -> tuple[Any, dict[str, Any]]:
        """Give the Linen module and its present variables."""
        return self.module, {"params": self.params, **self.rest}

    def trainable(self) -> PyTree:
        """Say leaf by leaf what trains: the parameters."""
        return _only_params(self)

    def __call__(self, x: Float[Array, "..."], *, key: PRNGKeyArray | None = None) -> Float[Array, "..."]:
        """Map one sample.

        Args:
            x: what the module takes, without a batch axis.
            key: randomness of dropout; with it the call gets the `training` arguments, without it the `inference` ones.

        Returns:
            What the module gives.

        Raises:
            ValueError: the module changes its state in the call, as batch normalisation in training mode does.
        """
        from flax import errors

        module, variables = self.to_flax()
        options: dict[str, Any] = dict(self.inference if key is None else self.training)
        if key is not None:
            options["rngs"] = {"dropout": key}
        try:
            return _with_layout(lambda y: module.apply(variables, y, **options), x, self.samples_channels_last)
        except errors.ModifyScopeVariableError as error:
            raise ValueError(
                "The Linen module changes its state when called. BatchNorm must be in evaluation mode "
                "(use_running_average=True), also in training; or use group normalisation."
            ) from error

    def to_file(self) -> dict[str, Any]:
        """Give what a file holds: the factory's name, its arguments and the arrays."""
        modes = {"training": dict(self.training), "inference": dict(self.inference)}
        return _to_file(self) | modes | {"params": self.params, "rest": self.rest}

    @classmethod
    def from_file(cls, fields: dict[str, Any]) -> "FlaxLinen":
        """Build the module again by its registered factory."""
        module = _build(fields["factory"], fields["config"])
        modes = [tuple(sorted(fields[name].items())) for name in ("training", "inference")]
        names = (fields["factory"], fields["config"], fields["channels_last"])
        return cls(fields["params"], fields["rest"], module, modes[0], modes[1], *names)


def _flax() -> tuple[Any, Any]:
    try:
        from flax import linen, nnx
    except ImportError as error:
        raise ImportError("Flax modules need Flax: pip install 'sciml[flax]'.") from error
    return nnx, linen


def _build(factory: str, config: str | None, **extra: Any) -> Any:
    """Call a registered factory."""
    if factory not in _FACTORIES:
        raise ValueError(
            f"Unknown Flax factory {factory!r}: call sciml.models.register_flax({factory!r}, ...) first; known are "
            f"{sorted(_FACTORIES)}."
        )
    return _FACTORIES[factory](**json.loads(config or "{}"), **extra)


def _nnx_skeleton(factory: str, config: str | None) -> tuple[Any, Any, Any]:
    """Give the graph of a factory's NNX module and the structures of its states, computing nothing."""
    nnx, _ = _flax()
    module = nnx.eval_shape(lambda: _build(factory, config, rngs=nnx.Rngs(0)))
    graph, params, rest = nnx.split(module, nnx.Param, ...)
    return graph, jax.tree.structure(params), jax.tree.structure(rest)


def _reseed(module: Any, key: PRNGKeyArray) -> None:
    """Give every random stream of a module its own part of a key; with one key for all, layers would share masks."""
    nnx, _ = _flax()
    streams = [part for _, part in nnx.iter_graph(module) if isinstance(part, nnx.RngStream)]
    for index, stream in enumerate(streams):
        stream.key.set_value(jax.random.fold_in(key, index))
        stream.count.set_value(jnp.zeros_like(stream.count.get_value()))


def _arrays(tree: Any) -> Any:
    """Copy nested mappings of arrays into plain dictionaries."""
    if isinstance(tree, Mapping):
        return {key: _arrays(value) for key, value in tree.items()}
    return jax.tree.map(jnp.asarray, tree)


def _only_params(model: Any) -> PyTree:
    nothing = jax.tree.map(lambda _: False, model)
    return eqx.tree_at(lambda m: m.params, nothing, jax.tree.map(eqx.is_inexact_array, model.params))


def _with_layout(function: Callable[[Array], Array], x: Array, channels_last: bool) -> Array:
    return jnp.moveaxis(function(jnp.moveaxis(x, 0, -1)), -1, 0) if channels_last else function(x)


def _to_file(model: "FlaxNNX | FlaxLinen") -> dict[str, Any]:
    if model.factory is None:
        raise TypeError(
            "A Flax module can be saved if its factory is known: register_flax(name, factory), then "
            "from_flax(module, factory=name, config={...})."
        )
    return {"factory": model.factory, "config": model.config, "channels_last": model.samples_channels_last}
