"""Reaches from a centre to targets around it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from trialtensor.data.parameters import check_number, check_whole
from trialtensor_models.tasks.task import Draw, conditions_of, steps_of


@dataclass(frozen=True, kw_only=True)
class CenterOut:
    """Reach to one of some targets on a circle, after a while in which the target is shown.

    Parameters
    ----------
    n_targets : int
        Targets, evenly spaced from the right counter-clockwise.
    first_angle : float
        Direction of the first target, in degrees.
    distance : float
        To the targets, in m; what the network is trained on is 0.1.
    hold, duration, stay : float
        Seconds before the go signal, of the reach (minimum jerk), and at the target.
    target_radius : float
        In m: where rewards teach, reaches that end within it are rewarded.

    Examples
    --------
    >>> task = CenterOut(n_targets=4)
    >>> task.labels
    array([  0.,  90., 180., 270.])
    """

    n_targets: int = 8
    first_angle: float = 0.0
    distance: float = 0.1
    hold: float = 0.2
    duration: float = 0.5
    stay: float = 0.2
    target_radius: float = 0.01

    name: ClassVar[str] = "center_out"

    def __post_init__(self) -> None:
        check_whole("n_targets", self.n_targets, 1)
        check_number("first_angle", self.first_angle)
        for name in ("distance", "hold", "duration", "stay", "target_radius"):
            check_number(name, getattr(self, name), above=0)

    @property
    def labels(self) -> np.ndarray:
        """Directions of the targets in degrees."""
        return (self.first_angle + 360 * np.arange(self.n_targets) / self.n_targets) % 360

    @property
    def n_inputs(self) -> int:
        """Two for the target's position (in units of 0.1 m) and one to hold."""
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
        return steps_of(self.hold, dt, "hold")

    def draw(self, conditions: np.ndarray, dt: float, rng: np.random.Generator) -> Draw:
        """Draw trials; nothing about them is random.

        Parameters
        ----------
        conditions : (n,) int array
            Targets.
        dt : float
            Step in seconds.
        rng : numpy.random.Generator

        Returns
        -------
        Draw
        """
        conditions = conditions_of(conditions, self.n_targets)
        go, moving, after = (
            steps_of(getattr(self, name), dt, name) for name in ("hold", "duration", "stay")
        )
        angles = np.deg2rad(self.labels[conditions])
        direction = np.stack([np.cos(angles), np.sin(angles)], -1)
        inputs = np.zeros((len(conditions), go + moving + after, self.n_inputs))
        inputs[:, :, :2] = direction[:, None] * self.distance / 0.1
        inputs[:, :go, 2] = 1
        desired = np.zeros((*inputs.shape[:2], 2))
        speed = self.distance / self.duration * minimum_jerk(moving)
        desired[:, go : go + moving] = speed[:, None] * direction[:, None]
        return Draw(inputs, desired)

    def reference(self) -> CenterOut:
        """Sixteen targets, whatever the number of this task."""
        return replace(self, n_targets=16, first_angle=0.0)

    def practice(self) -> CenterOut:
        """Targets all around: cortex that knows only some directions misses those between."""
        return replace(self, n_targets=360, first_angle=0.0)


def minimum_jerk(n_steps: int) -> np.ndarray:
    """Speed of a minimum-jerk movement, with mean 1 (Flash & Hogan 1985).

    Parameters
    ----------
    n_steps : int

    Returns
    -------
    (n_steps,) array
    """
    s = (np.arange(n_steps) + 0.5) / n_steps
    speed = s**2 * (1 - s) ** 2
    return speed / speed.mean()
