"""XLA's flags for the suite; imported before JAX."""

import os
from importlib.metadata import version

QUICK = "--xla_cpu_use_fusion_emitters=false --xla_backend_optimization_level=1"
"""Most of the suite's time is compilation, which these halve. Pages, notebooks and `make demo` meet XLA's defaults."""


def flags_for_xla(devices: int) -> str:
    """Virtual devices, and quick compilation unless other flags are given."""
    # XLA ends the process at a flag that it does not know.
    known = QUICK if version("jaxlib").startswith("0.10.") else ""
    return f"{os.environ.get('XLA_FLAGS') or known} --xla_force_host_platform_device_count={devices}"
