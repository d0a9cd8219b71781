"""Models of motor adaptation whose inner truth is known."""

from trialtensor_models.network.ccrnn import CCRNN
from trialtensor_models.network.config import Cerebellum, Cortex, Pathways, Plasticity
from trialtensor_models.network.dynamics import UnstableDynamicsError
from trialtensor_models.plants import PointMass, TwoLinkArm
from trialtensor_models.rates.two_state import (
    OneStateModel,
    RateTrace,
    TwoStateModel,
    TwoStateTrace,
)
from trialtensor_models.sessions.run import Run, Truth
from trialtensor_models.sessions.schedule import Schedule
from trialtensor_models.sessions.simulation import simulate
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
