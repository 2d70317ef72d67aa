"""Names that a file may use: a dictionary of classes and functions, never an import chosen by the file.

A file written by `sciml.save` names the classes and functions it needs. `resolve` looks such a name up in the
dictionary that `register` fills, then in the static table `TABLE` of this package's own classes, then in the lists of
Equinox layers and JAX activations. Anything else is refused, so opening a file runs no code that the file chose.
"""

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, overload

Thing = TypeVar("Thing", bound=Callable[..., Any])
Migration = Callable[[dict[str, Any], int], dict[str, Any]]

# Our own classes by defining module: loading a file imports the module named *here*, not one that the file wrote. Add
# a line for each new public class with state; a test compares the table with the rooms.
TABLE: dict[str, tuple[str, ...]] = {
    "sciml.boundary": ("Dirichlet", "Neumann", "Periodic", "Robin", "Sides"),
    "sciml.grid": ("Axis", "Grid"),
    "sciml.models._channel_linear": ("ChannelLinear",),
    "sciml.models._convolution": ("Convolution",),
    "sciml.models._group_norm": ("GroupNorm",),
    "sciml.models._instance_norm": ("InstanceNorm",),
    "sciml.models.activations": ("exact_gelu", "lipswish"),
    "sciml.models.bridge.light_sb": ("LightSB", "LightSBLoss"),
    "sciml.models.deq": ("DEQ", "DEQLoss", "DenseCell", "Equilibrium"),
    "sciml.models.diffusion.anchored_potential": ("AnchoredPotential",),
    "sciml.models.diffusion.brownian_motion": ("BrownianMotion",),
    "sciml.models.diffusion.denoiser_score": ("DenoiserScore",),
    "sciml.models.diffusion.denoising_loss": ("DenoisingLoss",),
    "sciml.models.diffusion.fokker_planck": ("FokkerPlanckLoss",),
    "sciml.models.diffusion.geometric_brownian": ("GeometricBrownian",),
    "sciml.models.diffusion.implicit_loss": ("ImplicitScoreLoss",),
    "sciml.models.diffusion.multiplicative_score": ("MultiplicativeScore",),
    "sciml.models.diffusion.ornstein_uhlenbeck": ("OrnsteinUhlenbeck",),
    "sciml.models.diffusion.score_potential": ("ScorePotential",),
    "sciml.models.diffusion.variance_exploding": ("VarianceExploding",),
    "sciml.models.diffusion.variance_preserving": ("VariancePreserving",),
    "sciml.models.dilated_resnet": ("DilatedResNet",),
    "sciml.models.flax_adapter": ("FlaxLinen", "FlaxNNX"),
    "sciml.models.flow.cond_ot": ("CondOT",),
    "sciml.models.flow.conditioning": ("ConditionEmbedding",),
    "sciml.models.flow.flow_matching_loss": ("FlowMatchingLoss",),
    "sciml.models.flow.gaussian_mixture": ("GaussianMixture",),
    "sciml.models.flow.guidance": ("GuidedVelocity",),
    "sciml.models.flow.kinetic_optimal": ("KineticOptimal",),
    "sciml.models.flow.trigonometric": ("Trigonometric",),
    "sciml.models.flow.unet_velocity": ("UNetVelocity",),
    "sciml.models.flow.vp_diffusion": ("VPDiffusion",),
    "sciml.models.fno": ("FNO", "FourierLayer"),
    "sciml.models.gated_fno": ("GatedBlock", "GatedFNO"),
    "sciml.models.ifno": ("IFNO",),
    "sciml.models.linear_solvers.direction_cnn": ("DirectionCNN", "ResidualPair"),
    "sciml.models.linear_solvers.direction_loss": ("DirectionLoss",),
    "sciml.models.mlp": ("MLP",),
    "sciml.models.nde.cde_discriminator": ("CDEDiscriminator",),
    "sciml.models.nde.continuous_flow": ("ContinuousFlow", "FieldWithDensity"),
    "sciml.models.nde.control_network": ("ControlNetwork",),
    "sciml.models.nde.diffusion_field": ("BoundedField", "PositiveField"),
    "sciml.models.nde.encoder": ("EncodedStart", "TrajectoryEncoder"),
    "sciml.models.nde.fractional_sde": ("FractionalSDE",),
    "sciml.models.nde.initial_state": ("FixedStart", "GaussianStart"),
    "sciml.models.nde.latent_ode": ("LatentODE", "LatentODELoss"),
    "sciml.models.nde.latent_sde": ("LatentSDE",),
    "sciml.models.nde.latent_sde_loss": ("LatentSDELoss", "ObservedLatentSDE"),
    "sciml.models.nde.log_ode": ("WindowField",),
    "sciml.models.nde.neural_cde": ("MatrixField", "NeuralCDE"),
    "sciml.models.nde.neural_ode": ("NeuralODE",),
    "sciml.models.nde.neural_sde": ("NeuralSDE",),
    "sciml.models.nde.regularised_solve": ("BatchField", "FieldWithCost", "NeuralODESolution", "SolveOptions"),
    "sciml.models.nde.sde_gan": ("GANLoss", "SDEGAN"),
    "sciml.models.nde.sde_generator": ("SDEGenerator",),
    "sciml.models.nde.signature_loss": ("SignatureLoss",),
    "sciml.models.nde.trajectory_loss": ("TrajectoryLoss",),
    "sciml.models.nde.vector_fields": ("DenseField", "HybridField", "SecondOrderField"),
    "sciml.models.resnet": ("ResNet", "ResidualBlock"),
    "sciml.models.spectral_conv": ("SpectralConv",),
    "sciml.models.symbolic.expression": ("ExpressionField",),
    "sciml.models.symbolic.function_library": ("FunctionLibrary",),
    "sciml.models.symbolic.sparse_field": ("SparseField",),
    "sciml.models.transformer.dit": ("DiT",),
    "sciml.models.transformer.dit_block": ("DiTBlock",),
    "sciml.models.unet": ("DoubleConvolution", "UNet"),
    "sciml.normalisation": ("GaussianNormaliser", "Normalised", "RangeNormaliser"),
    "sciml.parameters.constraint": ("Fixed", "Interval", "Ordered", "Positive", "Real", "Simplex"),
    "sciml.parameters.prior": ("Gamma", "HalfNormal", "LogNormal", "Normal", "Uniform"),
    "sciml.physics.advection": ("Advection",),
    "sciml.physics.advection_diffusion": ("AdvectionDiffusion",),
    "sciml.physics.allen_cahn": ("AllenCahn",),
    "sciml.physics.belousov_zhabotinsky": ("BelousovZhabotinsky",),
    "sciml.physics.beta_plane_vorticity": ("BetaPlaneVorticity",),
    "sciml.physics.bratu": ("Bratu",),
    "sciml.physics.burgers": ("Burgers",),
    "sciml.physics.cahn_hilliard": ("CahnHilliard",),
    "sciml.physics.darcy": ("Darcy",),
    "sciml.physics.diffusion": ("Diffusion",),
    "sciml.physics.dispersion": ("Dispersion",),
    "sciml.physics.fisher_kpp": ("FisherKPP",),
    "sciml.physics.forcing": ("DiagonalForcing", "KolmogorovForcing"),
    "sciml.physics.fractional_diffusion": ("FractionalDiffusion",),
    "sciml.physics.general_semilinear": ("GeneralSemilinear",),
    "sciml.physics.ginzburg_landau": ("GinzburgLandau",),
    "sciml.physics.gray_scott": ("GrayScott",),
    "sciml.physics.helmholtz": ("Helmholtz",),
    "sciml.physics.hyper_diffusion": ("HyperDiffusion",),
    "sciml.physics.kawahara": ("Kawahara",),
    "sciml.physics.klein_gordon": ("KleinGordon",),
    "sciml.physics.korteweg_de_vries": ("KortewegDeVries",),
    "sciml.physics.kuramoto_sivashinsky": ("KuramotoSivashinsky",),
    "sciml.physics.magnetohydrodynamics": ("Magnetohydrodynamics",),
    "sciml.physics.navier_stokes_velocity": ("NavierStokesVelocity",),
    "sciml.physics.navier_stokes_vorticity": ("NavierStokesVorticity",),
    "sciml.physics.nonlinear_diffusion": ("NonlinearDiffusion",),
    "sciml.physics.nonlinear_schroedinger": ("NonlinearSchroedinger",),
    "sciml.physics.poisson": ("Poisson",),
    "sciml.physics.quasi_geostrophic": ("TwoLayerQuasiGeostrophic",),
    "sciml.physics.shallow_water": ("ShallowWater",),
    "sciml.physics.sine_gordon": ("SineGordon",),
    "sciml.physics.stiff.brusselator": ("Brusselator",),
    "sciml.physics.stiff.hires": ("HIRES",),
    "sciml.physics.stiff.oregonator": ("Oregonator",),
    "sciml.physics.stiff.pollution": ("Pollution",),
    "sciml.physics.stiff.robertson": ("Robertson",),
    "sciml.physics.stiff.van_der_pol": ("VanDerPol",),
    "sciml.physics.swift_hohenberg": ("SwiftHohenberg",),
    "sciml.physics.wave": ("Wave",),
    "sciml.random.blobs": ("GaussianBlobs",),
    "sciml.random.diffused_noise": ("DiffusedNoise",),
    "sciml.random.fourier": ("RandomFourierSeries",),
    "sciml.random.gaussian": ("GaussianRandomField",),
    "sciml.random.pieces": ("PiecewiseConstant", "RandomBoxes"),
    "sciml.random.rescaled": ("Rescaled",),
    "sciml.random.shear_layer": ("ShearLayers",),
    "sciml.random.sine_flow": ("SineFlow",),
    "sciml.solvers.adjoints.coupled_solver": ("CoupledSolver",),
    "sciml.solvers.adjoints.gradient_strategy": ("GradientStrategy",),
    "sciml.solvers.adjoints.reversible_adjoint": ("ReversibleAdjoint",),
    "sciml.solvers.anderson": ("AndersonAcceleration",),
    "sciml.solvers.exponential.etdrk1": ("ETDRK1",),
    "sciml.solvers.exponential.etdrk2": ("ETDRK2",),
    "sciml.solvers.exponential.etdrk3": ("ETDRK3",),
    "sciml.solvers.exponential.etdrk4": ("ETDRK4",),
    "sciml.solvers.exponential.ifrk4": ("IFRK4",),
    "sciml.solvers.fractional.exponential_steps": ("ExponentialHeun",),
    "sciml.solvers.fractional.markov_fbm": ("MarkovFBM",),
    "sciml.solvers.imex.ars": ("ARS111", "ARS222", "ARS232", "ARS343", "ARS443"),
    "sciml.solvers.imex.cnrk": ("CNRK3", "CNRK4"),
    "sciml.solvers.imex.multistep": ("CNAB2", "SBDF2", "SBDF3"),
    "sciml.solvers.imex.sil3": ("SIL3",),
    "sciml.solvers.krylov.conjugate_gradients": ("ConjugateGradients",),
    "sciml.solvers.krylov.deflated_cg": ("DeflatedConjugateGradients",),
    "sciml.solvers.krylov.flexible_gmres": ("FlexibleGMRES",),
    "sciml.solvers.krylov.gcrodr": ("GCRODR",),
    "sciml.solvers.krylov.gmres": ("RestartedGMRES",),
    "sciml.solvers.krylov.minres": ("MinimalResidual",),
    "sciml.solvers.krylov.stationary": ("StationaryIteration",),
    "sciml.solvers.rosenbrock.banded": ("BandedJacobian",),
    "sciml.solvers.rosenbrock.coloured": ("ColouredJacobian",),
    "sciml.solvers.rosenbrock.jacobian": ("DenseJacobian",),
    "sciml.solvers.rosenbrock.rodas4": ("Rodas4",),
    "sciml.solvers.rosenbrock.rodas5p": ("Rodas5P",),
    "sciml.solvers.splitting.lie": ("Lie",),
    "sciml.solvers.splitting.strang": ("Strang",),
    "sciml.solvers.splitting.yoshida4": ("Yoshida4",),
    "sciml.solvers.stochastic.euler_maruyama": ("EulerMaruyama",),
    "sciml.solvers.stochastic.milstein": ("Milstein",),
    "sciml.solvers.stochastic.reversible_heun": ("ReversibleHeun",),
    "sciml.solvers.stochastic.stratonovich_heun": ("StratonovichHeun",),
    "sciml.solvers.symplectic.verlet": ("Verlet",),
    "sciml.solvers.symplectic.yoshida": ("SymplecticYoshida4", "SymplecticYoshida6", "SymplecticYoshida8"),
    "sciml.solvers.taylor.midpoint_reuse": ("MidpointReuse",),
    "sciml.solvers.taylor.taylor": ("Taylor",),
    "sciml.special.von_mises_fisher": ("VonMisesFisher",),
}

