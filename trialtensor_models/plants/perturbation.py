"""Perturbations of the hand and the cursor."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Perturbation:
    """A perturbation of one trial.

    Attributes
    ----------
    rotation : float
        Rotation of the cursor about the start, in degrees, counter-clockwise.
    curl : float
        Strength b of the force field ``F = b [[0, 1], [-1, 0]] velocity``, in N s/m.
    clamp : bool
        Clamp the error to zero.
    reversed : bool
        Make the wrong answer of a task with choices the right one.
    """

    rotation: float = 0.0
    curl: float = 0.0
    clamp: bool = False
    reversed: bool = False
