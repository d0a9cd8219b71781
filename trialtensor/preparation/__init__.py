"""Transformers of trial tensors, for use alone or in a pipeline of scikit-learn."""

from trialtensor.preparation.base import TrialTransformer
from trialtensor.preparation.baseline import SubtractBaseline
from trialtensor.preparation.choosing import SelectNeurons
from trialtensor.preparation.conditions import SubtractConditionMean
from trialtensor.preparation.scaling import SoftNormalize, SquareRoot, ZScore
from trialtensor.preparation.smoothing import Smooth

__all__ = [
    "SelectNeurons",
    "Smooth",
    "SoftNormalize",
    "SquareRoot",
    "SubtractBaseline",
    "SubtractConditionMean",
    "TrialTransformer",
    "ZScore",
]