# fmt: off
_EQUINOX = (
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d", "AdaptivePool", "AvgPool1d", "AvgPool2d", "AvgPool3d", "Conv", "Conv1d", "Conv2d",
    "Conv3d", "ConvTranspose", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", "Dropout", "Embedding",
    "GRUCell", "GroupNorm", "Identity", "LSTMCell", "Lambda", "LayerNorm", "Linear", "MLP", "MaxPool1d",
    "MaxPool2d", "MaxPool3d", "MultiheadAttention", "PReLU", "Pool", "RMSNorm", "RotaryPositionalEmbedding",
    "Sequential", "WeightNorm",
)
# fmt: on

# fmt: off
_ACTIVATIONS = (
    "celu", "elu", "gelu", "glu", "hard_sigmoid", "hard_silu", "hard_tanh", "identity", "leaky_relu", "log_sigmoid",
    "log_softmax", "logsumexp", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "soft_sign", "softmax",
    "softplus", "sparse_plus", "sparse_sigmoid", "squareplus", "standardize", "tanh",
)
# fmt: on

# fmt: off
_FUNCTIONS = (
    "abs", "arctan", "cos", "exp", "log", "log1p", "maximum", "minimum", "negative", "sin", "sinc", "sqrt",
    "square", "tan", "tanh",
)
# fmt: on

