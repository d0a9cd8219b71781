"""What comes of a choice: reward, what was expected, and the error that climbing fibres carry."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from trialtensor_models.tasks import LEFT, RIGHT, ChoiceTask, Draw, toward

_CRITIC_RATE = 0.1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one trial.

    Attributes
    ----------
    choice, side : int
        What was chosen and what is right: -1 is left, 1 is right.
    reward, expected : float
        Of this trial, and what the critic expected of its condition.
    """

    choice: int
    side: int
    reward: float
    expected: float

    @property
    def correct(self) -> bool:
        """Whether the right side was chosen."""
        return self.choice == self.side


@dataclass(slots=True)
class Critic:
    """Expects of each condition the running mean of its rewards (Rescorla & Wagner 1972)."""

    n_conditions: int
    rate: float = _CRITIC_RATE
    values: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        # One of two answers is right: that much is known from the start.
        self.values = np.full(self.n_conditions, 0.5)

    def learn(self, condition: int, reward: float) -> None:
        """Move the expectation towards a reward."""
        self.values[condition] += self.rate * (reward - self.values[condition])


def answer(
    task: ChoiceTask, side: int, angle: float, expected: float, rng: np.random.Generator
) -> Outcome:
    """The choice that a direction of the hand (degrees counter-clockwise) is, and its reward."""
    choice = LEFT if angle > 0 else RIGHT
    probability = task.reward_probability if choice == side else 1 - task.reward_probability
    return Outcome(choice, side, float(rng.random() < probability), expected)


def reward_error(task: ChoiceTask, draw: Draw, outcome: Outcome) -> np.ndarray:
    """(T, 2) error if climbing fibres carry a reward prediction error.

    More of the turn that was chosen if there was more reward than expected, less if there was
    less: what was not chosen is not known.
    """
    surprise = outcome.reward - outcome.expected
    return surprise * _turn(task, draw, outcome.choice)


def told_error(task: ChoiceTask, draw: Draw, outcome: Outcome, missed: np.ndarray) -> np.ndarray:
    """(T, 2) error if the right answer is told: velocity to it, less that of the hand.

    `missed` is straight ahead less the velocity of the hand.
    """
    return _turn(task, draw, outcome.side) + missed


def _turn(task: ChoiceTask, draw: Draw, side: int) -> np.ndarray:
    return (toward(draw.desired, [side * task.turn]) - draw.desired)[0]
