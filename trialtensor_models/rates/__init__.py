"""Reference models of adaptation with one or two rates."""

from trialtensor_models.rates.one_state import OneStateModel
from trialtensor_models.rates.rate_trace import RateTrace
from trialtensor_models.rates.two_state import TwoStateModel, TwoStateTrace

__all__ = [
    "OneStateModel",
    "RateTrace",
    "TwoStateModel",
    "TwoStateTrace",
]
