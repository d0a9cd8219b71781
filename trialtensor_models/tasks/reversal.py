"""Cues that are answered to the left, to the right or elsewhere, until that is reversed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from trialtensor.data.parameters import check_whole
from trialtensor_models.tasks.choices import Response, labels_of
from trialtensor_models.tasks.task import Draw, conditions_of, degrees_of, steps_of


@dataclass(frozen=True, kw_only=True)
class ReversalLearning(Response):
    """One of some cues is shown; of two, one is rewarded on the left, the other on the right.

    ``Schedule().reverse(n)`` exchanges the sides; with more answers, each cue's becomes the next.
    Cortex is pretrained to push straight ahead, so that it favours no side: all that it knows about
    rewards is learned in the simulation.

    Parameters
    ----------
    cue : float
        Seconds before the go signal; the cue stays on.
    n_cues : int
        Cue k is answered by answer k, and from the first answer again if there are fewer.
    turns : tuple of float, optional
        Directions of the answers in degrees clockwise from straight ahead, at least two; left and
        right by `turn` unless given. The network of the package has two cues and any answers.
    **response
        See `Response`; here a right answer is rewarded with probability .85.

    Examples
    --------
    >>> ReversalLearning().labels
    array([0, 1])
    >>> ReversalLearning(turns=(-40, 0, 40), n_cues=3).answers
    (-40.0, 0.0, 40.0)
    """

    reward_probability: float = 0.85
    cue: float = 0.2
    n_cues: int = 2
    turns: tuple[float, ...] | None = None

    name: ClassVar[str] = "reversal"

    def __post_init__(self) -> None:
        if self.turns is not None:
            object.__setattr__(self, "turns", _rising(self.turns))
        super().__post_init__()
        check_whole("n_cues", self.n_cues, 2)

    @property
    def answers(self) -> tuple[float, ...]:
        """Directions in degrees clockwise from straight ahead."""
        return super().answers if self.turns is None else self.turns

    def _positive(self) -> tuple[str, ...]:
        return (*super()._positive(), "cue")

    @property
    def labels(self) -> np.ndarray:
        """The cues."""
        return np.arange(self.n_cues)

    @property
    def n_inputs(self) -> int:
        """One a cue, and one to hold."""
        return self.n_cues + 1

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
        return steps_of(self.cue, dt, "cue")

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
        conditions = conditions_of(conditions, self.n_cues)
        go = self.go(dt)
        inputs = np.zeros((len(conditions), go + self.n_steps(dt), self.n_inputs))
        inputs[np.arange(len(conditions)), :, conditions] = 1
        inputs[:, :go, -1] = 1
        side = np.resize(np.array(labels_of(self)), self.n_cues)[conditions]
        return self._respond(inputs, go, dt, side, np.zeros(len(conditions)))

    def reference(self) -> ReversalLearning:
        """The same trials: cortex is asked to go straight ahead in all of them."""
        return self


def _rising(turns: Any) -> tuple[float, ...]:
    found = degrees_of(turns, "turns")
    if len(found) < 2 or any(low >= high for low, high in pairwise(found)):
        raise ValueError(f"turns: expected at least two rising directions, got {turns!r}")
    return found
