"""Checks that every model passes, ours and those of other packages.

``check_trial_estimator`` is the contract of an estimator. ``check_everywhere`` takes a model through
everything public that asks for one: it works there, or is refused in one sentence that names it.
"""

from trialtensor.testing.contract import CHECKS, check_trial_estimator
from trialtensor.testing.everywhere import CONDITIONS, Cell, check_everywhere, consumers

__all__ = [
    "CHECKS",
    "CONDITIONS",
    "Cell",
    "check_everywhere",
    "check_trial_estimator",
    "consumers",
]
