"""The interface of a task, and the trials that it draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from trialtensor.data.shown import OneLine


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Draw(OneLine):
    """Trials of a task.

    Attributes
    ----------
    inputs : (n, T, n_inputs) array
        Inputs to cortex at each step.
    desired : (n, T, 2) array
        The command that would be right without a perturbation.
    side : (n,) array, optional
        The right answer, -1 for left and 1 for right, in a task of choices; `desired` is then
        straight ahead.
    """

    inputs: np.ndarray
    desired: np.ndarray
    side: np.ndarray | None = None


class Task(Protocol):
    """A set of conditions, and trials of them; a frozen dataclass.

    A task may also have ``practice()``, the task that pretraining draws from; it is `reference`
    unless given.
    """

    def __hash__(self) -> int:
        """Equal tasks give networks of the same weights the same wiring and gains."""
        ...

    @property
    def name(self) -> str:
        """Its name in checkpoints."""
        ...

    @property
    def labels(self) -> np.ndarray:
        """(n_conditions,) labels, such as directions in degrees."""
        ...

    @property
    def n_inputs(self) -> int:
        """Inputs to cortex."""
        ...

    def go(self, dt: float) -> int:
        """Find the step at which the response may begin.

        Parameters
        ----------
        dt : float
            Step in seconds.

        Returns
        -------
        int
        """
        ...

    def draw(self, conditions: np.ndarray, dt: float, rng: np.random.Generator) -> Draw:
        """Draw trials.

        Parameters
        ----------
        conditions : (n,) int array
            Places in `labels`.
        dt : float
            Step in seconds.
        rng : numpy.random.Generator

        Returns
        -------
        Draw
        """
        ...

    def reference(self) -> Task:
        """The task that thresholds and rates of a network are set on."""
        ...
