"""The estimators."""

from trialtensor.models.persistence import load
from trialtensor.models.restart import Restart
from trialtensor.models.slicetca import SliceTCA
from trialtensor.models.tca import TCA
from trialtensor.models.warnings import DegeneracyWarning

__all__ = ["TCA", "DegeneracyWarning", "Restart", "SliceTCA", "load"]
