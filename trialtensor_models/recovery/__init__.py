"""A benchmark of methods on data whose inner truth is known."""

from trialtensor_models.recovery.benchmark import RecoveryBenchmark, recovery_benchmark
from trialtensor_models.recovery.entry import Entry
from trialtensor_models.recovery.methods import METHODS, Method, Unfolded
from trialtensor_models.recovery.problems import PROBLEMS, Problem, packaged_problems

__all__ = [
    "METHODS",
    "PROBLEMS",
    "Entry",
    "Method",
    "Problem",
    "RecoveryBenchmark",
    "Unfolded",
    "packaged_problems",
    "recovery_benchmark",
]
