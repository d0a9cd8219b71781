"""The circuit of the theory, trained as a whole: cortex, cerebellum and inferior olive."""

from trialtensor_models.circuit.anatomy import REGIONS, Anatomy
from trialtensor_models.circuit.circuit import Circuit
from trialtensor_models.circuit.controls import (
    dense,
    without_cerebellum,
    without_expansion,
    without_feedback,
)
from trialtensor_models.circuit.measures import internal_error, missed
from trialtensor_models.circuit.pathways import constraints_of, draw_weights, n_trained
from trialtensor_models.circuit.plan import Plan
from trialtensor_models.circuit.trained import Training
from trialtensor_models.circuit.training import train_jointly
from trialtensor_models.circuit.trials import Setting, Trials

__all__ = [
    "REGIONS",
    "Anatomy",
    "Circuit",
    "Plan",
    "Setting",
    "Training",
    "Trials",
    "constraints_of",
    "dense",
    "draw_weights",
    "internal_error",
    "missed",
    "n_trained",
    "train_jointly",
    "without_cerebellum",
    "without_expansion",
    "without_feedback",
]
