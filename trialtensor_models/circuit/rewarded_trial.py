"""One trial whose answer is explored, and rewarded or not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from trialtensor_models.circuit.circuit import Circuit
from trialtensor_models.circuit.trials import Setting, Trials, angles_of
from trialtensor_models.tasks import (
    ChoiceTask,
    chosen,
    direction_of,
    labels_of,
    next_answer,
    toward,
)


@dataclass(eq=False, slots=True)
class Outcome:
    """Rewards an answer when it is known; `Trials.reward` is its `__call__`.

    Attributes
    ----------
    task : task with choices
    side : int
        The right answer.
    chance : float
        Drawn evenly from 0 to 1: the trial is rewarded if it is below the probability.
    angle : float
        Of the hand from straight ahead, in degrees counter-clockwise.
    choice : int
    reward : float
    """

    task: ChoiceTask
    side: int
    chance: float
    angle: float = field(default=np.nan, init=False)
    choice: int = field(default=0, init=False)
    reward: float = field(default=0.0, init=False)

    def __call__(self, hand: np.ndarray) -> np.ndarray:
        """Find the answer that is nearest to the hand, and reward it with its probability.

        Parameters
        ----------
        hand : (1, 2) array

        Returns
        -------
        (1,) array
        """
        self.angle = float(angles_of(hand)[0])
        self.choice = chosen(self.task, self.angle)
        probability = self.task.reward_probability
        if not self.correct:
            probability = (1 - probability) / (len(self.task.answers) - 1)
        self.reward = float(self.chance < probability)
        return np.array([self.reward])

    @property
    def correct(self) -> bool:
        """True if the right answer was chosen."""
        return self.choice == self.side


def draw_trial(
    circuit: Circuit,
    cue: int,
    n_reversals: int,
    exploration: float,
    outcome: float,
    rng: np.random.Generator,
) -> tuple[Trials, Outcome, float]:
    """Draw a trial.

    Parameters
    ----------
    circuit : Circuit
    cue : int
        The condition.
    n_reversals : int
        How often answers have moved on to the next.
    exploration : float
        Standard deviation, in degrees, of the noise that turns the hand aside.
    outcome : float
        Seconds that follow the response.
    rng : numpy.random.Generator

    Returns
    -------
    trials : Trials
        One.
    outcome : Outcome
        Known when the trial was run.
    turn : float
        Of the noise, in degrees clockwise.
    """
    task: ChoiceTask = circuit.setting.task  # type: ignore[assignment]  # checked at the start
    setting = Setting(task=task, pushes=0.0, outcome=outcome)
    drawn = setting.draw(np.array([cue]), circuit.anatomy, rng)
    assert drawn.side is not None  # tasks with choices have right answers
    side = drawn.side
    for _ in range(n_reversals % len(task.answers)):
        side = next_answer(task, side)
    moved = direction_of(task, int(side[0])) - direction_of(task, int(drawn.side[0]))
    turn = float(np.clip(exploration * rng.standard_normal(), -80, 80))
    push = np.zeros_like(drawn.push)
    push[..., 0] = np.linalg.norm(drawn.wanted, axis=-1) * np.tan(np.deg2rad(turn))
    found = Outcome(task, int(side[0]), rng.random())
    wanted = toward(drawn.wanted, np.array([moved]))
    trials = replace(drawn, side=side, wanted=wanted, push=push, reward=found)
    return trials, found, turn


def action_of(trials: Trials, outcome: Outcome) -> np.ndarray:
    """Find what an error of reward is credited to: the answer, from when it can be given.

    Parameters
    ----------
    trials : Trials
        One.
    outcome : Outcome
        After the trial.

    Returns
    -------
    (T, 1, 2) array
        A vector to the side, of length 1 for the answer that is farthest aside.
    """
    task = outcome.task
    aside = [np.sin(np.deg2rad(direction_of(task, label))) for label in labels_of(task)]
    action = np.zeros((trials.inputs.shape[1], 1, 2))
    chosen_aside = np.sin(np.deg2rad(direction_of(task, outcome.choice)))
    action[trials.go :, 0, 0] = chosen_aside / np.abs(aside).max()
    return action
