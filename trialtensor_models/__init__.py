"""Models of motor adaptation whose inner truth is known."""

from trialtensor_models.config import Cerebellum, Cortex, Pathways, Plasticity
from trialtensor_models.dynamics import UnstableDynamicsError
from trialtensor_models.network import CCRNN
from trialtensor_models.plants import PointMass, TwoLinkArm
from trialtensor_models.run import Run, Truth
from trialtensor_models.schedule import Schedule
from trialtensor_models.simulation import simulate
from trialtensor_models.tasks import (
    CenterOut,
    DelayedMatch,
    EvidenceAccumulation,
    ReversalLearning,
)
from trialtensor_models.two_state import OneStateModel, RateTrace, TwoStateModel, TwoStateTrace

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
