"""Models of motor adaptation whose inner truth is known."""

from trialtensor_models.two_state import TwoStateModel, TwoStateTrace

__all__ = ["TwoStateModel", "TwoStateTrace"]
