"""The network: configuration, weights, one trial's dynamics, pretraining and checkpoints."""

from trialtensor_models.network.blueprint import Blueprint
from trialtensor_models.network.ccrnn import CCRNN
from trialtensor_models.network.checkpoints import PACKAGED, n_packaged
from trialtensor_models.network.config import Cerebellum, Cortex, Pathways, Plasticity, Teacher
from trialtensor_models.network.dynamics import (
    AS_IT_IS,
    Activity,
    UnstableDynamicsError,
    Versions,
    run_cortex,
    run_trial,
)
from trialtensor_models.network.olive import Olive
from trialtensor_models.network.pretraining import pretrain
from trialtensor_models.network.purkinje import DIRECTIONS, PurkinjeCells
from trialtensor_models.network.weights import CorticalWeights
from trialtensor_models.network.wiring import Wiring, stack, take

__all__ = [
    "AS_IT_IS",
    "CCRNN",
    "DIRECTIONS",
    "PACKAGED",
    "Activity",
    "Blueprint",
    "Cerebellum",
    "Cortex",
    "CorticalWeights",
    "Olive",
    "Pathways",
    "Plasticity",
    "PurkinjeCells",
    "Teacher",
    "UnstableDynamicsError",
    "Versions",
    "Wiring",
    "n_packaged",
    "pretrain",
    "run_cortex",
    "run_trial",
    "stack",
    "take",
]
