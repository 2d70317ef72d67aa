"""Distances between fields, and entropies: single samples of shape `(channels, *shape)` in, scalars out; `jax.vmap` makes batches.

Predictions and targets may be real or complex; nothing here needs a key. Means over nodes approximate means over the
box, so all figures compare across resolutions.
"""

from typing import TYPE_CHECKING

from sciml._lazy import attach

if TYPE_CHECKING:
    from sciml.metrics.concentration import UniversalityGap as UniversalityGap
    from sciml.metrics.concentration import gaussian_universality_gap as gaussian_universality_gap
    from sciml.metrics.concentration import hill_estimator as hill_estimator
    from sciml.metrics.concentration import lipschitz_statistics as lipschitz_statistics
    from sciml.metrics.concentration import lipschitz_tail as lipschitz_tail
    from sciml.metrics.concentration import sampler_lipschitz as sampler_lipschitz
    from sciml.metrics.concentration import sub_gaussian_proxy as sub_gaussian_proxy
    from sciml.metrics.entropy import permutation_entropy as permutation_entropy
    from sciml.metrics.entropy import renyi_entropy as renyi_entropy
    from sciml.metrics.entropy import sample_entropy as sample_entropy
    from sciml.metrics.entropy import shannon_entropy as shannon_entropy
    from sciml.metrics.entropy import spectral_entropy as spectral_entropy
    from sciml.metrics.entropy import statistical_complexity as statistical_complexity
    from sciml.metrics.entropy import tsallis_entropy as tsallis_entropy
    from sciml.metrics.gaussian_laws import squared_bures_wasserstein as squared_bures_wasserstein
    from sciml.metrics.gaussian_laws import unexplained_variance as unexplained_variance
    from sciml.metrics.path_laws import signature_mmd as signature_mmd
    from sciml.metrics.pointwise import boundary_rmse as boundary_rmse
    from sciml.metrics.pointwise import conserved_rmse as conserved_rmse
    from sciml.metrics.pointwise import lp_error as lp_error
    from sciml.metrics.pointwise import maximum_error as maximum_error
    from sciml.metrics.pointwise import nrmse as nrmse
    from sciml.metrics.pointwise import relative_l2 as relative_l2
    from sciml.metrics.pointwise import relative_lp as relative_lp
    from sciml.metrics.pointwise import rmse as rmse
    from sciml.metrics.pointwise import vrmse as vrmse
    from sciml.metrics.sample_laws import energy_distance as energy_distance
    from sciml.metrics.sample_laws import maximum_mean_discrepancy as maximum_mean_discrepancy
    from sciml.metrics.sample_laws import sliced_wasserstein2 as sliced_wasserstein2
    from sciml.metrics.sample_laws import wasserstein1 as wasserstein1
    from sciml.metrics.sample_laws import wasserstein2 as wasserstein2
    from sciml.metrics.sobolev import relative_sobolev as relative_sobolev
    from sciml.metrics.sobolev import sobolev_norm as sobolev_norm
    from sciml.metrics.spectral import band_rmse as band_rmse
    from sciml.metrics.spectral import energy_spectrum as energy_spectrum
    from sciml.metrics.spectral import fourier_rmse as fourier_rmse
    from sciml.metrics.spectral import relative_band_errors as relative_band_errors
    from sciml.metrics.turbulence import TurbulenceScales as TurbulenceScales
    from sciml.metrics.turbulence import dissipation as dissipation
    from sciml.metrics.turbulence import enstrophy as enstrophy
    from sciml.metrics.turbulence import increments as increments
    from sciml.metrics.turbulence import spectral_density as spectral_density
    from sciml.metrics.turbulence import structure_functions as structure_functions
    from sciml.metrics.turbulence import turbulence_scales as turbulence_scales

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "TurbulenceScales": "sciml.metrics.turbulence",
        "UniversalityGap": "sciml.metrics.concentration",
        "band_rmse": "sciml.metrics.spectral",
        "boundary_rmse": "sciml.metrics.pointwise",
        "conserved_rmse": "sciml.metrics.pointwise",
        "dissipation": "sciml.metrics.turbulence",
        "energy_distance": "sciml.metrics.sample_laws",
        "energy_spectrum": "sciml.metrics.spectral",
        "enstrophy": "sciml.metrics.turbulence",
        "fourier_rmse": "sciml.metrics.spectral",
        "gaussian_universality_gap": "sciml.metrics.concentration",
        "hill_estimator": "sciml.metrics.concentration",
        "increments": "sciml.metrics.turbulence",
        "lipschitz_statistics": "sciml.metrics.concentration",
        "lipschitz_tail": "sciml.metrics.concentration",
        "lp_error": "sciml.metrics.pointwise",
        "maximum_error": "sciml.metrics.pointwise",
        "maximum_mean_discrepancy": "sciml.metrics.sample_laws",
        "nrmse": "sciml.metrics.pointwise",
        "permutation_entropy": "sciml.metrics.entropy",
        "relative_band_errors": "sciml.metrics.spectral",
        "relative_l2": "sciml.metrics.pointwise",
        "relative_lp": "sciml.metrics.pointwise",
        "relative_sobolev": "sciml.metrics.sobolev",
        "renyi_entropy": "sciml.metrics.entropy",
        "rmse": "sciml.metrics.pointwise",
        "sample_entropy": "sciml.metrics.entropy",
        "sampler_lipschitz": "sciml.metrics.concentration",
        "shannon_entropy": "sciml.metrics.entropy",
        "signature_mmd": "sciml.metrics.path_laws",
        "sliced_wasserstein2": "sciml.metrics.sample_laws",
        "sobolev_norm": "sciml.metrics.sobolev",
        "spectral_density": "sciml.metrics.turbulence",
        "spectral_entropy": "sciml.metrics.entropy",
        "squared_bures_wasserstein": "sciml.metrics.gaussian_laws",
        "statistical_complexity": "sciml.metrics.entropy",
        "structure_functions": "sciml.metrics.turbulence",
        "sub_gaussian_proxy": "sciml.metrics.concentration",
        "tsallis_entropy": "sciml.metrics.entropy",
        "turbulence_scales": "sciml.metrics.turbulence",
        "unexplained_variance": "sciml.metrics.gaussian_laws",
        "vrmse": "sciml.metrics.pointwise",
        "wasserstein1": "sciml.metrics.sample_laws",
        "wasserstein2": "sciml.metrics.sample_laws",
    },
)
