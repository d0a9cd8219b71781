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
from trialtensor_models.simulators import CCRNNSimulator, list_simulators, load_simulator
from trialtensor_models.tasks import (
    CenterOut,
    DelayedMatch,
    EvidenceAccumulation,
    ReversalLearning,
    register_task,
)

__all__ = [
    "CCRNN",
    "CCRNNSimulator",
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
    "list_simulators",
    "load_simulator",
    "register_task",
    "simulate",
]
