"""Models of motor adaptation whose inner truth is known."""

from trialtensor_models.circuit import Anatomy, Training, train_jointly
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
    Behaviour,
    ContextInference,
    ContextTrace,
    GatedSlowModel,
    OneStateModel,
    RateTrace,
    TheoryComparison,
    TheoryFit,
    TwoStateModel,
    TwoStateTrace,
    compare_theories,
)
from trialtensor_models.sessions import Run, Schedule, Truth, simulate
from trialtensor_models.simulators import CCRNNSimulator, list_simulators, load_simulator
from trialtensor_models.tasks import (
    CenterOut,
    DelayedMatch,
    EvidenceAccumulation,
    ReversalLearning,
    RotatedReaching,
    SequenceDrawing,
    register_task,
)

__all__ = [
    "CCRNN",
    "Anatomy",
    "Behaviour",
    "CCRNNSimulator",
    "CenterOut",
    "Cerebellum",
    "ContextInference",
    "ContextTrace",
    "Cortex",
    "DelayedMatch",
    "EvidenceAccumulation",
    "GatedSlowModel",
    "OneStateModel",
    "Pathways",
    "Plasticity",
    "PointMass",
    "RateTrace",
    "ReversalLearning",
    "RotatedReaching",
    "Run",
    "Schedule",
    "SequenceDrawing",
    "TheoryComparison",
    "TheoryFit",
    "Training",
    "Truth",
    "TwoLinkArm",
    "TwoStateModel",
    "TwoStateTrace",
    "UnstableDynamicsError",
    "compare_theories",
    "list_simulators",
    "load_simulator",
    "register_task",
    "simulate",
    "train_jointly",
]
