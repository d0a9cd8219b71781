"""Noisy evidence for left or right that must be accumulated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from trialtensor.data.parameters import check_number
from trialtensor_models.tasks.choices import LEFT, RIGHT, Response
from trialtensor_models.tasks.task import Draw, conditions_of, steps_of


@dataclass(frozen=True, kw_only=True)
class EvidenceAccumulation(Response):
    """Answer to the side that a noisy stream of evidence speaks for.

    Cortex is pretrained to accumulate and to answer to that side. ``Schedule().reverse(n)`` asks
    for the other side: the evidence is the same, what to do with it has to be learned.

    Parameters
    ----------
    strengths : tuple of float
        Means of the evidence at each step; every one is shown for either side.
    noise : float
        Standard deviation of the evidence at each step of 10 ms.
    stimulus : float
        Seconds of evidence before the go signal.
    **response
        See `Response`.

    Examples
    --------
    >>> EvidenceAccumulation(strengths=(0.1, 0.5)).labels
    array([-0.5, -0.1,  0.1,  0.5])
    """

    strengths: tuple[float, ...] = (0.1, 0.2, 0.4, 0.8)
    noise: float = 1.0
    stimulus: float = 0.6

    name: ClassVar[str] = "evidence"

    def __post_init__(self) -> None:
        super().__post_init__()
        # Files give lists.
        given: object = self.strengths
        strengths = tuple(given) if isinstance(given, Iterable) else ()
        object.__setattr__(self, "strengths", strengths)
        if not strengths:
            raise ValueError(f"strengths: expected numbers above 0, got {self.strengths!r}")
        for each in strengths:
            check_number("strengths", each, above=0)
        check_number("noise", self.noise, least=0)

    def _positive(self) -> tuple[str, ...]:
        return (*super()._positive(), "stimulus")

    @property
    def labels(self) -> np.ndarray:
        """Evidence at each step, positive for right."""
        strengths = np.sort(self.strengths)
        return np.concatenate([-strengths[::-1], strengths])

    @property
    def n_inputs(self) -> int:
        """One of evidence and one to hold."""
        return 2

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
        return steps_of(self.stimulus, dt, "stimulus")

    def draw(self, conditions: np.ndarray, dt: float, rng: np.random.Generator) -> Draw:
        """Draw trials, each with noise of its own.

        Parameters
        ----------
        conditions : (n,) int array
            Signed strengths.
        dt : float
            Step in seconds.
        rng : numpy.random.Generator

        Returns
        -------
        Draw
        """
        labels = self.labels
        go, mean = self.go(dt), labels[conditions_of(conditions, len(labels))]
        inputs = np.zeros((len(mean), go + self.n_steps(dt), self.n_inputs))
        # As much evidence a second, whatever the step.
        noise = self.noise * np.sqrt(0.01 / dt) * rng.standard_normal((len(mean), go))
        inputs[:, :go, 0] = mean[:, None] + noise
        inputs[:, :go, 1] = 1
        side = np.where(mean > 0, RIGHT, LEFT)
        return self._respond(inputs, go, dt, side, side.astype(float))

    def reference(self) -> EvidenceAccumulation:
        """The same trials, answered to the side of the evidence."""
        return replace(self, report=True)
