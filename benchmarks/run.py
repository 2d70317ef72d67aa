"""Run every comparison and write `docs/benchmarks.md`.

    python benchmarks/run.py [--peer-python PATH]

The PyTorch comparisons need an environment of their own with `torch`, `neuraloperator`, `torchsde`, `torchdiffeq`, `gpytorch`; without
`--peer-python` the last result with `neuraloperator` is kept and the other rows are left out.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
PAGE = HERE.parent / "docs" / "benchmarks.md"

SPECTRAL = """## Spectral solvers beside exponax

Time per step with float32 states: the same equation, grid, step, order and 2/3 rule; the contenders by turns in one process,
medians, and the ratio within each round. "Gradient" is the ratio for reverse mode through a short run. "Of bound" is how much of our
step the Fourier transforms alone are. The first call holds set-up, tracing, compilation and one run, each in a process of its own.
Ours is compiled with `sciml.compilation.WHOLE_LOOPS`, as `rollout` does by itself outside `jit`. Script: `benchmarks/spectral.py`.
"""

EQUAL_ERROR = """## Time to a given accuracy beside exponax

Double precision; each contender with the step it needs, the peer with its better order (2 or 4), ours with ETDRK4. The peer keeps only
the real part of its coefficients and falls to first order where the linear part is imaginary (Korteweg-de Vries); where it does not,
the ratio is that of the time per step. Script: `benchmarks/equal_error.py`.
"""

SCHROEDINGER = """## The nonlinear Schroedinger equation beside SciPy's DOP853

One soliton on 512 nodes until t = 10 at equal error. Script: `benchmarks/nlse_dop853.py`.
"""

ELLIPTIC = """## Elliptic problems beside pyamg and SciPy

`-div(K grad u) = 1` on the unit square or cube, zero on the boundary, double precision, to a relative residual of 1e-8; set-up and
solve together. pyamg: conjugate gradients with Ruge-Stueben (RS) or smoothed-aggregation (SA) cycles on the same matrix. Ours:
`solve_elliptic` from the coefficient to the solution as one compiled program; the first call holds the compilation. "lineax CG" has no
preconditioner; a dash where it was not run or stopped short of the tolerance. "Of memory bound": the arrays that an iteration must
move, counted by hand, at the bandwidth of a compiled `a + s b` on large arrays, divided by the time of an iteration; above 1 where
parts stay in the caches. Script: `benchmarks/elliptic.py`.
"""

STIFF = """## Stiff systems beside SciPy and diffrax

Time of a whole solve whose end state is right to 1e-5 in every component (double precision): for each solver the fastest of its
tolerances 1e-3 to 1e-9 that gets there, and the steps it takes. SciPy calls compiled fields and Jacobians. Script:
`benchmarks/stiff.py`.
"""

NEURAL = """## Neural ordinary differential equations on diffrax

One hidden layer, a batch as one system, `Tsit5` to 1e-6 unless said. First table: the solver that records error and stiffness of its
steps, by the raw one; the last column is a gradient with both in the loss. Second: gradients through fixed steps on 64 x 32 unknowns,
reversible beside `RecursiveCheckpointAdjoint`, with the memory XLA calls temporary. Third: what `GradientStrategy.estimate` says
beforehand. Script: `benchmarks/neural_ode.py`.
"""

STOCHASTIC = """## Stochastic equations with fixed steps, and training steps beside PyTorch

First: 256 paths of an Ornstein-Uhlenbeck process in two dimensions, 1000 Euler steps, float32, noise included; `solve_sde` draws
independent increments or takes the numbers of diffrax' tree. Second: one Adam step, of a stochastic equation in four dimensions
(drift and diagonal diffusion of 64 units, batch 128, 100 steps, torchsde by the reversible Heun method) and of an ordinary equation
(2-64-64-2, batch 64, Dormand-Prince steps at 1e-4). Script: `benchmarks/neural_sde.py`.
"""

FLOWS = """## Flows beside plain JAX and PyTorch

A rectified flow in the plane (3-64-64-64-2, batch 256, float32) as in the examples of torchcfm: a training step of `sciml.fit` with its
history beside a loop in Python over a compiled step and beside PyTorch, and sampling with Euler and midpoint steps. Last table: what a
light Schroedinger bridge takes to train with its paper's steps and batches; the paper says minutes on four cores. Script:
`benchmarks/flows.py`.
"""

STATE_SPACE = """## Gaussian processes in time beside tinygp and celerite2

