"""Estimators and fitted models."""

from trialtensor.models.base import TrialEstimator
from trialtensor.models.coupled import CoupledTCA
from trialtensor.models.dynamics import TrialVaryingDynamics
from trialtensor.models.fitted import Component, FitRecord, Fitted, Named, Part, Restart
from trialtensor.models.loading import load
from trialtensor.models.memory import MemoryWarning
from trialtensor.models.parafac2 import Parafac2
from trialtensor.models.registry import kind_named, kinds, register
from trialtensor.models.slicetca import SliceTCA
from trialtensor.models.tca import TCA
from trialtensor.models.warnings import (
    DegeneracyWarning,
    InterruptedFitWarning,
    MissingSliceWarning,
    UndeterminedWarning,
)

for _kind in (TCA, SliceTCA, Parafac2, CoupledTCA, TrialVaryingDynamics):
    register(_kind)

__all__ = [
    "TCA",
    "Component",
    "CoupledTCA",
    "DegeneracyWarning",
    "FitRecord",
    "Fitted",
    "InterruptedFitWarning",
    "MemoryWarning",
    "MissingSliceWarning",
    "Named",
    "Parafac2",
    "Part",
    "Restart",
    "SliceTCA",
    "TrialEstimator",
    "TrialVaryingDynamics",
    "UndeterminedWarning",
    "kind_named",
    "kinds",
    "load",
    "register",
]
