"""A plant of our lab: a joystick without mass, which a force field turns at once."""

from dataclasses import dataclass

import numpy as np

from trialtensor_models.plants import seen


@dataclass(frozen=True)
class Joystick:
    """A curl field of strength b turns the velocity clockwise by ``atan(b / viscosity)``."""

    viscosity: float = 25.0
    motor_noise: float = 0.5

    def move(self, command, desired, perturbation, dt):
        """Carry out commands; `seen` makes cursor and error of the hand's velocity."""
        strength = 0.0 if perturbation.clamp else perturbation.curl
        turn = np.arctan(strength / self.viscosity)
        clockwise = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        return seen(command @ clockwise, desired, perturbation, dt)
