"""What a diffrax solver knows about its steps, carried differentiably through the solve."""

from sciml.solvers.statistics.record_statistics import RecordStatistics
from sciml.solvers.statistics.recorded_state import RecordedState, StepRecord
from sciml.solvers.statistics.recording_controller import recording_controller
from sciml.solvers.statistics.recording_terms import recording_terms
from sciml.solvers.statistics.statistics_solve import SolverStatistics, StatisticsSolution, solve_with_statistics
from sciml.solvers.statistics.step import StepStatistics, measures_stiffness, step_statistics

__all__ = [
    "RecordStatistics",
    "RecordedState",
    "SolverStatistics",
    "StatisticsSolution",
    "StepRecord",
    "StepStatistics",
    "measures_stiffness",
    "recording_controller",
    "recording_terms",
    "solve_with_statistics",
    "step_statistics",
]
