"""Reaches from a centre in several contexts, each with a rotation of the cursor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from trialtensor_models.tasks.center_out import CenterOut
from trialtensor_models.tasks.choices import toward
from trialtensor_models.tasks.task import Draw, conditions_of, degrees_of


@dataclass(frozen=True, kw_only=True)
class RotatedReaching:
    """Reach to one of some targets, in one of some contexts, each with its rotation of the cursor.

    A cue tells the context all along, so that one network can know all rotations at once: `desired`
    is the command of the hand that takes the cursor to the target. What ``Schedule().rotate(...)``
    asks for comes on top of the context's rotation.

    Parameters
    ----------
    n_targets : int
        Targets, evenly spaced from the right counter-clockwise.
    rotations : tuple of float
        Of the cursor in each context, in degrees counter-clockwise; all different.
    first_angle, distance, hold, duration, stay, target_radius
        See `CenterOut`.

    Examples
    --------
    >>> task = RotatedReaching(n_targets=2, rotations=(-30, 30))
    >>> task.labels
    array(['0 at -30', '180 at -30', '0 at +30', '180 at +30'], dtype='<U10')
    >>> draw = task.draw(np.array([0, 2]), 0.01, np.random.default_rng(0))
    >>> (draw.desired.sum(1) * 0.01).round(3)
    array([[ 0.087,  0.05 ],
           [ 0.087, -0.05 ]])
    """

    n_targets: int = 8
    rotations: tuple[float, ...] = (-60.0, -30.0, 0.0, 30.0, 60.0)
    first_angle: float = 0.0
    distance: float = 0.1
    hold: float = 0.2
    duration: float = 0.5
    stay: float = 0.2
    target_radius: float = 0.01

    name: ClassVar[str] = "rotated_reaching"

    def __post_init__(self) -> None:
        object.__setattr__(self, "rotations", _distinct(self.rotations))
        self._reaches()  # checks the other parameters

    def _reaches(self) -> CenterOut:
        """The same reaches without contexts."""
        return CenterOut(
            n_targets=self.n_targets,
            first_angle=self.first_angle,
            distance=self.distance,
            hold=self.hold,
            duration=self.duration,
            stay=self.stay,
            target_radius=self.target_radius,
        )

    @property
    def labels(self) -> np.ndarray:
        """Direction of the target and rotation; all targets of the first context come first."""
        targets = self._reaches().labels
        return np.array(
            [f"{target:g} at {turn:+g}" for turn in self.rotations for target in targets]
        )

    @property
    def n_inputs(self) -> int:
        """Two for the target's position (in units of 0.1 m), one a context, and one to hold."""
        return 3 + len(self.rotations)

    def targets_of(self, conditions: np.ndarray) -> np.ndarray:
        """Find the directions of the targets.

        Parameters
        ----------
        conditions : (n,) int array
            Places in `labels`.

        Returns
        -------
        (n,) array, in degrees
        """
        return self._reaches().labels[self._split(conditions)[1]]

    def rotations_of(self, conditions: np.ndarray) -> np.ndarray:
        """Find the rotations of the cursor.

        Parameters
        ----------
        conditions : (n,) int array
            Places in `labels`.

        Returns
        -------
        (n,) array, in degrees counter-clockwise
        """
        return np.array(self.rotations)[self._split(conditions)[0]]

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
        return self._reaches().go(dt)

    def draw(self, conditions: np.ndarray, dt: float, rng: np.random.Generator) -> Draw:
        """Draw trials; nothing about them is random.

        Parameters
        ----------
        conditions : (n,) int array
            Targets and contexts, as places in `labels`.
        dt : float
            Step in seconds.
        rng : numpy.random.Generator

        Returns
        -------
        Draw
            With the rotation of each trial.
        """
        context, target = self._split(conditions)
        reaches = self._reaches().draw(target, dt, rng)
        cue = np.zeros((*reaches.inputs.shape[:2], len(self.rotations)))
        cue[np.arange(len(context)), :, context] = 1
        place, hold = np.split(reaches.inputs, [2], axis=-1)
        rotation = np.array(self.rotations)[context]
        return Draw(
            np.concatenate([place, cue, hold], -1),
            toward(reaches.desired, rotation),
            rotation=rotation,
        )

    def reference(self) -> RotatedReaching:
        """Eight targets in all contexts, whatever the number of this task."""
        return replace(self, n_targets=8, first_angle=0.0)

    def practice(self) -> RotatedReaching:
        """Targets all around: cortex that knows only some directions misses those between."""
        return replace(self, n_targets=360, first_angle=0.0)

    def _split(self, conditions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) contexts and (n,) targets."""
        n_conditions = self.n_targets * len(self.rotations)
        return np.divmod(conditions_of(conditions, n_conditions), self.n_targets)


def _distinct(rotations: Any) -> tuple[float, ...]:
    found = degrees_of(rotations, "rotations")
    if not found or len(set(found)) < len(found):
        raise ValueError(f"rotations: expected different numbers of degrees, got {rotations!r}")
    return tuple(turn + 0.0 for turn in found)  # no label of -0
