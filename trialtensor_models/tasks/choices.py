"""Tasks with two answers share a push straight ahead that ends to the left or to the right.

An answer is the side of the midline on which the hand ends up, so that a choice is a direction,
graded and in degrees, like everything else that the network learns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeGuard

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor.data.parameters import check_flag, check_number
from trialtensor_models.tasks.center_out import minimum_jerk
from trialtensor_models.tasks.task import Draw, Task

# As adaptation is counted: clockwise from straight ahead is positive.
LEFT, RIGHT = -1, 1


class ChoiceTask(Task, Protocol):
    """A task with a right answer on every trial."""

    turn: float
    exploration: float
    reward_probability: float


def has_choices(task: Task) -> TypeGuard[ChoiceTask]:
    """Tell whether trials of the task have a right answer.

    Parameters
    ----------
    task : task

    Returns
    -------
    bool
    """
    return isinstance(task, Response)


@dataclass(frozen=True, kw_only=True)
class Response:
    """The movement that answers.

    Parameters
    ----------
    turn : float
        Direction of an answer from straight ahead, in degrees.
    exploration : float
        Standard deviation of the hand's direction in degrees, unless a plant is given.
    reward_probability : float
        Of a reward after the right answer; after the wrong one it is what is left to 1.
    distance : float
        Of the movement, in m.
    duration, stay : float
        Seconds of the movement, and after it.
    report : bool
        True where `draw` asks for the movement that cortex is pretrained on.
    """

    turn: float = 30.0
    exploration: float = 10.0
    reward_probability: float = 1.0
    distance: float = 0.1
    duration: float = 0.5
    stay: float = 0.2
    report: bool = False

    def __post_init__(self) -> None:
        for name in self._positive():
            check_number(name, getattr(self, name), above=0)
        check_number("turn", self.turn, above=0, most=90)
        check_number("exploration", self.exploration, least=0)
        check_number("reward_probability", self.reward_probability, least=0.5, most=1)
        check_flag("report", self.report)

    def _positive(self) -> tuple[str, ...]:
        return ("distance", "duration", "stay")

    def n_steps(self, dt: float) -> int:
        """Count the steps of the movement and after it.

        Parameters
        ----------
        dt : float
            Step in seconds.

        Returns
        -------
        int
        """
        return round(self.duration / dt) + round(self.stay / dt)

    def _respond(
        self, inputs: np.ndarray, go: int, dt: float, side: np.ndarray, bearing: np.ndarray
    ) -> Draw:
        """Trials with (n,) right answers; `bearing` (-1 to 1) is what cortex is pretrained on."""
        moving = round(self.duration / dt)
        angle = np.deg2rad(self.turn * bearing * self.report)
        ahead = np.stack([np.sin(angle), np.cos(angle)], -1)
        desired = np.zeros((*inputs.shape[:2], 2))
        speed = self.distance / self.duration * minimum_jerk(moving)
        desired[:, go : go + moving] = speed[:, None] * ahead[:, None]
        return Draw(inputs, desired, side)


def toward(desired: np.ndarray, degrees: Any) -> np.ndarray:
    """Turn velocities clockwise.

    Parameters
    ----------
    desired : (n, T, 2) array
    degrees : (n,) array

    Returns
    -------
    (n, T, 2) array
    """
    angle = np.deg2rad(as_floats(degrees, "degrees"))[:, None]
    cos, sin = np.cos(angle), np.sin(angle)
    desired = as_floats(desired, "desired")
    x, y = desired[..., 0], desired[..., 1]
    return np.stack([cos * x + sin * y, cos * y - sin * x], -1)
