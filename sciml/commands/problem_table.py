"""The table of equations that the command line solves, with good defaults for each."""

import dataclasses
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Defaults for one equation.

    Attributes:
        equation: its class in `sciml.physics`.
        help: one line.
        grid: nodes per axis.
        extent: length of every axis.
        until: final time.
        lower: lower end of every axis.
        initial: initial state, see `InitialOptions`.
        grf: figures of the Gaussian random field (variance_scale, tau, alpha).
        tolerance: relative tolerance of the adaptive step; chaotic flows need no more than a picture.
        dt: fixed step; for coupled components, whose tables are dear to make anew for every adaptive step.
        coefficients: defaults that differ from those of the class; for `forcing` a name.
    """

    equation: str
    help: str
    grid: tuple[int, ...]
    extent: float
    until: float
    lower: float = 0.0
    initial: str = "fourier"
    grf: tuple[float, float, float] = (625.0, 5.0, 2.0)
    tolerance: float | None = None
    dt: float | None = None
    coefficients: dict[str, float | str] = dataclasses.field(default_factory=dict)


_TURN = 6.283185307179586
_BLOB = "exp(-40*((x-1)**2 + (y-1)**2))"

PROBLEMS: dict[str, Problem] = {
    "advection": Problem("Advection", "u_t + c . grad u = 0", (128,), 1.0, 1.0),
    "advection-diffusion": Problem("AdvectionDiffusion", "u_t + c . grad u = nu laplacian(u)", (128,), 1.0, 1.0),
    "allen-cahn": Problem("AllenCahn", "u_t = nu u_xx + a u - b u^3", (256,), _TURN, 5.0),
    "belousov-zhabotinsky": Problem(
        "BelousovZhabotinsky", "three reacting and diffusing species", (96, 96), 1.0, 6.0, dt=0.03,
        initial="exp(-200*((x-0.3)**2 + (y-0.4)**2)) + exp(-300*((x-0.7)**2 + (y-0.6)**2)); 0; 0",
        coefficients={
            "activator_diffusivity": 1e-3, "inhibitor_diffusivity": 2e-3, "catalyst_diffusivity": 1e-3,
        },
    ),
    "beta-plane": Problem(
        "BetaPlaneVorticity", "vorticity of 2-D flow on the beta plane", (64, 64), _TURN, 10.0, tolerance=1e-3,
        initial="grf", grf=(1e8, 8.0, 4.0),
    ),
    "burgers": Problem("Burgers", "u_t + u u_x = nu u_xx", (256,), _TURN, 1.0, initial="grf"),
    "cahn-hilliard": Problem(
        "CahnHilliard", "u_t = M laplacian(b u^3 - a u - gamma laplacian(u))", (128, 128), 1.0, 20.0,
        initial="grf", grf=(0.3, 20.0, 1.5),
    ),
    "diffusion": Problem("Diffusion", "u_t = nu laplacian(u)", (128,), _TURN, 1.0),
    "dispersion": Problem("Dispersion", "u_t = xi u_xxx", (128,), _TURN, 1.0),
    "fisher-kpp": Problem("FisherKPP", "u_t = nu u_xx + r u (1-u)", (256,), _TURN, 10.0, initial="exp(-10*(x-pi)**2)"),
    "fractional-diffusion": Problem(
        "FractionalDiffusion", "u_t = -nu (-laplacian)^(alpha/2) u", (256,), 10.0, 5.0, initial="exp(-20*(x-5)**2)"
    ),
    "general": Problem("GeneralSemilinear", "any equation of one component, by coefficients", (256,), 1.0, 1.0),
    "ginzburg-landau": Problem(
        "GinzburgLandau", "A_t = mu A + (1 + ib) laplacian(A) - (1 + ic) |A|^2 A", (256,), 100.0, 100.0,
        initial="0.1*sin(2*pi*x/50) + 0.05*cos(2*pi*x/20) + 0.05j*sin(2*pi*x/100)",
        coefficients={"dispersion": 1.0, "rotation": -1.3},
    ),
    "gray-scott": Problem(
        "GrayScott", "two reacting and diffusing components", (128, 128), 2.0, 1000.0,
        initial=f"1 - 0.5*{_BLOB}; 0.25*{_BLOB}",
    ),
    "hyper-diffusion": Problem("HyperDiffusion", "u_t = -zeta laplacian^2(u)", (128,), 1.0, 1.0),
    "kawahara": Problem(
        "Kawahara", "u_t + u u_x + u_xxx - u_xxxxx = 0", (256,), 80.0, 50.0, tolerance=1e-4,
        initial="3*exp(-(x-20)**2/60)",
    ),
    "klein-gordon": Problem(
        "KleinGordon", "u_tt = c^2 laplacian(u) - m^2 u - g u^3", (256,), 20.0, 20.0, dt=0.02,
        initial="exp(-4*(x-10)**2); 0",
    ),
    "kolmogorov-flow": Problem(
        "NavierStokesVorticity", "vorticity of a shear flow that breaks into turbulence", (64, 64), _TURN, 20.0, tolerance=1e-3,
        initial="grf", grf=(5e4, 7.0, 3.0),
        coefficients={"viscosity": 5e-3, "drag": 0.1, "forcing": "kolmogorov"},
    ),
    "korteweg-de-vries": Problem(
        "KortewegDeVries", "u_t + 6 u u_x + u_xxx = 0", (256,), 20.0, 2.0, initial="2/cosh(x-10)**2"
    ),
    "kuramoto-sivashinsky": Problem(
        "KuramotoSivashinsky", "u_t + u u_x + u_xx + u_xxxx = 0", (256,), 100.53096491487338, 100.0
    ),
    "magnetohydrodynamics": Problem(
        "Magnetohydrodynamics", "vorticity and magnetic potential of a 2-D plasma", (96, 96), _TURN, 1.0,
        initial="2*cos(x) + 2*cos(y); cos(2*x) + 2*cos(y)",
    ),
    "navier-stokes": Problem(
        "NavierStokesVorticity", "vorticity of 2-D flow with drag and forcing", (64, 64), 1.0, 10.0,
        initial="grf", grf=(343.0, 7.0, 2.5),
    ),
    "navier-stokes-velocity": Problem(
        "NavierStokesVelocity", "velocity of 3-D flow: the Taylor-Green vortex", (32, 32, 32), _TURN, 5.0,
        initial="sin(x)*cos(y)*cos(z); -cos(x)*sin(y)*cos(z); 0",
    ),
    "nonlinear-schroedinger": Problem(
        "NonlinearSchroedinger", "i u_t + u_xx / 2 + |u|^2 u = 0", (256,), 10.0, 1.5707963267948966,
        lower=-5.0, initial="2/cosh(x)",
    ),
    "quasi-geostrophic": Problem(
        "TwoLayerQuasiGeostrophic", "potential vorticities of two layers on the beta plane", (64, 64), 40.0, 60.0, dt=0.06,
        initial="grf", grf=(0.05, 0.5, 2.0),
    ),
    "shallow-water": Problem(
        "ShallowWater", "elevation and velocity of shallow water", (64, 64), 10.0, 8.0, dt=0.04,
        initial="0.2*exp(-3*((x-4)**2 + (y-5)**2)); 0; 0",
    ),
    "sine-gordon": Problem(
        "SineGordon", "u_tt = c^2 laplacian(u) - m^2 sin(u)", (256,), 40.0, 25.0, lower=-20.0, dt=0.025,
        initial="4*atan(-403.4/cosh(1.1547005*x)); 931.71/cosh(1.1547005*x)/(1 + (403.4/cosh(1.1547005*x))**2)",
    ),
    "swift-hohenberg": Problem(
        "SwiftHohenberg", "u_t = r u - (q + laplacian)^2 u + a u^2 - b u^3", (96, 96), 62.83185307179586, 50.0,
        initial="grf", grf=(0.1, 1.0, 1.5),
    ),
    "wave": Problem("Wave", "h_tt = c^2 laplacian(h)", (128,), _TURN, 5.0, initial="exp(-10*(x-pi)**2); 0"),
}  # fmt: skip
