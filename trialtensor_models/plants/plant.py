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


def check_is_plant(plant: object) -> None:
    """Refuse what isn't a plant.

    Parameters
    ----------
    plant : plant

    Raises
    ------
    ValueError
        Naming what is missing.
    """
    if isinstance(plant, type):
        raise ValueError(f"plant: expected a plant, got the class {plant.__name__}; write plant()")
    if not callable(getattr(plant, "move", None)):
        raise ValueError(
            f"plant: expected a plant such as PointMass(), got {type(plant).__name__} without move"
        )
    check_number("plant.motor_noise", getattr(plant, "motor_noise", None), least=0)


def check_positive(plant: object, *names: str) -> None:
    """Refuse a plant whose parameters aren't positive, or whose noise is negative."""
    for name in names:
        check_number(name, getattr(plant, name), above=0)
    check_number("motor_noise", getattr(plant, "motor_noise", None), least=0)


def check_pairs(plant: object, *names: str) -> None:
    """Refuse a plant whose pairs of numbers aren't two numbers."""
    for name in names:
        value = getattr(plant, name)
        if not isinstance(value, tuple | list) or len(value) != 2:
            raise ValueError(f"{name}: expected two numbers, got {value!r}")
        for each in value:
            check_number(name, each, above=None if name == "start" else 0)
