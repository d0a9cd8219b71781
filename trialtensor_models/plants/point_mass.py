"""A point mass that follows a velocity command."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import expm

from trialtensor.data.arrays import as_floats
from trialtensor.data.parameters import check_number
from trialtensor_models.plants.movement import Movement, check_perturbation, check_velocities, seen
from trialtensor_models.plants.perturbation import Perturbation
from trialtensor_models.plants.plant import check_positive


@dataclass(frozen=True, kw_only=True)
class PointMass:
    """A mass that is pulled towards the commanded velocity.

    ``mass · dẋ/dt = mass · dv/dt + viscosity · (v − ẋ) + F``, with the force field ``F``.

    Parameters
    ----------
    mass : float
        In kg.
    viscosity : float
        In N s/m. A curl field of strength b turns the hand by ``atan(b / viscosity)`` in the end.
    motor_noise : float
        Standard deviation of the direction of the command from trial to trial, in degrees.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor_models.plants import Perturbation
    >>> command = np.zeros((1, 50, 2))
    >>> command[..., 0] = 0.2
    >>> PointMass().move(command, command, Perturbation(), 0.01).hand[0, -1].round(3)
    array([0.1, 0. ])
    """

    mass: float = 1.0
    viscosity: float = 25.0
    motor_noise: float = 1.0

    def __post_init__(self) -> None:
        check_positive(self, "mass", "viscosity")

    def move(
        self, command: np.ndarray, desired: np.ndarray, perturbation: Perturbation, dt: float
    ) -> Movement:
        """Carry out commands; see `Plant.move`."""
        velocity = command = as_floats(command, "command")
        check_velocities(command, "command")
        check_perturbation(perturbation)
        check_number("dt", dt, above=0)
        if perturbation.curl and not perturbation.clamp:
            velocity = self._pushed(command, perturbation.curl, dt)
        return seen(velocity, desired, perturbation, dt)

    def _pushed(self, command: np.ndarray, strength: float, dt: float) -> np.ndarray:
        # Off the command by d = ẋ − v: dd/dt = A d + B v / m, solved exactly for constant v.
        field = strength * np.array([[0.0, 1.0], [-1.0, 0.0]]) / self.mass
        A = field - np.eye(2) * self.viscosity / self.mass
        step = expm(A * dt)
        push = np.linalg.solve(A, step - np.eye(2)) @ field
        off = np.zeros(command.shape)
        for t in range(1, command.shape[1]):
            off[:, t] = off[:, t - 1] @ step.T + command[:, t] @ push.T
        return command + off
