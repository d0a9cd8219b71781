"""Tasks with choices share a push straight ahead that is turned towards an answer.

Every answer has a direction, and the one nearest to where the hand ends up is chosen: of a left
and a right one, the side of the midline. So a choice is graded and in degrees, like everything
else that the network learns.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol, TypeGuard

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor.data.parameters import check_flag, check_number
from trialtensor_models.tasks.center_out import minimum_jerk
from trialtensor_models.tasks.task import Draw, Task, steps_of

# As adaptation is counted: clockwise from straight ahead is positive.
LEFT, RIGHT = -1, 1


class ChoiceTask(Task, Protocol):
    """A task with a right answer on every trial."""

    @property
    def exploration(self) -> float:
        """Standard deviation of the hand's direction in degrees, unless a plant is given."""
        ...

    @property
    def reward_probability(self) -> float:
        """Of a reward after the right answer."""
        ...

    @property
    def answers(self) -> tuple[float, ...]:
        """Directions in degrees clockwise from straight ahead, rising."""
        ...


def has_choices(task: Task) -> TypeGuard[ChoiceTask]:
    """Tell whether trials of the task have a right answer.

    Parameters
    ----------
    task : task

    Returns
    -------
    bool
    """
    return len(getattr(task, "answers", ())) > 1


def labels_of(task: ChoiceTask) -> tuple[int, ...]:
    """List the labels of the answers, in the order of ``task.answers``.

    Parameters
    ----------
    task : task with choices

    Returns
    -------
    tuple of int
        -1 (left) and 1 (right) if there are two, else 0, 1, 2, ...
    """
    n_answers = len(task.answers)
    return (LEFT, RIGHT) if n_answers == 2 else tuple(range(n_answers))


def chosen(task: ChoiceTask, angle: float) -> int:
    """Find the answer that is nearest to a direction.

    Parameters
    ----------
    task : task with choices
    angle : float
        Of the hand from straight ahead, in degrees counter-clockwise.

    Returns
    -------
    int
        One of `labels_of`.

    Raises
    ------
    ValueError
        If the direction isn't finite.
    """
    check_number("angle", angle)
    answers = task.answers
    between = [(low + high) / 2 for low, high in pairwise(answers)]
    # Directions from the middle behind the first answer to that behind the last.
    first = (answers[-1] + answers[0]) / 2 - 180
    turned = -angle if first <= -angle < first + 360 else (-angle - first) % 360 + first
    return labels_of(task)[bisect_right(between, turned)]


def direction_of(task: ChoiceTask, label: int) -> float:
    """Find the direction of an answer.

    Parameters
    ----------
    task : task with choices
    label : int
        One of `labels_of`.

    Returns
    -------
    float, in degrees clockwise from straight ahead

    Raises
    ------
    ValueError
        If the task has no such answer.
    """
    labels = labels_of(task)
    if label not in labels:
        raise ValueError(f"label: expected one of {labels}, got {label!r}")
    return task.answers[labels.index(label)]


def next_answer(task: ChoiceTask, side: np.ndarray) -> np.ndarray:
    """Find the answers that become right when the task is reversed: of two, the others.

    Parameters
    ----------
    task : task with choices
    side : (n,) array
        Right answers.

    Returns
    -------
    (n,) array
        The next ones in the order of ``task.answers``; the first after the last.

    Raises
    ------
    ValueError
        If the task has no such answer.
    """
    labels, side = np.array(labels_of(task)), np.asarray(side)
    if not np.isin(side, labels).all():
        raise ValueError(f"side: expected answers among {labels.tolist()}, got {side.tolist()}")
    return np.roll(labels, -1)[np.searchsorted(labels, side)]


def told(task: Task, draw: Draw) -> np.ndarray:
    """Make the commands that would be right: in tasks with choices, pushes to the right answers.

    Parameters
    ----------
    task : task
    draw : Draw
        Trials of it.

    Returns
    -------
    (n, T, 2) array
        Velocities in m/s; those of ``draw.desired`` unless there are choices.

    Raises
    ------
    ValueError
        If the task has choices, and the trials have no right answers or other ones.

    Examples
    --------
    >>> from trialtensor_models import DelayedMatch
    >>> task = DelayedMatch()
    >>> draw = task.draw(np.array([0, 1]), 0.01, np.random.default_rng(0))
    >>> (told(task, draw).sum(1) * 0.01).round(3)
    array([[-0.05 ,  0.087],
           [ 0.05 ,  0.087]])
    """
    if not isinstance(draw, Draw):
        raise ValueError(f"draw: expected a Draw, got {type(draw).__name__}")
    if not has_choices(task):
        return draw.desired
    if draw.side is None:
        raise ValueError(f"draw: expected the right answers of {task.name}, got side=None")
    ahead = draw.desired
    if getattr(task, "report", False):  # turned to what cortex is pretrained on
        speed = np.linalg.norm(ahead, axis=-1)
        ahead = np.stack([np.zeros_like(speed), speed], -1)
    return toward(ahead, [direction_of(task, side) for side in draw.side.tolist()])


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
        Of a reward after the right answer; what is left to 1 is shared by the wrong ones.
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
        least = 1 / len(self.answers)
        check_number("reward_probability", self.reward_probability, least=least, most=1)
        check_flag("report", self.report)

    def _positive(self) -> tuple[str, ...]:
        return ("distance", "duration", "stay")

    @property
    def answers(self) -> tuple[float, ...]:
        """Directions in degrees clockwise from straight ahead: left and right."""
        return (-self.turn, self.turn)

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
        return steps_of(self.duration, dt, "duration") + steps_of(self.stay, dt, "stay")

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
    desired, degrees = as_floats(desired, "desired"), as_floats(degrees, "degrees")
    if desired.ndim != 3 or desired.shape[2] != 2:
        raise ValueError(f"desired: expected (n, T, 2) velocities, got shape {desired.shape}")
    if degrees.shape not in ((1,), desired.shape[:1]):
        raise ValueError(f"degrees: expected {desired.shape[:1]}, got shape {degrees.shape}")
    angle = np.deg2rad(degrees)[:, None]
    cos, sin = np.cos(angle), np.sin(angle)
    x, y = desired[..., 0], desired[..., 1]
    return np.stack([cos * x + sin * y, cos * y - sin * x], -1)