# diffrax is slow to import: its names are looked at only where a file or a model has one of them.
_DIFFRAX = (
    *(
        "Bosh3",
        "Dopri5",
        "Dopri8",
        "Euler",
        "EulerHeun",
        "Heun",
        "ItoMilstein",
        "Midpoint",
        "Ralston",
        "ReversibleHeun",
    ),
    *("StratonovichMilstein", "Tsit5"),
)


@dataclass(frozen=True)
class Entry:
    """One registered class or function.

    Attributes:
        name: what files call it.
        thing: the class or function.
        version: version of its fields, written in files.
        migrate: `migrate(fields, version)` turns the fields of an older version into those of this one.
    """

    name: str
    thing: Callable[..., Any]
    version: int = 1
    migrate: Migration | None = None


class RegistryError(ValueError):
    """A name is unknown, taken, or a class or function has no name that a file could use."""


_BY_NAME: dict[str, Entry] = {}
_BY_ID: dict[int, Entry] = {}


@overload
def register(thing: Thing) -> Thing: ...
@overload
def register(
    *, name: str | None = None, version: int = 1, migrate: Migration | None = None
) -> Callable[[Thing], Thing]: ...
def register(thing: Any = None, *, name: str | None = None, version: int = 1, migrate: Migration | None = None) -> Any:
    """Let files written by `sciml.save` name a class or function.

    Register what your own models are made of: the `eqx.Module` (or other dataclass) itself and any function it
    stores, such as an activation. The same registration must have run before `sciml.load`.

    Args:
        thing: the class or function; left out when options are given (`@sciml.register(version=2)`).
        name: name in files; default `"module:qualified name"`. Give one to what is defined in a script or inside a
            function, so that it is found again from elsewhere.
        version: raise it when the fields change meaning or name.
        migrate: `migrate(fields, version) -> fields`, called with the stored fields of an older version.

    Returns:
        `thing`, unchanged.

    Raises:
        RegistryError: the name is taken by something else, or the object has no name of its own.

    Example:
        >>> import equinox as eqx, jax, sciml
        >>> @sciml.register(name="doc:Scale")
        ... class Scale(eqx.Module):
        ...     factor: jax.Array
        ...     def __call__(self, x, *, key=None):
        ...         return self.factor * x
        >>> sciml.registry.resolve("doc:Scale").thing is Scale
        True
    """
    if thing is None:
        return lambda given: register_as(given, name=name, version=version, migrate=migrate)
    return register_as(thing, name=name, version=version, migrate=migrate)


