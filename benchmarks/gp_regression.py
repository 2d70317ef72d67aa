"""Gaussian-process likelihoods with gradients: dense beside tinygp, scikit-learn and GPyTorch; on lattices beside linear_operator.

    python benchmarks/gp_regression.py [--json] [--dense 1000 4000] [--lattice 300 1000] [--peer-python PATH]

Dense: squared-exponential kernel of three coordinates, double precision, gradient with respect to lengthscale, variance and noise.
Lattice: a product of two kernels, 300 x 300 and 1000 x 1000 points, beside the same formula written down in JAX and differentiated
through the eigenvectors, whose gradient is wrong where eigenvalues come close.
"LAPACK alone": the LAPACK calls that the method cannot do without, alone: one Cholesky factorisation and, with
gradient, one inverse from it; two symmetric eigendecompositions. Values are compared before the clock starts; contenders of one
process take turns. `--peer-python`: a Python with `gpytorch` (which cannot share this one), measured right after.
"""

import argparse
import importlib
import importlib.util
import json
import math
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import cho_solve
from timing import alternate

from sciml.gp import Dense, Kronecker
from sciml.kernels import RBF, Separable

PEER = Path(__file__).with_name("gp_regression_peer.py")
PEER_LIMIT = 100
"""Seconds for start, warm-up and rounds of one case; a case that takes longer, or a Python without gpytorch, is left out."""
PARAMETERS = np.array([0.4, 1.5, 0.1])
"""Lengthscale, variance, noise variance."""
Run = Callable[[], Any]


def dense_data(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Points in the unit cube and noisy values of a smooth function."""
    random = np.random.default_rng(0)
    points = random.uniform(size=(n, 3))
    return points, np.sin(6 * points).sum(1) + math.sqrt(PARAMETERS[2]) * random.normal(size=n)


def lattice_data(n: int) -> tuple[np.ndarray, np.ndarray]:
    """One coordinate, the same for both axes, and values on the lattice."""
    x = np.linspace(0, 10, n)
    return x, np.sin(x)[:, None] * np.cos(x) + math.sqrt(PARAMETERS[2]) * np.random.default_rng(0).normal(size=(n, n))


def dense_ours(parameters: jax.Array, points: jax.Array, y: jax.Array) -> jax.Array:
    """By `Dense`."""
    return Dense().factorise(parameters[1] * RBF(parameters[0]), points, parameters[2]).log_prob(y)


def dense_tinygp(parameters: jax.Array, points: jax.Array, y: jax.Array) -> jax.Array:
    """By its direct solver."""
    tinygp = importlib.import_module("tinygp")
    distance = tinygp.kernels.distance.L2Distance()
    kernel = parameters[1] * tinygp.kernels.ExpSquared(scale=parameters[0], distance=distance)
    return tinygp.GaussianProcess(kernel, points, diag=parameters[2]).log_probability(y)


def dense_sklearn(points: np.ndarray, y: np.ndarray, gradient: bool) -> Run:
    """Its `log_marginal_likelihood`; the regressor is made without an optimiser, beforehand."""
    process = importlib.import_module("sklearn.gaussian_process")
    length, variance, noise = PARAMETERS
    kernel = process.kernels.ConstantKernel(variance) * process.kernels.RBF(length) + process.kernels.WhiteKernel(noise)
    model = process.GaussianProcessRegressor(kernel, alpha=0.0, optimizer=None).fit(points, y)
    return lambda: model.log_marginal_likelihood(model.kernel_.theta, eval_gradient=gradient, clone_kernel=False)


def lattice_ours(parameters: jax.Array, x: jax.Array, y: jax.Array) -> jax.Array:
    """By `Kronecker`."""
    kernel = Separable((parameters[1] * RBF(parameters[0]), RBF(parameters[0])))
    return Kronecker().factorise(kernel, (x, x), parameters[2]).log_prob(y)


def lattice_plain(parameters: jax.Array, x: jax.Array, y: jax.Array) -> jax.Array:
    """The textbook's formula; its gradient goes through the eigenvectors."""
    matrix = jnp.exp(-0.5 * ((x[:, None] - x) / parameters[0]) ** 2)
    first, u = jnp.linalg.eigh(parameters[1] * matrix)
    second, v = jnp.linalg.eigh(matrix)
    spectrum = jnp.outer(first, second) + parameters[2]
    return -0.5 * jnp.sum((u.T @ y @ v) ** 2 / spectrum + jnp.log(2 * math.pi * spectrum))


def dense_bound(gradient: bool, points: jax.Array) -> tuple[Callable[..., jax.Array], tuple[jax.Array]]:
    """Factorisation, and inverse."""
    matrix = RBF(float(PARAMETERS[0])).gram(points) + 0.1 * jnp.eye(points.shape[0])

    def bound(matrix: jax.Array) -> jax.Array:
        root = jnp.linalg.cholesky(matrix, symmetrize_input=False)
        return cho_solve((root, True), jnp.eye(root.shape[0])) if gradient else root

    return bound, (matrix,)


def lattice_bound(x: jax.Array) -> tuple[Callable[..., Any], tuple[jax.Array, jax.Array]]:
    """Two eigendecompositions."""
    matrix = jnp.exp(-0.5 * ((x[:, None] - x) / PARAMETERS[0]) ** 2)
    return lambda a, b: (jnp.linalg.eigh(a), jnp.linalg.eigh(b)), (matrix, 1.5 * matrix)


def measure(kind: str, n: int, gradient: bool, rounds: int) -> dict[str, Any]:
    """Medians of all contenders of this process, seconds of compilation, the values."""
    points, y = dense_data(n) if kind == "dense" else lattice_data(n)
    arguments = tuple(jnp.asarray(part) for part in (PARAMETERS, points, y))
    programs: dict[str, Run] = {}
    gradients: dict[str, np.ndarray] = {}
    row: dict[str, Any] = {"kind": kind, "n": n, "gradient": gradient, "seconds": {}, "compile": {}, "values": {}}
    functions = (
        {"ours": dense_ours, "tinygp": dense_tinygp}
        if kind == "dense"
        else {"ours": lattice_ours, "plain": lattice_plain}
    )
    if importlib.util.find_spec("tinygp") is None:
        functions.pop("tinygp", None)
    bound, inputs = dense_bound(gradient, arguments[1]) if kind == "dense" else lattice_bound(arguments[1])
    targets = {name: (jax.value_and_grad(f) if gradient else f, arguments) for name, f in functions.items()}
    for name, (function, given) in (targets | {"bound": (bound, inputs)}).items():
        start = time.perf_counter()
        program = jax.jit(function).lower(*given).compile()
        row["compile"][name] = time.perf_counter() - start
        programs[name] = lambda program=program, given=given: program(*given)
    if kind == "dense" and importlib.util.find_spec("sklearn") is not None:
        programs["scikit-learn"] = dense_sklearn(points, y, gradient)
    for name in programs.keys() - {"bound"}:
        result = programs[name]()
        row["values"][name] = float(result[0] if gradient else result)
        if gradient:
            gradients[name] = np.asarray(result[1])
    compare(row["values"])
    row["gradients"] = {name: gradient.tolist() for name, gradient in gradients.items()}
    if "tinygp" in gradients:
        np.testing.assert_allclose(gradients["tinygp"], gradients["ours"], rtol=1e-4)
    row["seconds"] = {name: median(times) for name, times in alternate(programs, rounds=rounds).items()}
    return row


def compare(values: dict[str, float]) -> None:
    """Stop if two contenders compute different things."""
    if any(not abs(value / values["ours"] - 1) < 1e-5 for value in values.values()):
        raise SystemExit(f"values differ: {values}")


def measure_peer(python: str, rows: list[dict[str, Any]], rounds: int) -> None:
    """Add GPyTorch's figures: the same data, through a file."""
    with tempfile.TemporaryDirectory() as folder:
        for row in rows:
            points, y = dense_data(row["n"]) if row["kind"] == "dense" else lattice_data(row["n"])
            path = Path(folder) / "data.npz"
            np.savez(path, points=points, y=y, parameters=PARAMETERS)
            command = [python, str(PEER), str(path), row["kind"], str(int(row["gradient"])), str(rounds)]
            try:
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=PEER_LIMIT)
            except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
                continue
            found = json.loads(done.stdout)
            compare(row["values"] | {"GPyTorch": found["value"]})
            row["seconds"]["GPyTorch"] = median(found["seconds"])


