"""Feedback on choices and reaches: reward, its expectation, the error of climbing fibres."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor.data.parameters import check_number, check_whole
from trialtensor_models.tasks import ChoiceTask, Draw, chosen, labels_of, told

_CRITIC_RATE = 0.1


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one trial.

    Attributes
    ----------
    choice, side : int
        The chosen answer and the right one: -1 is left and 1 right, or places among the task's
        answers if there are more than two.
    reward, expected : float
        Of this trial, and the critic's expectation for its condition.
    """

    choice: int
    side: int
    reward: float
    expected: float

    @property
    def correct(self) -> bool:
        """True if the right answer was chosen."""
        return self.choice == self.side


@dataclass(frozen=True, slots=True)
class ReachOutcome:
    """The outcome of a reach, where rewards teach.

    Attributes
    ----------
    reward, expected : float
        1 if the cursor ended on the target and 0 if not, and the critic's expectation for it.
    """

    reward: float
    expected: float


@dataclass(slots=True)
class Critic:
    """Expects of each condition the running mean of its rewards (Rescorla & Wagner 1972)."""

    n_conditions: int
    rate: float = _CRITIC_RATE
    chance: float = 0.5
    values: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        check_whole("n_conditions", self.n_conditions, 1)
        check_number("rate", self.rate, least=0)
        check_number("chance", self.chance, least=0, most=1)
        # One of so many answers is right: that much is known from the start.
        self.values = np.full(self.n_conditions, self.chance)

    def learn(self, condition: int, reward: float) -> None:
        """Move the expectation towards a reward.

        Parameters
        ----------
        condition : int
        reward : float
        """
        self.values[condition] += self.rate * (reward - self.values[condition])


def answer(
    task: ChoiceTask, side: int, angle: float, expected: float, rng: np.random.Generator
) -> Outcome:
    """Read the choice off the direction of the hand, and draw its reward.

    Parameters
    ----------
    task : task with choices
    side : int
        The right answer, one of ``labels_of(task)``.
    angle : float
        Direction of the hand from straight ahead, in degrees counter-clockwise.
    expected : float
        The critic's expectation.
    rng : numpy.random.Generator
        Draws the reward.

    Returns
    -------
    Outcome
    """
    if side not in labels_of(task):
        raise ValueError(f"side: expected one of {labels_of(task)}, got {side!r}")
    choice, probability = chosen(task, angle), task.reward_probability
    if choice != side:
        probability = (1 - probability) / (len(task.answers) - 1)
    return Outcome(choice, side, float(rng.random() < probability), expected)


def reward_error(task: ChoiceTask, draw: Draw, outcome: Outcome) -> np.ndarray:
    """Make the error of climbing fibres that carry a reward prediction error.

    It asks for more of the chosen turn after more reward than expected, and for less after less:
    nothing is known of the other choices. An answer straight ahead has no turn: its rewards teach
    nothing.

    Parameters
    ----------
    task : task with choices
    draw : Draw
        Of the trial.
    outcome : Outcome

    Returns
    -------
    (T, 2) array
    """
    surprise = outcome.reward - outcome.expected
    return surprise * _turn(task, draw, outcome.choice)


def explored_error(outcome: ReachOutcome, command: np.ndarray, made: np.ndarray) -> np.ndarray:
    """Make the error of climbing fibres that carry a reward prediction error after a reach.

    It asks for more of what was explored after more reward than expected, and for less of it after
    less (Williams 1992). What was explored is how far the noise of the plant took the movement
    aside from its command; by how much the target was missed, and on which side, isn't in it.

    Parameters
    ----------
    outcome : ReachOutcome
    command, made : (T, 2) arrays
        Velocities that cortex asks for, and those with the noise of the plant, in m/s.

    Returns
    -------
    (T, 2) array
    """
    command, made = as_floats(command, "command"), as_floats(made, "made")
    if command.ndim != 2 or command.shape[1] != 2 or made.shape != command.shape:
        raise ValueError(
            "command, made: expected (T, 2) velocities of the same steps, got shapes "
            f"{command.shape} and {made.shape}"
        )
    # Turned by chance to either side, a movement is always less far along its command. Were that
    # explored too, rare hits would shorten reaches and misses lengthen them, a bit on each trial.
    size = (command**2).sum(1, keepdims=True)
    along = np.divide((made * command).sum(1, keepdims=True), size, out=0 * size, where=size > 0)
    return (outcome.reward - outcome.expected) * (made - along * command)


def told_error(task: ChoiceTask, draw: Draw, outcome: Outcome, missed: np.ndarray) -> np.ndarray:
    """Make the error of climbing fibres where the right answer is told.

    Parameters
    ----------
    task : task with choices
    draw : Draw
        Of the trial.
    outcome : Outcome
    missed : (T, 2) array
        Velocity straight ahead less that of the hand.

    Returns
    -------
    (T, 2) array
        Velocity to the right answer less that of the hand.
    """
    missed, turn = as_floats(missed, "missed"), _turn(task, draw, outcome.side)
    if missed.shape != turn.shape:
        raise ValueError(f"missed: expected shape {turn.shape}, got {missed.shape}")
    return turn + missed


def _turn(task: ChoiceTask, draw: Draw, side: int) -> np.ndarray:
    """From the push that is asked for to one at an answer, as if that were the right one."""
    return (told(task, replace(draw, side=np.array([side]))) - draw.desired)[0]
