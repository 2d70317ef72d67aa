"""Special functions that JAX lacks, differentiable in every argument."""

from typing import TYPE_CHECKING

from sciml._lazy import attach

if TYPE_CHECKING:
    from sciml.special.bessel import iv_ratio as iv_ratio
    from sciml.special.bessel import log_iv as log_iv
    from sciml.special.bessel import log_kv as log_kv
    from sciml.special.gamma import log_beta as log_beta
    from sciml.special.gamma import log_gamma_ratio as log_gamma_ratio
    from sciml.special.von_mises_fisher import VonMisesFisher as VonMisesFisher
    from sciml.special.von_mises_fisher import concentration_of as concentration_of
    from sciml.special.von_mises_fisher import fit_von_mises_fisher as fit_von_mises_fisher

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "VonMisesFisher": "sciml.special.von_mises_fisher",
        "concentration_of": "sciml.special.von_mises_fisher",
        "fit_von_mises_fisher": "sciml.special.von_mises_fisher",
        "iv_ratio": "sciml.special.bessel",
        "log_beta": "sciml.special.gamma",
        "log_gamma_ratio": "sciml.special.gamma",
        "log_iv": "sciml.special.bessel",
        "log_kv": "sciml.special.bessel",
    },
)
