"""Step size controllers that look at the state and not at the record beside it."""

import dataclasses
from collections.abc import Callable
from typing import Any

import diffrax
import equinox as eqx
from jaxtyping import PyTree

from sciml.solvers.statistics.recorded_state import state_of


class NormOfState(eqx.Module):
    """A norm of the state alone; of anything else, as it is (implicit solvers inherit the norm of the controller)."""

    norm: Callable[[PyTree], Any]

    def __call__(self, tree: PyTree) -> Any:
        """Norm of the state."""
        return self.norm(state_of(tree))


class ControllerOfState(diffrax.AbstractAdaptiveStepSizeController):
    """A controller that is shown states without their records."""

    controller: diffrax.AbstractAdaptiveStepSizeController
    rtol: Any
    atol: Any
    norm: Any

    def wrap(self, direction: Any) -> "ControllerOfState":
        """For solves backwards in time."""
        return dataclasses.replace(self, controller=self.controller.wrap(direction))

    def init(
        self,
        terms: PyTree[diffrax.AbstractTerm],
        t0: Any,
        t1: Any,
        y0: PyTree,
        dt0: Any,
        args: PyTree,
        func: Callable[..., Any],
        error_order: Any,
    ) -> tuple[Any, Any]:
        """First step."""

        def rate(terms: Any, t: Any, y: Any, args: Any) -> Any:
            whole = y if y0 is state_of(y0) else dataclasses.replace(y0, y=y)
            return state_of(func(terms, t, whole, args))

        return self.controller.init(terms, t0, t1, state_of(y0), dt0, args, rate, error_order)

    def adapt_step_size(
        self,
        t0: Any,
        t1: Any,
        y0: PyTree,
        y1_candidate: PyTree,
        args: PyTree,
        y_error: PyTree,
        error_order: Any,
        controller_state: Any,
    ) -> tuple[Any, Any, Any, Any, Any, diffrax.RESULTS]:
        """Next step."""
        return self.controller.adapt_step_size(
            t0, t1, state_of(y0), state_of(y1_candidate), args, state_of(y_error), error_order, controller_state
        )


def recording_controller(controller: diffrax.AbstractStepSizeController) -> diffrax.AbstractStepSizeController:
    """The same controller for a state with a record: it takes the steps it would take without.

    Args:
        controller: any of diffrax or your own; fixed steps come back as they are.

    Example:
        >>> import diffrax
        >>> from sciml.solvers.statistics import recording_controller
        >>> controller = recording_controller(diffrax.PIDController(rtol=1e-4, atol=1e-6))
        >>> float(controller.rtol)
        0.0001
    """
    if not isinstance(controller, diffrax.AbstractAdaptiveStepSizeController):
        return controller
    if isinstance(controller, diffrax.PIDController):
        return dataclasses.replace(controller, norm=NormOfState(controller.norm))
    return _of_state(controller)


def _of_state(controller: Any) -> ControllerOfState:
    inner = controller
    while not hasattr(inner, "norm") and hasattr(inner, "controller"):
        inner = inner.controller
    # Implicit solvers take their tolerances from the controller.
    rtol, atol, norm = (getattr(inner, name, None) for name in ("rtol", "atol", "norm"))
    return ControllerOfState(controller=controller, rtol=rtol, atol=atol, norm=norm)
