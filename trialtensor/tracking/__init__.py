"""What happens to components over trials: when they change, how fast, and how sure that is."""

from trialtensor.tracking.change_points import ChangePoints, change_points
from trialtensor.tracking.learning import LearningCurve, LearningFit, learning_curve
from trialtensor.tracking.smooth import SmoothCurve, smooth_curve

__all__ = [
    "ChangePoints",
    "LearningCurve",
    "LearningFit",
    "SmoothCurve",
    "change_points",
    "learning_curve",
    "smooth_curve",
]