Log-probability of sums of stochastic oscillators at irregular times with noise of each point, double precision, and its gradient with
respect to parameters, observations and noise. Values are compared before the clock starts; medians, in brackets the ratio to ours.
Peers that are not installed are left out. Script: `benchmarks/gp_state_space.py`.
"""

REGRESSION = """## Gaussian processes: regression

Log-likelihood of a squared-exponential kernel, double precision: dense in three coordinates; on a lattice by `Kronecker`, beside the
same formula in plain JAX ("through eigenvectors") and linear_operator's Kronecker product (under GPyTorch). Medians, in brackets the
ratio to ours. "LAPACK alone": the factorisation and inverse, or the two eigendecompositions. Script: `benchmarks/gp_regression.py`.
"""

FORECASTS = """## Gaussian processes: forecasts of real series

Carbon dioxide at Mauna Loa, sunspots and El Nino's sea temperature: one forecast of the years held back (10, 22 and 5).
"Oscillators": SHO and Matern kernels with priors; "composite": the kernel of scikit-learn's example. "Repeat": the last period again.
"Within": share in the 95 % interval. Script: `benchmarks/gp_real_data.py`.
"""

OPERATOR = """## Training step of a Fourier neural operator beside neuraloperator (PyTorch)

The complete neuraloperator 2.0 network with the same weights on both sides: 64 x 64 points, batch 16, width 32, 12 modes, 4 layers,
Adam, float32. Outputs are compared before the clock starts; short blocks of steps alternate between two processes. Script:
`benchmarks/fno_step.py`.
"""


def operator_table(report: dict) -> str:
    """The measurements as a Markdown table."""
    lines = [
        "| | median s/step | minimum s/step | ratio of medians | of minima | compile s |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in report["times"].items():
        ratios = (
            f"{row['ratio_median']:.2f} | {row['ratio_min']:.2f} | {row['compile_s']:.1f}"
            if "compile_s" in row
            else " | | "
        )
        lines.append(f"| {name} | {row['median_s']:.3f} | {row['min_s']:.3f} | {ratios} |")
    note = f"{report['parameters']} parameters; relative difference of outputs (L2): {report['output_error']:.1e}."
    return "\n".join([*lines, "", note])


def measure(script: str, *options: str) -> dict:
    """Run one script with `--json`, keep its result and return it."""
    done = subprocess.run(
        [sys.executable, HERE / script, "--json", *options], check=True, stdout=subprocess.PIPE, text=True
    )
    (RESULTS / script).with_suffix(".json").write_text(done.stdout)
    return json.loads(done.stdout)


def machine() -> str:
    """One line on what the numbers were measured with."""
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    packages = ", ".join(f"{name} {version(name)}" for name in ("jax", "jaxlib", "exponax", "pyamg"))
    return f"{os.cpu_count()} cores ({model}), Python {platform.python_version()}, {packages}."


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer-python", help="Python with torch, neuraloperator, torchsde, torchdiffeq, gpytorch")
    arguments = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    sections = [
        f"# Benchmarks\n\nWritten by `make bench` on {machine()}\n",
        f"{SPECTRAL}\n{measure('spectral.py')['table']}\n",
        f"{EQUAL_ERROR}\n{measure('equal_error.py')['table']}\n",
        f"{SCHROEDINGER}\n{measure('nlse_dop853.py')['table']}\n",
    ]
    sections.append(f"{ELLIPTIC}\n{measure('elliptic.py')['table']}\n")
    sections.append(f"{STIFF}\n{measure('stiff.py')['table']}\n")
    sections.append(f"{NEURAL}\n{measure('neural_ode.py')['table']}\n")
    peers = ("--peer-python", arguments.peer_python) if arguments.peer_python else ()
    sections.append(f"{STOCHASTIC}\n{measure('neural_sde.py', *peers)['table']}\n")
    sections.append(f"{FLOWS}\n{measure('flows.py', *peers)['table']}\n")
    sections.append(f"{STATE_SPACE}\n{measure('gp_state_space.py')['table']}\n")
    sections.append(f"{REGRESSION}\n{measure('gp_regression.py', *peers)['table']}\n")
    sections.append(f"{FORECASTS}\n{measure('gp_real_data.py')['table']}\n")
    if arguments.peer_python:
        measure("fno_step.py", "--peer-python", arguments.peer_python, "--micro-batch", "1", "2", "16")
    operator = RESULTS / "fno_step.json"
    if operator.exists():
        sections.append(f"{OPERATOR}\n{operator_table(json.loads(operator.read_text()))}\n")
    PAGE.write_text("\n".join(sections))


if __name__ == "__main__":
    main()
