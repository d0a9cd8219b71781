"""Learning: its rules, their gains, the plastic weights, and feedback on choices."""

from trialtensor_models.plasticity.calibration import Gains, calibrate, gains_of
from trialtensor_models.plasticity.climbing import carried_error
from trialtensor_models.plasticity.feedback import (
    Critic,
    Outcome,
    ReachOutcome,
    answer,
    explored_error,
    reward_error,
    told_error,
)
from trialtensor_models.plasticity.learner import Learner

__all__ = [
    "Critic",
    "Gains",
    "Learner",
    "Outcome",
    "ReachOutcome",
    "answer",
    "calibrate",
    "carried_error",
    "explored_error",
    "gains_of",
    "reward_error",
    "told_error",
]
