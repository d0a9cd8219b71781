"""The interface of a plant.

A plant turns the command of cortex (a velocity of the hand) into movement and gives back the error
as it is seen. Feed-forward forces that suit the unperturbed plant carry the command out exactly;
a force field pushes the hand off it, and the muscles' viscosity pulls it back.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from trialtensor.data.parameters import check_number
from trialtensor_models.plants.movement import Movement
from trialtensor_models.plants.perturbation import Perturbation


class Plant(Protocol):
    """A body that carries out velocity commands: the members that `simulate` needs."""

    @property
    def motor_noise(self) -> float:
        """Standard deviation of the direction of a command, in degrees."""
        ...

    def move(
        self, command: np.ndarray, desired: np.ndarray, perturbation: Perturbation, dt: float
    ) -> Movement:
        """Carry out commands.

        Parameters
        ----------
        command, desired : (n, T, 2) arrays
            Velocities that cortex asks for, and those that the task wants, in m/s.
        perturbation : Perturbation
        dt : float
            Step in seconds.

        Returns
        -------
        Movement
        """
        ...


def check_positive(plant: object, *names: str) -> None:
    """Refuse a plant whose parameters aren't positive, or whose noise is negative."""
    for name in names:
        value = getattr(plant, name)
        for each in value if isinstance(value, tuple | list) else [value]:
            check_number(name, each, above=0)
    check_number("motor_noise", getattr(plant, "motor_noise", None), least=0)
