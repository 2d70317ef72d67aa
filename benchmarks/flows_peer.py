"""Conditional flow matching in PyTorch, as torchcfm's examples do it: the peer's half of `flows.py`, run in an environment of its own.

python benchmarks/flows_peer.py
"""

import itertools
import json
import math
import time
from collections.abc import Callable
from statistics import median

import torch

WIDTH, BATCH, SAMPLES, STEPS = 64, 256, 1024, 100


def data() -> torch.Tensor:
    """Eight normal laws on a circle."""
    angle = math.pi / 4 * torch.randint(0, 8, (10000,))
    return 3 * torch.stack([torch.cos(angle), torch.sin(angle)], dim=1) + 0.3 * torch.randn(10000, 2)


def network() -> torch.nn.Module:
    """Three hidden layers of position and time."""
    sizes = (3, WIDTH, WIDTH, WIDTH)
    hidden = [part for n, m in itertools.pairwise(sizes) for part in (torch.nn.Linear(n, m), torch.nn.SiLU())]
    return torch.nn.Sequential(*hidden, torch.nn.Linear(WIDTH, 2))


def training_step() -> Callable[[], None]:
    """Loss along straight lines and one Adam step."""
    points, model = data(), network()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def run() -> None:
        x1 = points[torch.randint(0, len(points), (BATCH,))]
        x0, t = torch.randn_like(x1), torch.rand(BATCH, 1)
        found = model(torch.cat([(1 - t) * x0 + t * x1, t], dim=1))
        optimizer.zero_grad()
        ((found - (x1 - x0)) ** 2).mean().backward()
        optimizer.step()

    return run


def sampling(middle: bool) -> Callable[[], None]:
    """Euler or midpoint steps."""
    model, noise, length = network(), torch.randn(SAMPLES, 2), 1 / STEPS

    @torch.no_grad()
    def run() -> None:
        x = noise
        for step in range(STEPS):
            t = torch.full((SAMPLES, 1), step * length)
            v = model(torch.cat([x, t], dim=1))
            if middle:
                v = model(torch.cat([x + length / 2 * v, t + length / 2], dim=1))
            x = x + length * v

    return run


def milliseconds(run: Callable[[], None], rounds: int) -> float:
    """Median after five runs that are not counted."""
    seconds = []
    for _ in range(rounds + 5):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return 1e3 * median(seconds[5:])


def main() -> None:
    """Print the times as JSON, the better of one thread and of all."""
    found: dict[str, float] = {}
    for threads in {1, torch.get_num_threads()}:
        torch.set_num_threads(threads)
        for name, run, rounds in (
            ("training", training_step(), 500),
            ("sampling, Euler", sampling(False), 15),
            ("sampling, midpoint", sampling(True), 15),
        ):
            found[name] = min(found.get(name, math.inf), milliseconds(run, rounds))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
