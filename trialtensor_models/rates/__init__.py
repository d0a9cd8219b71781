"""Theories of adaptation: one and two rates, gated slow states, inference of contexts."""

from trialtensor_models.rates.behaviour import Behaviour
from trialtensor_models.rates.comparison import TheoryComparison, compare_theories
from trialtensor_models.rates.context_inference import ContextInference, ContextTrace
from trialtensor_models.rates.gated_slow import GatedSlowModel
from trialtensor_models.rates.one_state import OneStateModel
from trialtensor_models.rates.rate_trace import RateTrace
from trialtensor_models.rates.theories import THEORIES
from trialtensor_models.rates.theory_effects import EFFECTS, effect
from trialtensor_models.rates.theory_fits import TheoryFit
from trialtensor_models.rates.trial_table import TrialTable
from trialtensor_models.rates.two_state import TwoStateModel, TwoStateTrace

__all__ = [
    "EFFECTS",
    "THEORIES",
    "Behaviour",
    "ContextInference",
    "ContextTrace",
    "GatedSlowModel",
    "OneStateModel",
    "RateTrace",
    "TheoryComparison",
    "TheoryFit",
    "TrialTable",
    "TwoStateModel",
    "TwoStateTrace",
    "compare_theories",
    "effect",
]
