"""Phenomena of adaptation that the network must show: a function for each, and one table."""

from trialtensor_models.phenomena.directions import generalisation, many_targets
from trialtensor_models.phenomena.learning import (
    after_effect,
    counter_trials,
    learning_curve,
    no_cortical_plasticity,
    slow_share,
)
from trialtensor_models.phenomena.lesions import (
    block_after_learning,
    scaled_output,
    teachers_under_block,
)
from trialtensor_models.phenomena.memory import (
    interference,
    retained_in_clamp,
    savings,
    savings_after_washout,
    spontaneous_recovery,
)
from trialtensor_models.phenomena.rows import Cast, Quantity, Row
from trialtensor_models.phenomena.subjects import Curve, Networks, OneRate, Setting, TwoState
from trialtensor_models.phenomena.table import PHENOMENA, cast_of, measure_all, table

__all__ = [
    "PHENOMENA",
    "Cast",
    "Curve",
    "Networks",
    "OneRate",
    "Quantity",
    "Row",
    "Setting",
    "TwoState",
    "after_effect",
    "block_after_learning",
    "cast_of",
    "counter_trials",
    "generalisation",
    "interference",
    "learning_curve",
    "many_targets",
    "measure_all",
    "no_cortical_plasticity",
    "retained_in_clamp",
    "savings",
    "savings_after_washout",
    "scaled_output",
    "slow_share",
    "spontaneous_recovery",
    "table",
    "teachers_under_block",
]
