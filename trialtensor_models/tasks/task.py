"""The interface of a task, and the trials that it draws."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from trialtensor.data.arrays import whole
from trialtensor.data.parameters import check_number, is_number
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
        The right answer in a task with choices: -1 for left and 1 for right, or its place among
        the task's answers if there are more than two. `desired` is then straight ahead.
    rotation : (n,) array, optional
        By how many degrees (counter-clockwise) the cursor is turned about the start on each trial,
        where a context that the inputs show tells so. `desired` is then the command of the hand
        that takes the cursor where it should go.
    """

    inputs: np.ndarray
    desired: np.ndarray
    side: np.ndarray | None = None
    rotation: np.ndarray | None = None

    def __post_init__(self) -> None:
        shape = np.shape(self.inputs)
        if len(shape) != 3:
            raise ValueError(f"inputs: expected (n, T, n_inputs), got shape {shape}")
        if np.shape(self.desired) != (*shape[:2], 2):
            raise ValueError(
                f"desired: expected shape {(*shape[:2], 2)}, got {np.shape(self.desired)}"
            )
        for name in ("side", "rotation"):
            given = getattr(self, name)
            if given is not None and np.shape(given) != shape[:1]:
                raise ValueError(f"{name}: expected shape {shape[:1]}, got {np.shape(given)}")


def conditions_of(conditions: Any, n_conditions: int) -> np.ndarray:
    """Return conditions as an array of places in the labels.

    Parameters
    ----------
    conditions : (n,) array-like of int
    n_conditions : int

    Returns
    -------
    (n,) int array

    Raises
    ------
    ValueError
        For what isn't a place; negative ones would count from the end.
    """
    places = whole(conditions, "conditions")
    if places.ndim != 1 or places.dtype.kind not in "iu":
        raise ValueError(f"conditions: expected (n,) integers, got {conditions!r}")
    if places.size and not (places.min() >= 0 and places.max() < n_conditions):
        raise ValueError(
            f"conditions: expected places from 0 to {n_conditions - 1}, got "
            f"{places.min()} to {places.max()}"
        )
    return places


def steps_of(seconds: float, dt: float, name: str) -> int:
    """Count the steps of a part of a trial.

    Parameters
    ----------
    seconds, dt : float
    name : str
        Of the part, for messages.

    Returns
    -------
    int, at least 1

    Raises
    ------
    ValueError
        If the part is shorter than half a step, or the step isn't above 0.
    """
    n_steps = round(seconds / check_number("dt", dt, above=0))
    if n_steps < 1:
        raise ValueError(f"{name}: {seconds:g} s is less than half a step of {dt:g} s")
    return n_steps


def degrees_of(values: Any, name: str) -> tuple[float, ...]:
    """Return directions or turns as a tuple, which files give as a list.

    Parameters
    ----------
    values : iterable of float
    name : str
        For messages.

    Returns
    -------
    tuple of float
        Empty for what isn't an iterable of numbers.

    Raises
    ------
    ValueError
        For what isn't above -180 and at most 180.
    """
    given = tuple(values) if isinstance(values, Iterable) and not isinstance(values, str) else ()
    return tuple(check_number(name, value, above=-180, most=180) for value in given)


def condition_of(task: Task, label: str | float) -> int:
    """Find the condition with a label.

    Parameters
    ----------
    task : task
    label : str or float
        Numbers may be off by rounding.

    Returns
    -------
    int
        Its place in ``task.labels``.

    Raises
    ------
    ValueError
        Listing the labels, if there is none like it.
    """
    labels = np.asarray(task.labels)
    if labels.dtype.kind in "fiu" and is_number(label):
        found = np.flatnonzero(np.abs(labels - label) <= 1e-6 * (1 + np.abs(labels)))
    else:
        found = np.flatnonzero(labels.astype(str) == str(label))
    if not len(found):
        known = ", ".join(map(str, labels[:20].tolist()))
        raise ValueError(f"target: {task.name} has the labels {known}, got {label!r}")
    return int(found[0])


def target_radius_of(task: Task) -> float | None:
    """Return how near to its target a reach has to end to be rewarded.

    Parameters
    ----------
    task : task

    Returns
    -------
    float, in m, or None if nothing is said of that

    Raises
    ------
    ValueError
        If it isn't a number above 0.
    """
    radius = getattr(task, "target_radius", None)
    return None if radius is None else check_number("task.target_radius", radius, above=0)


class Task(Protocol):
    """A set of conditions, and trials of them; a frozen dataclass.

    A task may also have ``practice()``, the task that pretraining draws from; it is `reference`
    unless given. A task of reaches may have ``target_radius``, in m: where rewards teach, reaches
    that end within it are rewarded.
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
