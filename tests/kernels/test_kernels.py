"""Values, derivatives, spectra and algebra of kernels."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml import kernels
from sciml.kernels.derivatives import Pairs
from sciml.kernels.features import RandomFeatures
from sciml.kernels.profile import Profile


def stationary():
    mixture = kernels.StudentTMixture([0.4, 0.6], [0.0, 3.0], [1.0, 0.7])
    return {
        "rbf": kernels.RBF(0.7),
        "matern32": kernels.Matern32(0.7),
        "matern52": kernels.Matern52(0.7),
        "matern72": kernels.Matern72(0.7),
        "matern": kernels.Matern(0.7, 3.3),
        "rational_quadratic": kernels.RationalQuadratic(0.7, 1.3),
        "periodic": kernels.Periodic(1.3, 0.8),
        "cosine": kernels.Cosine(0.4),
        "student_t_mixture": mixture,
        "spectral_mixture": kernels.SpectralMixture([0.4, 0.6], [0.0, 3.0], [1.0, 0.7]),
        "algebra": kernels.RBF(0.7) * kernels.Matern52(0.9) + 2.0 * kernels.Matern72(0.5),
    }


def others():
    mixing = jnp.array([[1.0, 0.2], [-0.5, 0.3]])
    return {
        "matern12": kernels.Matern12(0.7),
        "constant": kernels.Constant(2.0),
        "linear": kernels.Linear(0.5, 0.3),
        "polynomial": kernels.Polynomial(3, 0.7, 0.5),
        "steps": kernels.ArcCosine(0, 1.3, 0.4),
        "relu": kernels.ArcCosine(1, 1.3, 0.4),
        "squares": kernels.ArcCosine(2, 1.3, 0.4),
        "gibbs": kernels.Gibbs(lambda x: 0.5 + 0.2 * jnp.sin(x) ** 2),
        "wiener": kernels.Wiener(),
        "fractional_brownian": kernels.FractionalBrownian(0.7),
        "warped": kernels.Warped(kernels.RBF(0.7), jnp.exp),
        "outputs": kernels.Warped(kernels.Coregionalisation(mixing, jnp.ones(2)), lambda x: jnp.mod(jnp.floor(x), 2)),
    }


POINTS = np.sort(np.random.default_rng(0).uniform(0.1, 2.5, 12))


def every():
    return {**stationary(), **others()}


NAMES, STATIONARY = list(every()), list(stationary())


@pytest.mark.parametrize("name", NAMES)
def test_matrices_are_covariances_and_agree_with_single_pairs(name):
    kernel = every()[name]
    x = jnp.asarray(POINTS)
    gram = kernel.gram(x)
    assert gram.dtype == jnp.float64
    np.testing.assert_allclose(gram, gram.T, atol=1e-14)
    assert np.linalg.eigvalsh(gram)[0] > -1e-12 * np.trace(gram)
    np.testing.assert_allclose(kernel.diagonal(x), jnp.diag(gram), rtol=1e-13)
    np.testing.assert_allclose(kernel(x[2], x[7]), gram[2, 7], rtol=1e-12, atol=1e-15)
    single = kernel.gram(x.astype(jnp.float32), x[:5].astype(jnp.float32))
    assert single.dtype == jnp.float32
    np.testing.assert_allclose(single, gram[:, :5], rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", STATIONARY)
def test_profiles_give_the_derivatives_of_the_kernel_also_where_points_coincide(name):
    kernel = stationary()[name]
    profile = kernel.profile()
    lags = jnp.array([0.0, 0.3, -1.1])
    # Derivatives of Bessel functions take long to compile.
    highest = 2 if name == "matern" else int(min(profile.smoothness, 4))
    nested = Profile.of(jax.vmap(lambda lag: kernel(lag, jnp.zeros_like(lag))))
    orders = range(highest + 1)
    known, found = jax.jit(lambda t: ([profile(t, n) for n in orders], [nested(t, n) for n in orders]))(lags)
    for order in orders:
        scale = jnp.max(jnp.abs(known[order - order % 2]))
        np.testing.assert_allclose(known[order], found[order], atol=1e-12 * scale, rtol=1e-10)


def test_covariances_of_derivatives_are_those_of_nested_differentiation():
    # A user's kernel, without a profile, against the same one with.
    known = kernels.Separable((kernels.Matern72(0.7), kernels.RBF(0.4)))
    plain = kernels.Custom(known.evaluate)
    rng = np.random.default_rng(1)
    x = jnp.asarray(rng.uniform(size=(3, 2)))
    pairs = Pairs.of(x, x)
    orders = (((2, 0), (0, 2)), ((1, 1), (1, 0)), ((2, 0), (2, 0)))
    both = jax.jit(lambda: [[k.derivatives(pairs, *order) for order in orders] for k in (known, plain)])()
    for one, other in zip(*both):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9 * jnp.max(jnp.abs(other)))


def test_distances_of_a_grid_are_evaluated_once():
    x = np.linspace(0, 1, 50)[:, None]
    pairs = Pairs.of(x, x)
    assert pairs.lags[0].distances.size < 60
    scattered = Pairs.of(np.random.default_rng(0).uniform(size=(50, 1)), x)
    assert scattered.lags[0].distances.shape == (50, 50)
    gap = kernels.RBF(0.3).derivatives(pairs, (1,), (2,)) - kernels.Custom(kernels.RBF(0.3).evaluate).derivatives(
        pairs, (1,), (2,)
    )
    assert jnp.max(jnp.abs(gap)) < 1e-10


def test_second_derivatives_at_zero_of_single_components():
    # S. Fang et al., ICLR 2024: with rate 1, frequency 3, weight 1.
    student = kernels.StudentTMixture([1.0], [3.0], [1.0]).profile()
    normal = kernels.SpectralMixture([1.0], [3.0], [0.5**0.5]).profile()
    assert float(student(jnp.zeros(()), 2)) == pytest.approx(-356.97242512, abs=2e-7)
    assert float(normal(jnp.zeros(()), 2)) == pytest.approx(-357.30575844, abs=2e-7)


@pytest.mark.parametrize(
    "kernel",
    [
        kernels.DampedRandomWalk(1.0),
        kernels.Celerite(1.0, 0.1, 0.5, 2.0),
        kernels.CARMA.from_coefficients([2.0, 1.2], [0.6, 0.1]),
        kernels.Wiener(),
        kernels.ArcCosine(0) + kernels.RBF(),
        kernels.Separable((kernels.RBF(), kernels.Matern12())),
        kernels.Matern12(jnp.ones(2)) * kernels.Linear(),
    ],
    ids=lambda kernel: type(kernel).__name__,
)
def test_a_velocity_that_does_not_exist_is_refused(kernel):
    dimension = 1 if isinstance(kernel, kernels.DampedRandomWalk | kernels.Celerite | kernels.CARMA) else 2
    pairs, last = Pairs.of(*2 * [np.zeros((2, dimension))]), (0,) * (dimension - 1) + (1,)
    with pytest.raises(ValueError, match="0 derivatives at lag zero, and the observations need 2"):
        kernel.derivatives(pairs, last, last)


def test_velocities_of_oscillators_and_of_the_smooth_coordinate_of_a_product():
    line, plane = Pairs.of(*2 * [np.zeros((1, 1))]), Pairs.of(*2 * [np.zeros((1, 2))])
    for kernel in (kernels.SHO(2.0, 0.7), kernels.CARMA.from_coefficients([4.0, 2.0 / 0.7], [(4 * 8 / 0.7) ** 0.5])):
        np.testing.assert_allclose(kernel.derivatives(line, (1,), (1,)), 4.0 * kernel(0.0, 0.0), rtol=1e-12)
    rough = kernels.Separable((kernels.SHO(2.0, 0.7), kernels.DampedRandomWalk(1.0)))
    np.testing.assert_allclose(rough.derivatives(plane, (1, 0), (1, 0)), 4.0, rtol=1e-12)


def test_parameters_outside_their_sets_are_refused_by_name():
    for make, sentence in (
        (lambda: kernels.RBF(-1.0), "RBF: `lengthscale` must be at least 0, got -1.0"),
        (lambda: -2.0 * kernels.RBF(), "Scaled: `variance` must be at least 0"),
        (lambda: kernels.FractionalBrownian(1.5), "`hurst` must be between 0 and 1"),
        (lambda: kernels.SHO(1.0, np.nan), "SHO: `quality`"),
    ):
        with pytest.raises(ValueError, match=sentence):
            make()
    # What is not known yet cannot be refused, and zero is a limit.
    jax.vmap(lambda scale: kernels.RBF(scale)(0.0, 1.0))(jnp.array([-1.0, 1.0]))
    assert float((0.0 * kernels.RBF())(0.0, 0.0)) == 0.0


def test_one_parameter_per_coordinate_and_one_coordinate_per_kernel_of_a_number():
    for kernel in (
        kernels.Linear([1.0, 2.0]),
        kernels.Linear(1.0, [1.0, 2.0]),
        kernels.Periodic([1.0, 2.0]),
        kernels.Cosine([1.0, 2.0]),
        kernels.Polynomial(2, [1.0, 2.0]),
        kernels.ArcCosine(1, [1.0, 2.0]),
        kernels.RBF([1.0, 2.0]),
    ):
        with pytest.raises(ValueError, match="give one number, or one per coordinate"):
            kernel(0.1, 0.2)
    with pytest.raises(ValueError, match="multiplied by one number"):
        kernels.RBF() * jnp.ones(2)
    for kernel in (kernels.SpectralMixture.spread(4, 5.0), kernels.DampedRandomWalk(1.0)):
        with pytest.raises(ValueError, match="kernel of one number"):
            kernel.spectrum().sample(4, 2, key=jax.random.key(0))


def test_outputs_that_do_not_exist_are_not_numbers():
    gram = kernels.Coregionalisation(jnp.ones((2, 1)), jnp.ones(2)).gram(jnp.array([0.0, 1.0, 2.0, -1.0]))
    assert jnp.isfinite(gram[:2, :2]).all() and jnp.isnan(gram[2:]).all() and jnp.isnan(gram[:, 2:]).all()


def test_the_spectral_density_at_zero_is_its_limit():
    for kernel, dimension in ((kernels.RationalQuadratic(1.0, 1.3), 1), (kernels.RationalQuadratic(2.0, 3.0), 2)):
        density = kernel.spectrum().density
        near = density(jnp.full((1, dimension), 1e-6))
        np.testing.assert_allclose(density(jnp.zeros((1, dimension))), near, rtol=1e-5)
    assert jnp.isinf(kernels.RationalQuadratic(1.0, 0.4).spectrum().density(jnp.zeros((1, 1)))).all()


def test_a_derivative_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="2 derivatives at lag zero, and the observations need 4"):
        kernels.Matern32().profile()(jnp.zeros(1), 4)


def test_matern_of_any_smoothness_meets_the_half_integers_and_its_order_can_be_learned():
    x = jnp.asarray(POINTS)
    for order, kernel in (
        (0.5, kernels.Matern12),
        (1.5, kernels.Matern32),
        (2.5, kernels.Matern52),
        (3.5, kernels.Matern72),
    ):
        np.testing.assert_allclose(kernels.Matern(0.6, order).gram(x), kernel(0.6).gram(x), rtol=1e-12, atol=1e-14)

    def total(order):
        return jnp.sum(jnp.sin(jnp.arange(144.0)).reshape(12, 12) * kernels.Matern(0.6, order).gram(x))

    step = 1e-5
    difference = (total(2.1 + step) - total(2.1 - step)) / (2 * step)
    assert float(jax.grad(total)(jnp.asarray(2.1))) == pytest.approx(float(difference), rel=1e-7)


@pytest.mark.parametrize("name", [name for name in STATIONARY if name not in ("periodic", "cosine", "algebra")])
def test_the_spectral_density_is_the_fourier_transform(name):
    kernel = stationary()[name]
    w = jnp.linspace(-500.0, 500.0, 200_001)
    density = kernel.spectrum().density(w[:, None])
    for lag in (0.0, 0.3, 1.1):
        value = jnp.trapezoid(density * jnp.cos(w * lag), w) / (2 * jnp.pi)
        assert float(value) == pytest.approx(float(kernel(0.0, lag)), abs=1e-6)


def test_the_density_in_the_plane_integrates_to_the_variance():
    axis = jnp.linspace(-60.0, 60.0, 1201)
    plane = jnp.stack(jnp.meshgrid(axis, axis), -1)
    density = kernels.Matern52(jnp.array([0.5, 1.0])).spectrum().density(plane)
    total = jnp.sum(density) * (axis[1] - axis[0]) ** 2 / (2 * jnp.pi) ** 2
    assert float(total) == pytest.approx(1.0, abs=2e-4)


@pytest.mark.parametrize("name", ["rbf", "matern52", "rational_quadratic", "student_t_mixture", "algebra", "cosine"])
def test_random_frequencies_have_the_kernel_as_characteristic_function(name):
    kernel = stationary()[name]
    spectrum = kernel.spectrum()
    for seed in range(3):
        frequencies = spectrum.sample(20_000, key=jax.random.key(seed))[:, 0]
        for lag in (0.3, 1.1):
            waves = spectrum.variance * jnp.cos(frequencies * lag)
            error = jnp.std(waves) / 20_000**0.5 + 1e-12
            assert abs(jnp.mean(waves) - kernel(0.0, lag)) < 4 * error


def test_the_error_of_random_features_falls_with_the_root_of_their_number():
    x = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (20, 4)))

    def error(count, kind, kernel):
        def one(key):
            features = RandomFeatures.draw(kernel, count, 4, kind=kind, key=key)(x)
            return jnp.mean((features @ features.T - kernel.gram(x)) ** 2)

        return float(jnp.sqrt(jnp.mean(jax.lax.map(one, jax.random.split(jax.random.key(0), 16)))))

    counts = [64, 512, 4096]
    fourier = [error(count, "fourier", kernels.RBF(1.2)) for count in counts]
    # Positive features have heavy tails far from the origin, in units of the lengthscale.
    positive = [error(count, "positive", kernels.RBF(3.0)) for count in counts]
    for values in (fourier, positive):
        assert np.polyfit(np.log(counts), np.log(values), 1)[0] == pytest.approx(-0.5, abs=0.1)
    assert error(512, "orthogonal", kernels.RBF(1.2)) < 0.9 * fourier[1]


def test_capabilities_of_the_whole_need_those_of_all_parts():
    smooth, rough = kernels.RBF(), kernels.Matern32()
    assert (rough + 2.0 * rough).state_space() is not None and (smooth + rough).state_space() is None
    assert (smooth * rough).profile().smoothness == 2
    assert (kernels.Linear() + smooth).profile() is None
    assert len((3.0 * smooth * kernels.Separable((rough, smooth))).factors(2)) == 2
    assert (smooth + smooth).factors(2) is None
    sheet = kernels.Wiener().factors(3)
    assert sheet is not None and len(sheet) == 3


def test_factors_multiply_to_the_kernel_on_a_lattice():
    kernel = (
        2.0 * kernels.RBF(jnp.array([0.3, 0.8])) * kernels.Separable((kernels.Matern32(1.0), kernels.Periodic(0.7)))
    )
    a, b = jnp.linspace(0, 1, 3), jnp.linspace(0, 1, 4)
    points = jnp.stack([g.ravel() for g in jnp.meshgrid(a, b, indexing="ij")], -1)
    first, second = kernel.factors(2)
    np.testing.assert_allclose(jnp.kron(first.gram(a), second.gram(b)), kernel.gram(points), rtol=1e-12)


def test_coregionalisation_is_a_product_with_the_outputs_matrix():
    outputs = kernels.Coregionalisation(jnp.array([[1.0], [0.5], [-0.2]]), jnp.array([0.1, 0.2, 0.3]))
    x = jnp.linspace(0, 1, 4)
    points = jnp.stack([g.ravel() for g in jnp.meshgrid(x, jnp.arange(3.0), indexing="ij")], -1)
    kernel = kernels.linear_coregionalisation([kernels.RBF(0.3), kernels.Matern32(0.7)], [outputs, outputs])
    expected = jnp.kron(kernels.RBF(0.3).gram(x) + kernels.Matern32(0.7).gram(x), outputs.matrix())
    np.testing.assert_allclose(kernel.gram(points), expected, rtol=1e-12)


def test_scikit_learn_has_the_same_kernels():
    peer = pytest.importorskip("sklearn.gaussian_process.kernels")
    x = np.random.default_rng(0).uniform(0.0, 2.0, (9, 2))
    same = [
        (kernels.RBF(jnp.array([0.5, 0.9])), peer.RBF([0.5, 0.9])),
        (kernels.Matern(0.6, 1.7), peer.Matern(0.6, nu=1.7)),
        (kernels.Matern52(0.6), peer.Matern(0.6, nu=2.5)),
        (kernels.RationalQuadratic(0.6, 1.4), peer.RationalQuadratic(0.6, 1.4)),
        (kernels.Linear() + 0.25, peer.DotProduct(0.5)),
    ]
    for ours, theirs in same:
        np.testing.assert_allclose(ours.gram(jnp.asarray(x)), theirs(x), rtol=1e-10, atol=1e-12)
    periodic = peer.ExpSineSquared(0.8, 1.3)(x[:, :1])
    np.testing.assert_allclose(kernels.Periodic(1.3, 0.8).gram(jnp.asarray(x[:, 0])), periodic, rtol=1e-10)


def test_wrong_points_and_parameters_are_named():
    with pytest.raises(ValueError, match=r"use `kernel.gram"):
        kernels.RBF()(jnp.zeros((3, 2)), jnp.zeros((3, 2)))
    with pytest.raises(ValueError, match="one number, or one per coordinate"):
        kernels.RBF(jnp.ones(3)).gram(jnp.zeros((4, 2)))
    with pytest.raises(ValueError, match="kernel of one number"):
        kernels.SpectralMixture.spread(2, 1.0).gram(jnp.zeros((4, 2)))
    with pytest.raises(ValueError, match="vectors of one length"):
        kernels.SpectralMixture([1.0], [1.0, 2.0], [1.0])
    with pytest.raises(TypeError, match="has no spectrum"):
        RandomFeatures.draw(kernels.Linear(), 8, 1, key=jax.random.key(0))


def test_kernels_are_pytrees_to_map_over():
    batch = jax.vmap(kernels.RBF)(jnp.array([0.3, 0.6]))
    x = jnp.linspace(0, 1, 5)
    grams = jax.jit(jax.vmap(lambda kernel: kernel.gram(x)))(batch)
    np.testing.assert_allclose(grams[1], kernels.RBF(0.6).gram(x), rtol=1e-12)
