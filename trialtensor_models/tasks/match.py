"""Matching a test to a sample after a delay."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from trialtensor_models.tasks.choices import LEFT, RIGHT, Response
from trialtensor_models.tasks.task import Draw, conditions_of, steps_of


@dataclass(frozen=True, kw_only=True)
class DelayedMatch(Response):
    """A sample, a delay, a test: to the left if they match, to the right if not.

    Cortex is pretrained to remember the sample and to report it (A left, B right), whatever the
    test is; the rule of matching has to be learned. It is an exclusive or: neither stimulus alone
    tells the answer.

    Parameters
    ----------
    sample, delay, test : float
        Seconds; the go signal comes after the test, which stays on.
    **response
        See `Response`.

    Examples
    --------
    >>> DelayedMatch().labels
    array(['AA', 'AB', 'BA', 'BB'], dtype='<U2')
    """

    sample: float = 0.2
    delay: float = 0.3
    test: float = 0.2

    name: ClassVar[str] = "match"

    def _positive(self) -> tuple[str, ...]:
        return (*super()._positive(), "sample", "delay", "test")

    @property
    def labels(self) -> np.ndarray:
        """Sample and test."""
        return np.array(["AA", "AB", "BA", "BB"])

    @property
    def n_inputs(self) -> int:
        """One a stimulus, and one to hold."""
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
        parts = ("sample", "delay", "test")
        return sum(steps_of(getattr(self, name), dt, name) for name in parts)

    def draw(self, conditions: np.ndarray, dt: float, rng: np.random.Generator) -> Draw:
        """Draw trials; nothing about them is random.

        Parameters
        ----------
        conditions : (n,) int array
            Pairs of sample and test.
        dt : float
            Step in seconds.
        rng : numpy.random.Generator

        Returns
        -------
        Draw
        """
        conditions = conditions_of(conditions, 4)
        go, ends = self.go(dt), round(self.sample / dt)
        starts = ends + round(self.delay / dt)
        first, second = np.divmod(np.asarray(conditions), 2)
        each = np.arange(len(first))
        inputs = np.zeros((len(first), go + self.n_steps(dt), self.n_inputs))
        inputs[each, :ends, first] = 1
        inputs[each, starts:, second] = 1
        inputs[:, :go, 2] = 1
        side = np.where(first == second, LEFT, RIGHT)
        return self._respond(inputs, go, dt, side, np.where(first == 0, LEFT, RIGHT).astype(float))

    def reference(self) -> DelayedMatch:
        """The same trials, in which the sample is reported."""
        return replace(self, report=True)
