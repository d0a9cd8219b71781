"""Changes of a component, or of behaviour, over trials: when, how fast, how certain."""

from trialtensor.tracking.change_points import ChangePoints, change_points
from trialtensor.tracking.contrasts import BlockContrasts, block_contrasts
from trialtensor.tracking.following import track
from trialtensor.tracking.following_result import Tracking
from trialtensor.tracking.group import GroupTracking, track_group
from trialtensor.tracking.learning import LearningCurve, LearningFit, learning_curve
from trialtensor.tracking.pattern_change import PatternChange, pattern_change
from trialtensor.tracking.rate_observed import rebound
from trialtensor.tracking.relation import Relation, relate
from trialtensor.tracking.replication import Replication, replicate
from trialtensor.tracking.smooth import SmoothCurve, smooth_curve
from trialtensor.tracking.subspaces import SubspaceDrift, subspace_drift, trial_similarity
from trialtensor.tracking.templates import TemplateAlignment, template_alignment
from trialtensor.tracking.transitions import Transitions, transitions
from trialtensor.tracking.two_rate import (
    OneRateFit,
    RateFit,
    TwoRateFit,
    one_rate_fit,
    two_rate_fit,
)
from trialtensor.tracking.unstable_neurons import unstable_neurons

__all__ = [
    "BlockContrasts",
    "ChangePoints",
    "GroupTracking",
    "LearningCurve",
    "LearningFit",
    "OneRateFit",
    "PatternChange",
    "RateFit",
    "Relation",
    "Replication",
    "SmoothCurve",
    "SubspaceDrift",
    "TemplateAlignment",
    "Tracking",
    "Transitions",
    "TwoRateFit",
    "block_contrasts",
    "change_points",
    "learning_curve",
    "one_rate_fit",
    "pattern_change",
    "rebound",
    "relate",
    "replicate",
    "smooth_curve",
    "subspace_drift",
    "template_alignment",
    "track",
    "track_group",
    "transitions",
    "trial_similarity",
    "two_rate_fit",
    "unstable_neurons",
]
