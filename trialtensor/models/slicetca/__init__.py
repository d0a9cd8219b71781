"""Slice tensor component analysis."""

from trialtensor.models.slicetca.estimator import SliceTCA

__all__ = ["SliceTCA"]