def register_as(thing: Any, *, name: str | None = None, version: int = 1, migrate: Migration | None = None) -> Any:
    """Do what `register` does, as a plain call."""
    chosen = default_name(thing) if name is None else name
    taken = _BY_NAME.get(chosen)
    if (
        taken is not None
        and taken.thing is not thing
        and default_name(taken.thing, strict=False) != default_name(thing, strict=False)
    ):
        raise RegistryError(f"register: the name {chosen!r} already belongs to {taken.thing!r}; give another `name=`.")
    entry = Entry(chosen, thing, version, migrate)
    _BY_NAME[chosen] = entry
    _BY_ID[id(thing)] = entry
    return thing


def default_name(thing: Any, *, strict: bool = True) -> str:
    """Name `module:qualified name`; lambdas and functions made inside others have none."""
    module, qualified = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(qualified, str):
        if strict:
            raise RegistryError(f"register: {thing!r} has no name of its own; give `name=`.")
        return repr(thing)
    if strict and "<" in qualified:
        raise RegistryError(
            f"register: {qualified!r} is a lambda or was defined inside a function, so its name does not say "
            "where to find it; "
            "define it at the top of a module or give `name=`."
        )
    return f"{module}:{qualified}"


@cache
def _known() -> dict[str, Any]:
    """Equinox layers, JAX activations and elementary functions, by name."""
    import equinox as eqx
    import jax
    import jax.numpy as jnp

    known: dict[str, Any] = {f"equinox.nn:{name}": getattr(eqx.nn, name) for name in _EQUINOX}
    known |= {f"jax.nn:{name}": getattr(jax.nn, name) for name in _ACTIVATIONS}
    known |= {f"jax.numpy:{name}": getattr(jnp, name) for name in _FUNCTIONS}
    # The default final activation of an Equinox MLP is an unnamed function of that library.
    known["equinox.nn:MLP.final_activation"] = (
        inspect.signature(eqx.nn.MLP.__init__).parameters["final_activation"].default
    )
    return known


