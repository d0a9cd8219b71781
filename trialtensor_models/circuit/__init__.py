"""The circuit of the theory, trained as a whole: cortex, cerebellum and inferior olive."""

from trialtensor_models.circuit.ahead import push_ahead
from trialtensor_models.circuit.anatomy import REGIONS, Anatomy
from trialtensor_models.circuit.circuit import Circuit
from trialtensor_models.circuit.controls import (
    dense,
    without_cerebellum,
    without_expansion,
    without_feedback,
)
from trialtensor_models.circuit.measures import internal_error, missed
from trialtensor_models.circuit.packaged import list_packaged, load_circuit, load_course
from trialtensor_models.circuit.pathways import n_trained
from trialtensor_models.circuit.rewarded import learn_from_rewards
from trialtensor_models.circuit.trained import Training
from trialtensor_models.circuit.training import train_jointly
from trialtensor_models.circuit.trials import Setting, Trials

__all__ = [
    "REGIONS",
    "Anatomy",
    "Circuit",
    "Setting",
    "Training",
    "Trials",
    "dense",
    "internal_error",
    "learn_from_rewards",
    "list_packaged",
    "load_circuit",
    "load_course",
    "missed",
    "n_trained",
    "push_ahead",
    "train_jointly",
    "without_cerebellum",
    "without_expansion",
    "without_feedback",
]
