"""The likelihoods of tinygp 0.3.1 and celerite2 0.3.3, where those are right."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.gp import StateSpaceSolver
from sciml.kernels import CARMA, SHO, Celerite, DampedRandomWalk, Matern32, Matern52

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def data():
    """Times, observations, noise."""
    random = np.random.default_rng(0)
    return tuple(
        jnp.asarray(part)
        for part in (np.cumsum(random.lognormal(-2, 0.5, 200)), random.normal(size=200), random.uniform(0.05, 0.2, 200))
    )


def ours(kernel, data):
    times, y, noise = data
    return float(StateSpaceSolver().factorise(kernel, times, noise).log_prob(y))


def tinygp_pairs(peer):
    """Kernels and theirs."""
    return [
        (SHO(2.0, 0.3, 1.7), peer.SHO(omega=2.0, quality=0.3, sigma=1.7**0.5)),
        (SHO(2.0, 3.0), peer.SHO(omega=2.0, quality=3.0)),
        (DampedRandomWalk(2.0), peer.Exp(scale=2.0)),
        (Matern32(1.5) + Matern52(0.4), peer.Matern32(scale=1.5) + peer.Matern52(scale=0.4)),
        (SHO(2.0, 3.0) * DampedRandomWalk(2.0), peer.SHO(omega=2.0, quality=3.0) * peer.Exp(scale=2.0)),
        (Celerite(1.0, 0.1, 0.5, 2.0), peer.Celerite(a=1.0, b=0.1, c=0.5, d=2.0)),
        (
            CARMA.from_coefficients([2.0, 1.2], [0.6, 0.1]),
            peer.CARMA.init(alpha=jnp.asarray([2.0, 1.2]), beta=jnp.asarray([0.6, 0.1])),
        ),
    ]


def test_tinygp(data):
    tinygp, (times, y, noise) = pytest.importorskip("tinygp"), data
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        pairs = tinygp_pairs(tinygp.kernels.quasisep)
        expected = [float(tinygp.GaussianProcess(other, times, diag=noise).log_probability(y)) for _, other in pairs]
    np.testing.assert_allclose([ours(kernel, data) for kernel, _ in pairs], expected, rtol=1e-9)


def test_celerite2(data):
    celerite2, (times, y, noise) = pytest.importorskip("celerite2"), [np.asarray(part) for part in data]
    terms = celerite2.terms
    pairs = [
        (SHO(2.0, 0.3, 1.7), terms.SHOTerm(w0=2.0, Q=0.3, sigma=1.7**0.5)),
        (
            SHO(2.0, 3.0) + SHO(7.0, 0.3),
            terms.SHOTerm(w0=2.0, Q=3.0, sigma=1.0) + terms.SHOTerm(w0=7.0, Q=0.3, sigma=1.0),
        ),
        (DampedRandomWalk(2.0, 0.7), terms.RealTerm(a=0.7, c=0.5)),
        (Celerite(1.0, 0.1, 0.5, 2.0), terms.ComplexTerm(a=1.0, b=0.1, c=0.5, d=2.0)),
    ]
    for kernel, other in pairs:
        process = celerite2.GaussianProcess(other, mean=0.0)
        process.compute(times, diag=noise)
        np.testing.assert_allclose(ours(kernel, data), process.log_likelihood(y), rtol=1e-9)
