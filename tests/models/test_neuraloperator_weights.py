"""Weights and outputs recorded from the library neuraloperator 2.0 (PyTorch 2.13), reproduced."""

from pathlib import Path

import equinox as eqx
import jax
import numpy as np
import pytest

from sciml.models import load_neuraloperator


@pytest.fixture(scope="module")
def recorded():
    # FNO(n_modes=(4, 4), in_channels=2, out_channels=1, hidden_channels=4, n_layers=2) on two samples of 10 x 9 points.
    with np.load(Path(__file__).parent / "neuraloperator.npz") as file:
        return dict(file)


@pytest.mark.peer
def test_same_weights_give_the_same_output(recorded):
    model = load_neuraloperator({k: v for k, v in recorded.items() if k not in ("input", "output")})
    assert sum(w.size for w in jax.tree.leaves(eqx.filter(model, eqx.is_array))) == sum(
        v.size * (2 if np.iscomplexobj(v) else 1) for k, v in recorded.items() if k not in ("input", "output")
    )
    out = eqx.filter_jit(lambda m, x: jax.vmap(m)(x))(model, recorded["input"])
    assert np.abs(out - recorded["output"]).max() < 1e-6 * np.abs(recorded["output"]).max()


def test_missing_or_asymmetric_weights_are_named(recorded):
    without = {k: v for k, v in recorded.items() if k != "lifting.fcs.0.weight"}
    with pytest.raises(ValueError, match=r"lifting\.fcs\.0\.weight"):
        load_neuraloperator(without)
    odd = recorded | {"fno_blocks.convs.0.weight.tensor": np.zeros((4, 4, 5, 3), complex)}
    with pytest.raises(ValueError, match="odd number of modes"):
        load_neuraloperator(odd)
