"""The peer of `fno_step.py`: training steps of the FNO of neuraloperator, run by that library's own Python.

Writes initial weights, data and outputs to a file, then answers each line on standard input, a number of steps, by a
JSON list of the seconds of each and the last loss.
"""

import argparse
import json
import sys
import time

import numpy as np
import torch
from neuralop import __version__ as version
from neuralop.models import FNO


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", required=True)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--modes", type=int, default=12)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    model = FNO(
        n_modes=(options.modes, options.modes),
        in_channels=1,
        out_channels=1,
        hidden_channels=options.width,
        n_layers=options.layers,
    )
    x = torch.randn(options.batch, 1, options.size, options.size)
    y = torch.randn(options.batch, 1, options.size, options.size)
    with torch.no_grad():
        output = model(x)
    weights = {name: value.numpy() for name, value in model.state_dict().items() if hasattr(value, "numpy")}
    np.savez(options.write, input=x.numpy(), target=y.numpy(), output=output.numpy(), **weights)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step() -> float:
        optimiser.zero_grad(set_to_none=True)
        loss = torch.mean((model(x) - y) ** 2)
        loss.backward()
        optimiser.step()
        return loss.item()

    def answer(content: object) -> None:
        print(json.dumps(content), flush=True)

    answer({"neuraloperator": version, "torch": torch.__version__, "threads": torch.get_num_threads()})
    for line in sys.stdin:
        seconds, loss = [], 0.0
        for _ in range(int(line)):
            start = time.perf_counter()
            loss = step()
            seconds.append(time.perf_counter() - start)
        answer({"seconds": seconds, "loss": loss})


if __name__ == "__main__":
    main()
