"""A circuit that has learned to push straight ahead, and favours no answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from trialtensor.data.parameters import SEEDS, check_instance, check_whole
from trialtensor_models.circuit.anatomy import Anatomy
from trialtensor_models.circuit.circuit import Circuit
from trialtensor_models.circuit.training import train_jointly
from trialtensor_models.circuit.trials import Setting
from trialtensor_models.tasks import ChoiceTask, Draw, Task, check_is_task, has_choices


@dataclass(frozen=True)
class StraightAhead:
    """The trials of a task with choices, answered straight ahead, whatever is right.

    Parameters
    ----------
    task : task with choices
    """

    task: Task
    name: ClassVar[str] = "straight ahead"

    @property
    def labels(self) -> np.ndarray:
        """Those of the task."""
        return self.task.labels

    @property
    def n_inputs(self) -> int:
        """Those of the task."""
        return self.task.n_inputs

    def go(self, dt: float) -> int:
        """Find the step of the go signal.

        Parameters
        ----------
        dt : float

        Returns
        -------
        int
        """
        return self.task.go(dt)

    def draw(self, conditions: np.ndarray, dt: float, rng: np.random.Generator) -> Draw:
        """Draw trials of the task.

        Parameters
        ----------
        conditions : (n,) int array
        dt : float
        rng : numpy.random.Generator

        Returns
        -------
        Draw
        """
        draw = self.task.draw(conditions, dt, rng)
        ahead = np.zeros_like(draw.desired)
        ahead[..., 1] = np.linalg.norm(draw.desired, axis=-1)
        return replace(draw, desired=ahead)

    def reference(self) -> StraightAhead:
        """The same trials."""
        return self


def push_ahead(
    task: ChoiceTask, *, anatomy: Anatomy | None = None, n_iterations: int = 150, seed: int = 0
) -> Circuit:
    """Train a circuit to push straight ahead, whatever the cue, by local rules.

    What it is to learn from rewards starts from here: it answers at the right time, and at random.

    Parameters
    ----------
    task : task with choices
    anatomy : Anatomy, optional
        With modules of motor error and of reward, as unless given.
    n_iterations : int
        Batches of eight trials.
    seed : int

    Returns
    -------
    Circuit
        Its setting has the task, without pushes of the hand.

    Raises
    ------
    ValueError
        If the task has no choices, or the anatomy lacks a module.

    Examples
    --------
    >>> from trialtensor_models import ReversalLearning
    >>> push_ahead(ReversalLearning(), n_iterations=2).anatomy.signals
    ('motor', 'reward')
    """
    check_is_task(task)
    if not has_choices(task):
        raise ValueError(f"task: expected one with choices, got {task!r}")
    anatomy = Anatomy(signals=("motor", "reward")) if anatomy is None else anatomy
    check_rewarded(anatomy)
    check_whole("n_iterations", n_iterations, 1)
    check_whole("seed", seed, 0, SEEDS)
    training = train_jointly(
        StraightAhead(task),
        anatomy=anatomy,
        rules="local",
        checkpoints=[n_iterations],
        n_iterations=n_iterations,
        batch_size=8,
        pushes=0.0,
        seed=seed,
    )
    found = training.circuit()
    return Circuit(
        anatomy=anatomy,
        setting=Setting(task=task, pushes=0.0),
        weights=found.weights,
        setpoints=found.setpoints,
    )


def check_rewarded(anatomy: Anatomy) -> Anatomy:
    """Refuse an anatomy in which rewards can't teach choices.

    Parameters
    ----------
    anatomy : Anatomy

    Returns
    -------
    Anatomy
    """
    check_instance("anatomy", anatomy, Anatomy, "an Anatomy")
    missing = {"motor", "reward"} - set(anatomy.signals)
    if missing or not anatomy.cerebellum:
        raise ValueError(
            "anatomy: rewards teach a cerebellum with signals=('motor', 'reward'), got "
            f"{anatomy.signals!r}, cerebellum={anatomy.cerebellum}"
        )
    return anatomy
