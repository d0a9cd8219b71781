"""Transitions of trial series: when, how fast and how far, in noise that may be slow."""

from trialtensor.tracking.transitions.finding import transitions
from trialtensor.tracking.transitions.result import Draws, Transitions

__all__ = ["Draws", "Transitions", "transitions"]
