"""How programs made of Fourier transforms are compiled.

XLA splits large element-wise loops over the threads of a CPU. The program then goes on in whichever thread of the pool comes last,
and a transform called from such a thread uses one core alone. Transforms are most of the work of a spectral step: without those
splits they run on all cores: on two, a Navier-Stokes step took a fifth less time on 256 x 256 nodes and a third less on 512 x 512.
Small transforms, which use one core anyway, gain nothing.
"""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.core import Tracer

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

WHOLE_LOOPS = {"xla_disable_hlo_passes": "cpu-parallel-task-assigner"}
"""Options for `jax.jit(..., compiler_options=WHOLE_LOOPS)`: for users who put a rollout into a compiled function of their own."""


def compiled(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """`equinox.filter_jit` for functions that transform much.

    Compiler options belong to the outermost program, so inside another `jit` or `grad` this is a plain `filter_jit`.
    """
    options: Any = {"compiler_options": WHOLE_LOOPS}
    plain, whole = eqx.filter_jit(function), eqx.filter_jit(function, **options)

    @functools.wraps(function)
    def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        leaves = [*jax.tree.leaves((args, kwargs)), jnp.zeros(())]  # inside `jit` the zero too is a tracer
        outermost = not any(isinstance(leaf, Tracer) for leaf in leaves)
        return (whole if outermost and jax.default_backend() == "cpu" else plain)(*args, **kwargs)

    return call
