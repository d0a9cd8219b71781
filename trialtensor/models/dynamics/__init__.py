"""Dynamics that change over trials."""

from trialtensor.models.dynamics.estimator import TrialVaryingDynamics

__all__ = ["TrialVaryingDynamics"]
