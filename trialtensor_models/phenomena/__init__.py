"""Phenomena of adaptation, built in and emergent: a function for each, and one table."""

from trialtensor_models.phenomena.cast import CONTROLS, Cast, cast_of
from trialtensor_models.phenomena.catalogue import PHENOMENA, measure_all
from trialtensor_models.phenomena.directions import (
    generalisation,
    many_targets,
    opposite_rotations,
)
from trialtensor_models.phenomena.learned import Learned, naive, reach_errors
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
    consolidation_without_forgetting,
    interference,
    retained_in_clamp,
    savings,
    savings_after_washout,
    spontaneous_recovery,
)
from trialtensor_models.phenomena.printing import markdown, table
from trialtensor_models.phenomena.reaches import (
    accuracy,
    hand_path,
    nuclei_match,
    one_trial_rates,
)
from trialtensor_models.phenomena.rows import People, Quantity, Row
from trialtensor_models.phenomena.subjects import Curve, Networks, Setting, Subjects
from trialtensor_models.phenomena.theories import Theory, TwoState, one_rate_of

__all__ = [
    "CONTROLS",
    "PHENOMENA",
    "Cast",
    "Curve",
    "Learned",
    "Networks",
    "People",
    "Quantity",
    "Row",
    "Setting",
    "Subjects",
    "Theory",
    "TwoState",
    "accuracy",
    "after_effect",
    "block_after_learning",
    "cast_of",
    "consolidation_without_forgetting",
    "counter_trials",
    "generalisation",
    "hand_path",
    "interference",
    "learning_curve",
    "many_targets",
    "markdown",
    "measure_all",
    "naive",
    "no_cortical_plasticity",
    "nuclei_match",
    "one_rate_of",
    "one_trial_rates",
    "opposite_rotations",
    "reach_errors",
    "retained_in_clamp",
    "savings",
    "savings_after_washout",
    "scaled_output",
    "slow_share",
    "spontaneous_recovery",
    "table",
    "teachers_under_block",
]
