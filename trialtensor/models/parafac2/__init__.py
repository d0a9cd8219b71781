"""PARAFAC2."""

from trialtensor.models.parafac2.estimator import Parafac2

__all__ = ["Parafac2"]
