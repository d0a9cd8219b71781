"""Cues that are answered to the left or to the right, until that is reversed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from trialtensor.data.arrays import whole
from trialtensor_models.tasks.choices import LEFT, RIGHT, Response
from trialtensor_models.tasks.task import Draw


@dataclass(frozen=True, kw_only=True)
class ReversalLearning(Response):
    """One of two cues is shown; one is rewarded on the left, the other on the right.

    ``Schedule().reverse(n)`` exchanges the sides. Cortex is pretrained to push straight ahead,
    so that it favours no side: all that it knows about rewards is learned in the simulation.

    Parameters
    ----------
    cue : float
        Seconds before the go signal; the cue stays on.
    **response
        See `Response`; here a right answer is rewarded with probability .85.

    Examples
    --------
    >>> ReversalLearning().labels
    array([0, 1])
    """

    reward_probability: float = 0.85
    cue: float = 0.2

    name: ClassVar[str] = "reversal"

    def _positive(self) -> tuple[str, ...]:
        return (*super()._positive(), "cue")

    @property
    def labels(self) -> np.ndarray:
        """The cues."""
        return np.arange(2)

    @property
    def n_inputs(self) -> int:
        """One a cue, and one to hold."""
        return 3

    def go(self, dt: float) -> int:
        """Find the step of the go signal.

        Parameters
        ----------
        dt : float
            Step in seconds.

        Returns
        -------
        int
        """
        return round(self.cue / dt)

    def draw(self, conditions: np.ndarray, dt: float, rng: np.random.Generator) -> Draw:
        """Draw trials; nothing about them is random.

        Parameters
        ----------
        conditions : (n,) int array
            Cues.
        dt : float
            Step in seconds.
        rng : numpy.random.Generator

        Returns
        -------
        Draw
        """
        conditions = whole(conditions, "conditions")
        go = self.go(dt)
        inputs = np.zeros((len(conditions), go + self.n_steps(dt), self.n_inputs))
        inputs[np.arange(len(conditions)), :, conditions] = 1
        inputs[:, :go, 2] = 1
        side = np.where(np.asarray(conditions) == 0, LEFT, RIGHT)
        return self._respond(inputs, go, dt, side, np.zeros(len(conditions)))

    def reference(self) -> ReversalLearning:
        """The same trials: cortex is asked to go straight ahead in all of them."""
        return self
