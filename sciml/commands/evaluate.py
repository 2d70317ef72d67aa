"""`sciml evaluate FILE`: a trained model on a data set, or a solution against one made elsewhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro

from sciml.commands import environment
from sciml.commands.datafiles import Pairs, read_pairs
from sciml.commands.errors import UsageError
from sciml.commands.options import HelpShown, parse
from sciml.commands.output import pairs, quiet_stdout, say, write, write_json
from sciml.commands.references import Reference, interpolate, read_reference


@dataclass(frozen=True)
class EvaluateOptions:
    """Options of `sciml evaluate`."""

    file: Annotated[Path, tyro.conf.Positional]
    """Trained model (.sciml) or solution (.h5 of sciml solve)."""
    data: Path | None = None
    """Data set for a model, at any resolution. Of the data it was trained on, the held-out part is used."""
    reference: Path | None = None
    """Solution to compare with (.mat, .npz or .h5); for a model its first and last state are a pair."""
    plot: Path | None = None
    """Figure of the comparison (.png, .pdf, .svg)."""
    json: bool = False
    """Print one JSON object on standard output."""


def main(argv: Sequence[str]) -> int:
    """Compare and print errors."""
    about = "Compare a trained model or a solution with reference data."
    example = "sciml evaluate model.sciml --data data.h5 --plot errors.png"
    try:
        options = parse(EvaluateOptions, argv, command="sciml evaluate", help=about, example=example)
    except HelpShown:
        return 0
    if not options.file.is_file() and not (options.file.is_dir() and options.file.suffix == ".zarr"):
        raise UsageError(f"no such file: {options.file}")
    if options.plot is not None and options.plot.suffix not in (".png", ".pdf", ".svg"):
        raise UsageError(f"--plot must end in .png, .pdf or .svg, got {options.plot}")
    environment.prepare()
    with quiet_stdout():
        found = _model(options) if _is_model(options.file) else _solution(options)
    write_json(found) if options.json else write(pairs(found))
    return 0


def _is_model(path: Path) -> bool:
    if path.is_dir():
        return False
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def _solution(options: EvaluateOptions) -> dict[str, Any]:
    if options.reference is None:
        raise UsageError(f"{options.file} is a solution: give --reference FILE to compare it with")
    ours, theirs = read_reference(options.file), read_reference(options.reference)
    frames = _shared_times(ours, theirs, options)
    if ours.values.shape[1] != theirs.values.shape[1] or len(ours.coordinates) != len(theirs.coordinates):
        raise UsageError(
            f"{options.file} has {ours.values.shape[1]} components on {len(ours.coordinates)} axes, "
            f"{options.reference} {theirs.values.shape[1]} on {len(theirs.coordinates)}"
        )
    ours.check_comparable(theirs)
    compared = interpolate(ours.values[frames[:, 0]], ours.coordinates, theirs.coordinates)
    target = theirs.values[frames[:, 1]]
    axes = tuple(range(1, target.ndim))
    squares = np.sum(np.abs(compared - target) ** 2, axis=axes), np.sum(np.abs(target) ** 2, axis=axes)
    each = np.sqrt(squares[0] / squares[1])
    if options.plot is not None:
        _plot_solution(options.plot, compared[:, 0], target[:, 0], theirs)
    return {
        "file": str(options.file),
        "reference": str(options.reference),
        "frames_compared": len(frames),
        "relative_l2": float(np.sqrt(squares[0].sum() / squares[1].sum())),
        "relative_l2_last": float(each[-1]),
        "relative_l2_worst": float(each.max()),
        "maximum_error": float(np.max(np.abs(compared - target))),
        **({"figure": str(options.plot)} if options.plot else {}),
    }


def _shared_times(ours: Reference, theirs: Reference, options: EvaluateOptions) -> np.ndarray:
    """Pairs of frame numbers at equal times, shape `(shared, 2)`."""
    nearest = np.array([int(np.argmin(np.abs(ours.times - time))) for time in theirs.times])
    equal = np.abs(ours.times[nearest] - theirs.times) < 1e-6 * max(float(theirs.times[-1]), 1e-30)
    if not equal.any():
        raise UsageError(
            f"{options.file} and {options.reference} share no time; use sciml solve ... --like {options.reference}"
        )
    if not equal.all():
        say(f"{int(equal.sum())} of {equal.size} times of the reference are in {options.file}; the others are left out")
    return np.stack([nearest[equal], np.flatnonzero(equal)], axis=1)


def _model(options: EvaluateOptions) -> dict[str, Any]:
    import jax
    import jax.numpy as jnp

    import sciml

    if (options.data is None) == (options.reference is None):
        raise UsageError(f"{options.file} is a model: give either --data FILE or --reference FILE")
    model = sciml.load(options.file, narrow=True)
    if not callable(model):
        raise UsageError(f"{options.file} holds a {type(model).__name__}, not a model")
    data, part = _data(options)
    say(f"evaluating on {data.samples} samples ({part}) of {data.shape} nodes")
    evaluate = jax.jit(jax.vmap(lambda x: model(x, key=None)))
    size = min(64, data.samples)
    batches = [data.inputs[first : first + size] for first in range(0, data.samples, size)]
    # The last batch is filled up, so that there is one program only.
    full = [np.concatenate([b, np.repeat(b[-1:], size - len(b), axis=0)]) for b in batches]
    predictions = np.concatenate([np.asarray(evaluate(jnp.asarray(b))) for b in full])[: data.samples]
    if predictions.shape != data.outputs.shape:
        raise UsageError(f"the model gives {predictions.shape[1:]} where {data.source} has {data.outputs.shape[1:]}")
    if options.plot is not None:
        _plot_model(options.plot, data, predictions)
    return {
        "file": str(options.file),
        "data": str(data.source),
        "part": part,
        "samples": data.samples,
        "nodes": list(data.shape),
        **_errors(data, predictions),
        **({"figure": str(options.plot)} if options.plot else {}),
    }


def _data(options: EvaluateOptions) -> tuple[Pairs, str]:
    from sciml import fingerprint
    from sciml.checkpoint import read_manifest

    config = _plain(read_manifest(options.file).get("config"))
    config = config if isinstance(config, dict) else {}
    if options.reference is not None:
        found = read_reference(options.reference).periodic()
        if np.iscomplexobj(found.values):
            raise UsageError(f"{options.reference} holds complex numbers; the models here are real")
        values = found.values.astype(np.float32)
        data, part = (
            Pairs(values[:1], values[-1:], found.coordinates, found.box(), options.reference),
            "first to last state",
        )
    else:
        data, part = read_pairs(options.data), "all"  # type: ignore[arg-type]
    given = ([data.inputs.shape[1], data.outputs.shape[1]], len(data.shape))
    if "channels" in config and given != (wanted := (config["channels"], config["axes"])):
        raise UsageError(
            f"{options.file} maps {wanted[0][0]} channels to {wanted[0][1]} on {wanted[1]} axes; "
            f"{data.source} has {given[0][0]} and {given[0][1]} on {given[1]}"
        )
    held = config.get("test_samples", 0)
    if held and config["data"] == fingerprint.of_arrays((data.inputs, data.outputs)):
        return data.take(slice(data.samples - held, None)), "held out of training"
    return data, part


def _plain(stored: Any) -> Any:
    """A configuration as the manifest writes it, where dictionaries are lists of pairs."""
    if isinstance(stored, dict) and set(stored) == {"dict"}:
        return {key: _plain(value) for key, value in stored["dict"]}
    return stored


def _errors(data: Pairs, predictions: np.ndarray) -> dict[str, Any]:
    import jax

    import sciml
    from sciml import metrics

    def mean(metric: Callable[[Any, Any], Any]) -> np.ndarray:
        return np.asarray(jax.jit(jax.vmap(metric))(predictions, data.outputs), np.float64)

    relative = mean(metrics.relative_l2)
    found = {
        "relative_l2": float(relative.mean()),
        "relative_l2_median": float(np.median(relative)),
        "relative_l2_worst": float(relative.max()),
        "rmse": float(mean(metrics.rmse).mean()),
        "maximum_error": float(mean(metrics.maximum_error).max()),
        "conserved_rmse": float(mean(metrics.conserved_rmse).mean()),
        "rmse_low_middle_high": [float(f"{value:.4g}") for value in mean(metrics.band_rmse).mean(axis=0)],
    }
    if data.extent is not None:
        grid = sciml.Grid(data.shape, extent=data.extent)
        found["relative_h1"] = float(mean(lambda p, t: metrics.relative_sobolev(p, t, grid)).mean())
    return found


def _plot_solution(path: Path, ours: np.ndarray, theirs: np.ndarray, reference: Reference) -> None:
    from sciml import plotting

    if len(reference.coordinates) != 1:
        raise UsageError("--plot of a solution shows one dimension")
    page, axes = plotting.figure(1, 3, width=4.2, height=3.2)
    for ax, frame in zip(axes[0], np.linspace(0, len(ours) - 1, 3).round().astype(int)):
        curves = {"reference": np.abs(theirs[frame]), "sciml": np.abs(ours[frame])}
        if not np.iscomplexobj(theirs):
            curves = {"reference": theirs[frame], "sciml": ours[frame]}
        plotting.lines(reference.coordinates[0], curves, reference="reference", title=f"frame {frame}", axes=ax)
    plotting.save(page, path)


def _plot_model(path: Path, data: Pairs, predictions: np.ndarray) -> None:
    from sciml import plotting

    if len(data.shape) == 1:
        shown = np.linspace(0, data.samples - 1, 3).round().astype(int)
        page, axes = plotting.figure(1, 3, width=4.2, height=3.2)
        for ax, i in zip(axes[0], shown):
            curves = {"reference": data.outputs[i, 0], "model": predictions[i, 0]}
            plotting.lines(data.coordinates[0], curves, reference="reference", title=f"sample {i}", axes=ax)
    elif len(data.shape) == 2 and data.extent is not None:
        import sciml

        fields = {"input": data.inputs[0, 0], "reference": data.outputs[0, 0], "model": predictions[0, 0]}
        page = plotting.field_grid(fields, sciml.Grid(data.shape, extent=data.extent), columns=3)
    else:
        raise UsageError("--plot shows one dimension, or two where the file tells the extent of the box")
    plotting.save(page, path)
