"""Coupled TCA."""

from trialtensor.models.coupled.estimator import CoupledTCA

__all__ = ["CoupledTCA"]
