"""Models of motor adaptation whose inner truth is known."""

from trialtensor_models.network import (
    CCRNN,
    Cerebellum,
    Cortex,
    Pathways,
    Plasticity,
    UnstableDynamicsError,
)
from trialtensor_models.plants import PointMass, TwoLinkArm
from trialtensor_models.rates import (
    OneStateModel,
    RateTrace,
    TwoStateModel,
    TwoStateTrace,
)
from trialtensor_models.sessions import Run, Schedule, Truth, simulate
from trialtensor_models.tasks import (
    CenterOut,
    DelayedMatch,
    EvidenceAccumulation,
    ReversalLearning,
)

__all__ = [
    "CCRNN",
    "CenterOut",
    "Cerebellum",
    "Cortex",
    "DelayedMatch",
    "EvidenceAccumulation",
    "OneStateModel",
    "Pathways",
    "Plasticity",
    "PointMass",
    "RateTrace",
    "ReversalLearning",
    "Run",
    "Schedule",
    "Truth",
    "TwoLinkArm",
    "TwoStateModel",
    "TwoStateTrace",
    "UnstableDynamicsError",
    "simulate",
]