@cache
def _known_by_id() -> dict[int, str]:
    # Two names can belong to one function (`jax.nn.tanh` and `jax.numpy.tanh`): the first one listed is written.
    names: dict[int, str] = {}
    for name, thing in _known().items():
        names.setdefault(id(thing), name)
    return names


def resolve(name: str) -> Entry:
    """Find the entry that a file means by `name`.

    Args:
        name: a registered name, one of `TABLE` (`"sciml.grid:Grid"`), an Equinox layer (`"equinox.nn:Linear"`) or a JAX
            activation (`"jax.nn:gelu"`).

    Raises:
        RegistryError: nothing of that name is registered.
    """
    if name in _BY_NAME:
        return _BY_NAME[name]
    module, _, qualified = name.partition(":")
    if qualified in TABLE.get(module, ()):
        thing = getattr(importlib.import_module(module), qualified)
        # Importing may have registered the class itself, with its version and migration.
        return _BY_NAME.get(name, Entry(name, thing))
    if module == "diffrax" and qualified in _DIFFRAX:
        return Entry(name, getattr(importlib.import_module("diffrax"), qualified))
    if name in _known():
        return Entry(name, _known()[name])
    raise RegistryError(
        f"unknown name {name!r}: it is neither a class of this version of sciml nor registered by you. If it is "
        "yours, import "
        "the module that decorates it with `@sciml.register` before loading."
    )


def entry_of(thing: Any) -> Entry:
    """Find the entry under which files name a class or function.

    Raises:
        RegistryError: it is not registered.
    """
    if id(thing) in _BY_ID and _BY_ID[id(thing)].thing is thing:
        return _BY_ID[id(thing)]
    if id(thing) in _known_by_id():
        return Entry(_known_by_id()[id(thing)], thing)
    name = default_name(thing, strict=False)
    module, _, qualified = name.partition(":")
    if qualified in TABLE.get(module, ()):
        return resolve(name)
    if module.startswith("diffrax.") and qualified in _DIFFRAX:
        return resolve(f"diffrax:{qualified}")
    raise RegistryError(
        f"{name} is not registered, so a file cannot name it; decorate it with `@sciml.register` where it is defined"
        + (" (a lambda or an inner function must become a named one first)." if "<" in name else ".")
    )


def table() -> Mapping[str, tuple[str, ...]]:
    """Give the static table of this package's own classes, by module."""
    return dict(TABLE)
