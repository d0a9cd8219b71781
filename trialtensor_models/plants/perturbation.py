"""Perturbations of the hand and the cursor."""

from __future__ import annotations

from dataclasses import dataclass

from trialtensor.data.parameters import check_flag, check_number


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

    def __post_init__(self) -> None:
        check_number("rotation", self.rotation), check_number("curl", self.curl)
        check_flag("clamp", self.clamp), check_flag("reversed", self.reversed)
