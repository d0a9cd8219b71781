"""What happens to a component, or to behaviour, over trials: when, how fast, how sure."""

from trialtensor.tracking.change_points import ChangePoints, change_points
from trialtensor.tracking.contrasts import BlockContrasts, block_contrasts
from trialtensor.tracking.learning import LearningCurve, LearningFit, learning_curve
from trialtensor.tracking.rate_observed import rebound
from trialtensor.tracking.relation import Relation, relate
from trialtensor.tracking.smooth import SmoothCurve, smooth_curve
from trialtensor.tracking.two_rate import (
    OneRateFit,
    RateFit,
    TwoRateFit,
    one_rate_fit,
    two_rate_fit,
)

__all__ = [
    "BlockContrasts",
    "ChangePoints",
    "LearningCurve",
    "LearningFit",
    "OneRateFit",
    "RateFit",
    "Relation",
    "SmoothCurve",
    "TwoRateFit",
    "block_contrasts",
    "change_points",
    "learning_curve",
    "one_rate_fit",
    "rebound",
    "relate",
    "smooth_curve",
    "two_rate_fit",
]
