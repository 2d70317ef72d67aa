"""Entropies: closed forms, limits, published facts of the soliton, gradients, refusals."""

import math
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml import metrics
from sciml.metrics import (
    permutation_entropy,
    renyi_entropy,
    sample_entropy,
    shannon_entropy,
    spectral_entropy,
    statistical_complexity,
    tsallis_entropy,
)

DX = 50 / 512
SOLITON = (2 / np.cosh(2 * (DX * np.arange(512) - 15)) + 0j)[None]
FLAT = jnp.ones((2, 4, 8))
PEAK = jnp.zeros((1, 16)).at[0, 3].set(2.0)


def test_the_soliton_has_its_published_entropies():
    psi = jnp.asarray(SOLITON)
    assert shannon_entropy(psi) == pytest.approx(2.94001, abs=5e-6)
    assert shannon_entropy(psi, spacing=DX) == pytest.approx(2 - math.log(4), abs=1e-5)
    assert shannon_entropy(psi, normalised=True) == pytest.approx(2.94001 / math.log(512), abs=1e-6)
    assert renyi_entropy(psi) == pytest.approx(2.73177, abs=5e-6)
    assert renyi_entropy(psi, spacing=DX) == pytest.approx(-math.log(2 / 3), abs=1e-5)
    assert spectral_entropy(psi) == pytest.approx(3.623, abs=5e-4)


def test_the_differential_entropy_does_not_see_the_grid():
    coarse, fine = jnp.asarray(SOLITON[:, ::2]), jnp.asarray(SOLITON)
    for entropy in (shannon_entropy, renyi_entropy):
        np.testing.assert_allclose(entropy(coarse, spacing=2 * DX), entropy(fine, spacing=DX), atol=1e-6)
        assert abs(entropy(coarse) - entropy(fine)) > 0.5


@pytest.mark.parametrize("order", [0.0, 0.5, 1.0, 2.0, math.inf])
def test_extremes(order):
    assert renyi_entropy(FLAT, order=order) == pytest.approx(math.log(32), rel=1e-12)
    assert renyi_entropy(PEAK, order=order) == pytest.approx(0, abs=1e-12)
    if 0 < order < math.inf:
        expected = math.log(32) if order == 1 else (1 - 32 ** (1 - order)) / (order - 1)
        assert tsallis_entropy(FLAT, order=order) == pytest.approx(expected, rel=1e-12)
        assert tsallis_entropy(PEAK, order=order) == pytest.approx(0, abs=1e-12)


def test_orders_meet_in_shannon_and_fall():
    psi = jnp.asarray(SOLITON)
    values = [float(renyi_entropy(psi, order=q)) for q in (0.0, 0.5, 0.999999, 1.0, 1.000001, 2.0, math.inf)]
    assert all(a >= b for a, b in pairwise(values))
    assert values[2] == pytest.approx(values[3], abs=1e-5) == values[4]
    assert tsallis_entropy(psi, order=1.000001) == pytest.approx(values[3], abs=1e-4)


def test_spectra_and_complexity():
    x = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    assert spectral_entropy(jnp.asarray(np.exp(3j * x))[None]) == pytest.approx(0, abs=1e-12)
    assert spectral_entropy(jnp.asarray(np.cos(3 * x))[None]) == pytest.approx(math.log(2), rel=1e-12)
    assert spectral_entropy(PEAK, normalised=True) == pytest.approx(1, rel=1e-12)
    assert statistical_complexity(FLAT) == pytest.approx(0, abs=1e-12) == statistical_complexity(PEAK)
    assert statistical_complexity(jnp.asarray(SOLITON)) > 1


def test_permutation_entropy():
    rising = jnp.arange(50.0)
    assert permutation_entropy(rising) == pytest.approx(0, abs=1e-12) == permutation_entropy(rising[::-1])
    noise = jnp.asarray(np.random.default_rng(0).normal(size=20_000))
    assert 0.999 < permutation_entropy(noise) <= 1
    # Bandt and Pompe's example: 4 7 9 10 6 11 3 has 2, 1 and 2 of the patterns 012, 201 and 102 or 120.
    series = jnp.asarray([4.0, 7.0, 9.0, 10.0, 6.0, 11.0, 3.0])
    assert permutation_entropy(series, normalised=False) * math.log2(math.e) == pytest.approx(1.522, abs=1e-3)
    assert permutation_entropy(jnp.asarray([0.0, 9.0] * 9), delay=2) == pytest.approx(0, abs=1e-12)


def test_sample_entropy():
    def by_counting(series, m, r):
        def pairs(length):
            rows = [series[i : i + length] for i in range(len(series) - m)]
            return sum(np.abs(a - b).max() <= r for i, a in enumerate(rows) for j, b in enumerate(rows) if i != j)

        return -math.log(pairs(m + 1) / pairs(m))

    noise = np.random.default_rng(1).normal(size=120)
    for m, tolerance in ((1, 0.2), (2, 0.3)):
        expected = by_counting(noise, m, tolerance * noise.std())
        found = sample_entropy(jnp.asarray(noise), length=m, tolerance=tolerance)
        assert found == pytest.approx(expected, rel=1e-12)
    assert sample_entropy(jnp.sin(jnp.arange(120.0))) < 0.3 < sample_entropy(jnp.asarray(noise))


def test_gradients_are_finite_where_there_is_nothing_and_batches_map():
    for entropy in (shannon_entropy, renyi_entropy, tsallis_entropy, statistical_complexity):
        assert np.isfinite(jax.grad(entropy)(PEAK)).all()
    single = jnp.asarray(SOLITON, jnp.complex64)
    assert jax.vmap(metrics.shannon_entropy)(jnp.stack([single, 2 * single])).dtype == jnp.float32


def test_wrong_arguments_are_refused():
    for call in (
        lambda: shannon_entropy(PEAK, spacing=1.0, normalised=True),
        lambda: shannon_entropy(jnp.ones(4)),
        lambda: renyi_entropy(PEAK, order=-1.0),
        lambda: tsallis_entropy(PEAK, order=0.0),
        lambda: permutation_entropy(jnp.ones(9), order=8),
        lambda: permutation_entropy(jnp.ones(2)),
        lambda: sample_entropy(jnp.ones(3)),
    ):
        with pytest.raises(ValueError, match=r"entropy"):
            call()
