"""Training steps of torchsde and torchdiffeq: the peers' half of `neural_sde.py`, run in an environment of its own.

python benchmarks/neural_sde_peer.py
"""

import json
import time
from collections.abc import Callable
from statistics import median

import torch
import torchdiffeq
import torchsde

SIZE, BATCH, STEPS, WIDTH = 4, 128, 100, 64


class Equation(torch.nn.Module):
    """The trained stochastic equation."""

    noise_type, sde_type = "diagonal", "stratonovich"

    def __init__(self):
        super().__init__()
        self.drift, self.diffusion = (
            torch.nn.Sequential(torch.nn.Linear(SIZE, WIDTH), torch.nn.Tanh(), torch.nn.Linear(WIDTH, SIZE))
            for _ in range(2)
        )

    def f(self, t, y):
        """Drift."""
        return self.drift(y)

    def g(self, t, y):
        """Diffusion."""
        return torch.sigmoid(self.diffusion(y))


def sde_step(solve: Callable, **options) -> Callable[[], None]:
    """One Adam step of the stochastic equation."""
    model = Equation()
    optimizer, times = torch.optim.Adam(model.parameters(), 1e-3), torch.linspace(0, 1, 2)

    def run() -> None:
        end = solve(model, torch.ones(BATCH, SIZE), times, dt=1 / STEPS, method="reversible_heun", **options)[-1]
        optimizer.zero_grad()
        (end**2).mean().backward()
        optimizer.step()

    return run


def ode_step(solve: Callable) -> Callable[[], None]:
    """One Adam step of the ordinary equation."""
    torch.manual_seed(1)
    layers = (torch.nn.Linear(2, 64), torch.nn.Tanh(), torch.nn.Linear(64, 64), torch.nn.Tanh(), torch.nn.Linear(64, 2))
    model, starts = torch.nn.Sequential(*layers), torch.randn(64, 2)

    class Field(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = model

        def forward(self, t, y):
            return self.network(y)

    field = Field()
    optimizer, times = torch.optim.Adam(field.parameters(), 1e-3), torch.linspace(0, 1, 2)

    def run() -> None:
        end = solve(field, starts, times, rtol=1e-4, atol=1e-4, method="dopri5")[-1]
        optimizer.zero_grad()
        (end**2).mean().backward()
        optimizer.step()

    return run


def milliseconds(run: Callable[[], None], rounds: int) -> float:
    """Median time of a step after one that is not counted."""
    seconds = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return 1e3 * median(seconds[1:])


def main() -> None:
    """Print the times as JSON."""
    # Faster than with all cores at these sizes.
    torch.set_num_threads(1)
    steps = {
        "torchsde, reversible Heun": (sde_step(torchsde.sdeint), 3),
        "torchsde, reversible Heun and adjoint": (
            sde_step(torchsde.sdeint_adjoint, adjoint_method="adjoint_reversible_heun"),
            3,
        ),
        "torchdiffeq, Dopri5": (ode_step(torchdiffeq.odeint), 15),
        "torchdiffeq, Dopri5 and adjoint": (ode_step(torchdiffeq.odeint_adjoint), 5),
    }
    print(json.dumps({name: milliseconds(run, rounds) for name, (run, rounds) in steps.items()}))


if __name__ == "__main__":
    main()
