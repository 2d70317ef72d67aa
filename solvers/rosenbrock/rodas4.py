"""Rodas4."""

from typing import ClassVar

from sciml.solvers.rosenbrock.method import Rosenbrock
from sciml.solvers.rosenbrock.tableau import RosenbrockTableau

_LAST_BUT_ONE = (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.687886036105895)


class Rodas4(Rosenbrock):
    """The stiffly accurate Rosenbrock method of order 4(3) with six stages, L-stable, for stiff equations and index-1 DAEs.

    The method of choice for loose and medium tolerances (relative 1e-2 to 1e-6). Time-dependent boundary data of a partial
    differential equation reduce its order; `Rodas5P` suffers less.

    Example:
        >>> import diffrax, jax.numpy as jnp
        >>> from sciml.solvers import Rodas4
        >>> stiff = diffrax.ODETerm(lambda t, y, args: -1000.0 * (y - jnp.cos(t)))
        >>> solution = diffrax.diffeqsolve(
        ...     stiff, Rodas4(), 0.0, 1.0, 1e-3, jnp.array([0.0]), stepsize_controller=diffrax.PIDController(rtol=1e-4, atol=1e-6))
        >>> bool(jnp.abs(solution.ys[0, 0] - jnp.cos(1.0)) < 2e-3), int(solution.stats["num_steps"]) < 60
        (True, True)

    Source: E. Hairer, G. Wanner, Solving Ordinary Differential Equations II, section IV.7 and the code RODAS.
    """

    tableau: ClassVar[RosenbrockTableau] = RosenbrockTableau(
        order=4,
        dense_order=3,
        gamma=0.25,
        a=(
            (),
            (1.544,),
            (0.9466785280815826, 0.2557011698983284),
            (3.314825187068521, 2.896124015972201, 0.9986419139977817),
            _LAST_BUT_ONE,
            (*_LAST_BUT_ONE, 1.0),
        ),
        c=(
            (),
            (-5.6688,),
            (-2.430093356833875, -0.2063599157091915),
            (-0.1073529058151375, -9.594562251023355, -20.47028614809616),
            (7.496443313967647, -10.24680431464352, -33.99990352819905, 11.7089089320616),
            (8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054),
        ),
        nodes=(0.0, 0.386, 0.21, 0.63, 1.0, 1.0),
        time_weights=(0.25, -0.1043, 0.1035, -0.0362, 0.0, 0.0),
        dense=(
            (10.12623508344586, -7.487995877610167, -34.80091861555747, -7.992771707568823, 1.025137723295662, 0.0),
            (-0.6762803392801253, 6.087714651680015, 16.43084320892478, 24.76722511418386, -6.594389125716872, 0.0),
        ),
    )
