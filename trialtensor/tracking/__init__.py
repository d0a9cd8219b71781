"""What happens to components over trials: when they change, how fast, and how sure that is."""

from trialtensor.tracking.change_points import ChangePoints, change_points
from trialtensor.tracking.contrasts import BlockContrasts, block_contrasts
from trialtensor.tracking.learning import LearningCurve, LearningFit, learning_curve
from trialtensor.tracking.relation import Relation, relate
from trialtensor.tracking.smooth import SmoothCurve, smooth_curve

__all__ = [
    "BlockContrasts",
    "ChangePoints",
    "LearningCurve",
    "LearningFit",
    "Relation",
    "SmoothCurve",
    "block_contrasts",
    "change_points",
    "learning_curve",
    "relate",
    "smooth_curve",
]
