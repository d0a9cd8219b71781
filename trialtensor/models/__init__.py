"""The estimators."""

from trialtensor.models.coupled import CoupledTCA
from trialtensor.models.dynamics import TrialVaryingDynamics
from trialtensor.models.parafac2 import Parafac2
from trialtensor.models.persistence import load
from trialtensor.models.restart import Restart
from trialtensor.models.slicetca import SliceTCA
from trialtensor.models.tca import TCA
from trialtensor.models.warnings import DegeneracyWarning

__all__ = [
    "TCA",
    "CoupledTCA",
    "DegeneracyWarning",
    "Parafac2",
    "Restart",
    "SliceTCA",
    "TrialVaryingDynamics",
    "load",
]
