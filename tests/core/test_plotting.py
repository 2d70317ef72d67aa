"""Figures: written to disk, in the style, without touching global settings; wrong shapes refused."""

import numpy as np
import pytest

import sciml
from sciml import plotting

matplotlib = pytest.importorskip("matplotlib")
LINE = sciml.Grid((16,), extent=(1.0,))
SQUARE = sciml.Grid((8, 6), extent=(1.0, 2.0))


def test_figures_are_drawn_and_settings_stay(tmp_path):
    before = dict(matplotlib.rcParams)
    page, axes = plotting.figure(1, 3)
    wave = np.sin(2 * np.pi * LINE.axes[0].coordinates())
    plotting.space_time(np.stack([wave, -wave]), LINE, [0.0, 1.0], axes=axes[0, 0])
    plotting.lines(LINE.axes[0].coordinates(), {"exact": wave, "FNO": 0.9 * wave}, reference="exact", axes=axes[0, 1])
    plotting.error_chart([16, 32], {"FNO": [0.1, 0.1], "CNN": [[0.1, 0.3], [0.2, 0.5]]}, trained_at=16, axes=axes[0, 2])
    path = plotting.save(page, tmp_path / "deep" / "page.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    assert axes[0, 2].get_xscale() == "log"
    assert dict(matplotlib.rcParams) == before


def test_field_grid_shares_one_scale():
    page = plotting.field_grid({"a": -np.ones(SQUARE.shape), "b": 3 * np.ones(SQUARE.shape)}, SQUARE)
    limits = [ax.images[0].get_clim() for ax in page.axes[:2]]
    assert limits[0] == limits[1] == (-3.0, 3.0)
    separate = plotting.field_grid({"a": np.eye(8, 6), "b": np.ones(SQUARE.shape)}, SQUARE, shared=False)
    assert separate.axes[0].images[0].get_clim() == (0.0, 1.0)


def test_history_has_a_logarithmic_scale():
    assert plotting.history_chart([1, 2], {"training": [1.0, 0.1]}).axes[0].get_yscale() == "log"


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: plotting.space_time(np.zeros((2, 9)), LINE, [0.0, 1.0]), r"\(2, 16\)"),
        (lambda: plotting.field_grid({"a": np.zeros((8, 8))}, SQUARE), r"\(8, 6\)"),
        (lambda: plotting.error_chart([1, 2], {"a": [1.0]}), "2 resolutions"),
        (lambda: plotting.save(plotting.figure()[0], "x.docx"), "png"),
    ],
)
def test_misuse_is_named(draw, words):
    with pytest.raises(ValueError, match=words):
        draw()


@pytest.mark.parametrize("grid", [LINE, SQUARE], ids=["curve", "image"])
def test_an_animation_holds_every_frame(grid, tmp_path):
    image = pytest.importorskip("PIL.Image")
    frames = np.stack(
        [k * np.ones(grid.shape) + np.arange(grid.shape[0]).reshape(-1, *[1] * (grid.dimension - 1)) for k in range(3)]
    )
    path = plotting.animate(frames, grid, [0.0, 0.5, 1.0], tmp_path / "u.gif", title="u")
    with image.open(path) as picture:
        assert picture.n_frames == 3
    with pytest.raises(ValueError, match=r"\.gif or \.mp4"):
        plotting.animate(frames, grid, [0.0, 0.5, 1.0], tmp_path / "u.png")
    with pytest.raises(ValueError, match="must have shape"):
        plotting.animate(frames, grid, [0.0], tmp_path / "u.gif")
