"""Neural controlled equations: speed of the path, missing values, causality, the log-ODE, training, files."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.models import NeuralCDE, classification_loss, solve_log_ode
from sciml.models.nde.neural_cde import MatrixField

TS = np.asarray([0.0, 0.3, 0.5, 0.9, 1.4, 2.0])
XS = jnp.asarray(np.random.default_rng(0).standard_normal((6, 2)))


def build(**options):
    return NeuralCDE(2, 3, hidden=4, width=8, depth=1, rtol=1e-6, atol=1e-8, key=jax.random.key(0), **options)


@eqx.filter_jit
def read(model, ts, xs):
    return model(ts, xs)


def test_without_time_the_speed_of_the_path_does_not_matter():
    model = build(interpolation="linear", time=False)
    found, faster = read(model, jnp.asarray(TS), XS), read(model, jnp.asarray(TS**3 + TS), XS)
    np.testing.assert_allclose(faster, found, atol=2e-6)
    assert float(jnp.abs(read(model, jnp.asarray(TS), 2 * XS) - found).max()) > 1e-2
    smooth = build(time=False)
    np.testing.assert_allclose(read(smooth, jnp.asarray(7 * TS), XS), read(smooth, jnp.asarray(TS), XS), atol=5e-5)


def test_missing_values_are_those_of_the_interpolation():
    model = build(interpolation="linear", time=False)
    between = XS.at[2, 0].set(XS[1, 0] + (XS[3, 0] - XS[1, 0]) / 3)
    np.testing.assert_allclose(
        read(model, jnp.asarray(TS), XS.at[2, 0].set(jnp.nan)), read(model, jnp.asarray(TS), between), atol=1e-12
    )
    counting = build(counts=True, interpolation="linear", window=5)
    ends = [read(counting, jnp.asarray(TS), XS.at[2, 0].set(value)) for value in (jnp.nan, between[2, 0])]
    assert float(jnp.abs(ends[0] - ends[1]).max()) > 1e-4  # that something is missing is seen


def test_a_channel_without_any_value_is_zero():
    model, ts = build(), jnp.asarray(TS)
    found = model._values(ts, XS.at[:, 1].set(jnp.nan))
    np.testing.assert_array_equal(found, model._values(ts, XS.at[:, 1].set(0.0)))
    np.testing.assert_array_equal(found[:, 1], XS[:, 0])
    assert np.isnan(model._values(ts, XS.at[:5, 1].set(jnp.nan))).sum() == 5  # still to be filled


@pytest.mark.parametrize("interpolation", ["hermite", "linear"])
def test_a_channel_seen_once_is_constant_and_one_never_seen_is_zero(interpolation):
    model, ts = build(interpolation=interpolation, time=False), jnp.asarray(TS)
    never = XS.at[:, 1].set(jnp.nan)
    np.testing.assert_allclose(read(model, ts, never), read(model, ts, XS.at[:, 1].set(0.0)), atol=2e-6)
    once = never.at[0, 1].set(0.7)
    np.testing.assert_allclose(read(model, ts, once), read(model, ts, XS.at[:, 1].set(0.7)), atol=2e-6)
    # Nothing moves along a constant path: it begins at the first value, not at zero.
    still = model.readout(model.initial(jnp.asarray([0.4, -0.7])))
    np.testing.assert_allclose(read(model, ts, jnp.tile(jnp.asarray([0.4, -0.7]), (6, 1))), still, atol=1e-12)


def test_rectilinear_paths_do_not_see_the_future():
    model = build(interpolation="rectilinear", sequence=True)
    found, other = (
        read(model, jnp.asarray(TS), XS),
        read(model, jnp.asarray(TS), XS.at[4:].add(1.0).at[5, 0].set(jnp.nan)),
    )
    assert found.shape == (6, 3)
    np.testing.assert_allclose(other[:4], found[:4], atol=1e-6)
    assert float(jnp.abs(other[4] - found[4]).max()) > 1e-2


def test_depth_two_of_the_log_ode_converges_faster():
    field = MatrixField(sciml.models.MLP(3, 6, width=8, depth=1, key=jax.random.key(1)))
    s = np.linspace(0, 1, 65)
    path = jnp.asarray(np.stack([np.cos(9 * s), np.sin(7 * s)], axis=1))
    z0 = jnp.asarray([0.1, -0.2, 0.3])
    ends = jax.jit(lambda w, d: solve_log_ode(field, z0, path, window=w, depth=d, steps=2)[-1], static_argnums=(0, 1))
    truth = ends(1, 1)
    errors = {(w, d): float(jnp.abs(ends(w, d) - truth).max()) for w in (4, 8) for d in (1, 2)}
    order = [np.log2(errors[8, d] / errors[4, d]) for d in (1, 2)]
    assert order[0] == pytest.approx(2, abs=0.4) and order[1] > 2.6, (errors, order)
    assert errors[4, 2] < errors[4, 1] / 5


@pytest.mark.slow
def test_a_classifier_learns_which_way_a_spiral_turns():
    generator = np.random.default_rng(3)
    ts = np.sort(generator.uniform(0, 4, (64, 12)), axis=1)
    labels = np.arange(64) % 2
    angles = ts * np.where(labels, 1.0, -1.0)[:, None] + generator.uniform(0, 2 * np.pi, (64, 1))
    xs = np.stack([np.cos(angles), np.sin(angles)], axis=-1) * np.exp(-0.2 * ts)[..., None]
    xs[generator.uniform(size=xs.shape) < 0.3] = np.nan
    batch = (jnp.asarray(ts), jnp.asarray(xs), jnp.asarray(labels))
    model = NeuralCDE(2, 2, hidden=6, width=12, depth=1, interpolation="linear", window=3, key=jax.random.key(2))

    @eqx.filter_jit
    def train(model):
        arrays, rest = eqx.partition(model, eqx.is_array)

        def step(carry, _):
            arrays, speed = carry
            (_, metrics), change = jax.value_and_grad(
                lambda a: classification_loss(eqx.combine(a, rest), batch), has_aux=True
            )(arrays)
            speed = jax.tree.map(lambda s, g: 0.9 * s - 0.1 * g, speed, change)
            return (jax.tree.map(jnp.add, arrays, speed), speed), metrics["accuracy"]

        return jax.lax.scan(step, (arrays, jax.tree.map(jnp.zeros_like, arrays)), length=150)[1]

    accuracy = train(model)
    assert accuracy[-1] > 0.9, accuracy[::10]


def test_files_and_single_precision(tmp_path):
    model = build(interpolation="linear", window=3)
    sciml.save(tmp_path / "model.zip", model)
    single = jax.tree.map(lambda x: x.astype(jnp.float32) if eqx.is_array(x) else x, sciml.load(tmp_path / "model.zip"))
    assert eqx.tree_equal(sciml.load(tmp_path / "model.zip"), model)
    assert read(single, jnp.asarray(TS, jnp.float32), XS.astype(jnp.float32)).dtype == jnp.float32


@pytest.mark.parametrize("options", [{"window": 2}, {"window": 0, "interpolation": "linear"}])
def test_windows_want_a_linear_path(options):
    with pytest.raises(ValueError, match="windows need"):
        build(**options)


def test_a_hermite_path_stays_between_the_observations():
    """Noisy values at random times, two of them 1e-4 apart: unlimited, the next piece of the path went to 200."""
    random = np.random.default_rng(0)
    times = np.sort(np.append(random.uniform(0.0, 1.0, 14), 0.5 + 1e-4 * np.arange(2)))
    values = np.stack([np.cos(6 * times), np.sin(6 * times)], axis=1) + 0.05 * random.standard_normal((16, 2))
    model = NeuralCDE(2, 3, hidden=4, width=4, depth=1, time=False, key=jax.random.key(0))
    path = model._path(jnp.asarray(times), jnp.asarray(values))
    dense = np.linspace(times[0], times[-1], 2001)
    found = np.asarray(jax.vmap(path.evaluate)(jnp.asarray(dense)))
    piece = np.clip(np.searchsorted(times, dense, side="right") - 1, 0, 14)
    low, high = np.minimum(values[piece], values[piece + 1]), np.maximum(values[piece], values[piece + 1])
    assert np.all((found > low - 1e-9) & (found < high + 1e-9))
    np.testing.assert_allclose(jax.vmap(path.evaluate)(jnp.asarray(times)), values, atol=1e-9)


def test_other_channels_are_named():
    model = NeuralCDE(2, 3, hidden=4, width=4, depth=1, counts=True, key=jax.random.key(0))
    with pytest.raises(ValueError, match=r"`xs` must have shape \(times, channels\) = \(4, 2\), got \(4, 3\)"):
        model(jnp.linspace(0.0, 1.0, 4), jnp.ones((4, 3)))
