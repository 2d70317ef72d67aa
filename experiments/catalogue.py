"""The experiments, as a literal table: `sciml list` reads it without importing any of them, nor JAX.

To add an experiment: a module in this folder (its contract is in `sciml.experiment`) and one line here. A test
compares both.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One experiment.

    Attributes:
        module: absolute name of its module.
        help: the first line of the module's docstring.
        citations: keys of the works to cite, in `sciml.commands.citations`.
    """

    module: str
    help: str
    citations: tuple[str, ...] = ()


EXPERIMENTS: dict[str, Entry] = {
    "dale-langevin": Entry(
        "sciml.experiments.dale_langevin",
        "Dale meets Langevin: noise that multiplies, and a way back to positive data on which nothing can become negative.",
        ("shetty2025dale",),
    ),
    "darcy-multigrid": Entry(
        "sciml.experiments.darcy_multigrid",
        "Darcy flow by differentiable multigrid: a handful of iterations whatever the grid and the contrast, and cheap gradients.",
        ("dendy1982blackbox", "li2021fourier"),
    ),
    "dcdm": Entry(
        "sciml.experiments.dcdm",
        "Deep conjugate directions: a network proposes where to descend, and Poisson systems take a fraction of CG's iterations.",
        ("kaneda2023dcdm",),
    ),
    "diffusion-concentration": Entry(
        "sciml.experiments.diffusion_concentration",
        "Concentration of diffusion samples: Lipschitz images of normal noise have light tails, classifiers see their moments.",
        ("ghane2025concentration",),
    ),
    "ernode": Entry(
        "sciml.experiments.ernode",
        "Neural ODEs that are cheap to solve: penalising what the adaptive solver knows of its own errors takes half the steps.",
        ("pal2021opening", "kelly2020learning", "finlay2020how", "ghosh2020steer"),
    ),
    "fno": Entry(
        "sciml.experiments.fno",
        "Fourier neural operator on Burgers' equation: the same error at every resolution, a CNN's grows.",
        ("li2021fourier", "you2022learning"),
    ),
    "fractional-sde": Entry(
        "sciml.experiments.fractional_sde",
        "Fractional noise in neural SDEs: a few Ornstein-Uhlenbeck processes in place of memory, and a Hurst index that is learned.",
        ("daems2024variational",),
    ),
    "gp-high-frequency": Entry(
        "sciml.experiments.gp_high_frequency",
        "Gaussian processes that solve equations of high frequency and of several scales.",
        ("fang2024solving",),
    ),
    "kinetic-paths": Entry(
        "sciml.experiments.kinetic_paths",
        "Kinetic-optimal paths: the cheapest path between noise and data depends on the data through one function, and is a chord.",
        ("shaul2023kinetic", "lipman2023flow"),
    ),
    "light-sb": Entry(
        "sciml.experiments.light_sb",
        "The light Schroedinger bridge: potentials that are Gaussian mixtures, learned in seconds and without simulation.",
        ("korotin2024light", "gushchin2023building", "cuturi2013sinkhorn"),
    ),
    "local-nde": Entry(
        "sciml.experiments.local_nde",
        "Locally regularised neural ODEs: one step at a random time, penalised, makes the whole solve cheap, with any adjoint.",
        ("pal2023locally",),
    ),
    "log-bessel": Entry(
        "sciml.experiments.log_bessel",
        "Logarithms of modified Bessel functions: no overflow, all digits, and directions in thirty thousand dimensions.",
        ("plesner2024accurate",),
    ),
    "neural-de": Entry(
        "sciml.experiments.neural_de",
        "On neural differential equations: reversible gradients, irregular series, latent noise, known physics, equations read off.",
        ("kidger2021neural", "kidger2020neural", "li2020scalable", "brunton2016discovering"),
    ),
    "nlse": Entry(
        "sciml.experiments.nlse",
        "Nonlinear Schroedinger equation: solitons, breathers and modulation instability, with what is conserved.",
        ("herho2025nlse",),
    ),
    "ode-sde-gap": Entry(
        "sciml.experiments.ode_sde_gap",
        "The ODE-SDE gap: two samplers of one score disagree, a penalty on the Fokker-Planck residual brings them together.",
        ("deveney2023closing", "song2021score"),
    ),
    "rf-solver": Entry(
        "sciml.experiments.rf_solver",
        "RF-Solver and RF-Edit: a second evaluation per step makes a rectified flow invertible, shared attention makes edits.",
        ("wang2025taming", "deng2024fireflow", "peebles2023scalable"),
    ),
    "sho-flares": Entry(
        "sciml.experiments.sho_flares",
        "Flares as damped oscillators: Gaussian processes tell an oscillator near critical damping from a damped random walk.",
        ("zhang2025pattern", "foremanmackey2017fast"),
    ),
    "skr": Entry(
        "sciml.experiments.skr",
        "Krylov subspace recycling for data sets: sorted systems, a space carried over, far fewer products than GMRES.",
        ("wang2024skr", "parks2006recycling"),
    ),
}