def table(rows: list[dict[str, Any]]) -> str:
    """Medians, with the ratio to ours in brackets."""
    names = ["tinygp", "scikit-learn", "GPyTorch", "plain", "bound"]
    heads = {"plain": "through eigenvectors", "bound": "LAPACK alone"}
    lines = [
        f"| | | ours s | {' | '.join(heads.get(name, name) for name in names)} | compile s, ours |",
        "|" + "---|" * (len(names) + 4),
    ]
    for row in rows:
        own = row["seconds"]["ours"]
        cells = [
            f"{row['seconds'][name]:.3g} ({row['seconds'][name] / own:.2g}x)" if name in row["seconds"] else ""
            for name in names
        ]
        label = f"dense, {row['n']}" if row["kind"] == "dense" else f"lattice, {row['n']} x {row['n']}"
        what = "value and gradient" if row["gradient"] else "value"
        lines.append(f"| {label} | {what} | {own:.3g} | {' | '.join(cells)} | {row['compile']['ours']:.1f} |")
    return "\n".join(lines)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--dense", type=int, nargs="*", default=[1000, 4000], help="numbers of points")
    parser.add_argument("--lattice", type=int, nargs="*", default=[300, 1000], help="points of each axis")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer-python", help="Python with gpytorch")
    arguments = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    cases = [("dense", n, gradient) for n in arguments.dense for gradient in (False, True)]
    cases += [("lattice", n, True) for n in arguments.lattice]
    rows = [measure(*case, arguments.rounds) for case in cases]
    if arguments.peer_python:
        measure_peer(arguments.peer_python, rows, arguments.rounds)
    report = {"rows": rows, "table": table(rows)}
    print(json.dumps(report) if arguments.json else report["table"])


if __name__ == "__main__":
    main()
