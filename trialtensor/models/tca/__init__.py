"""Tensor component analysis."""

from trialtensor.models.tca.estimator import TCA

__all__ = ["TCA"]
