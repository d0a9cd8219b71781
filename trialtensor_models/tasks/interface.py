"""Whether something is a task at all, before it is used as one."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor_models.tasks.choices import has_choices, labels_of
from trialtensor_models.tasks.task import Draw

_MEMBERS = ("name", "labels", "n_inputs", "go", "draw", "reference")


def check_task_members(task: Any) -> None:
    """Refuse what lacks a member of `Task`.

    Parameters
    ----------
    task : task or its class

    Raises
    ------
    ValueError
        Naming what is missing.
    """
    missing = [name for name in _MEMBERS if not hasattr(task, name)]
    if missing:
        raise ValueError(
            f"task: expected a task such as CenterOut(), got {_shown(task)} without "
            f"{', '.join(missing)}"
        )
    name = getattr(task, "name", None)
    if not isinstance(name, str) or not name:
        raise ValueError(f"task: its name should be text, got {name!r}")


def check_is_task(task: Any) -> None:
    """Refuse what isn't a hashable task with conditions and inputs.

    Parameters
    ----------
    task : task

    Raises
    ------
    ValueError
        Naming what is missing or wrong.
    """
    if isinstance(task, type):
        raise ValueError(f"task: expected a task, got the class {task.__name__}; write task()")
    check_task_members(task)
    try:
        hash(task)
    except TypeError:
        raise ValueError(
            f"task: {task.name} isn't hashable; make it a frozen dataclass of numbers, text and "
            "tuples of them"
        ) from None
    labels, n_inputs = task.labels, task.n_inputs
    if np.ndim(labels) != 1 or not len(labels):
        raise ValueError(f"task: {task.name} should have a label a condition, got {labels!r}")
    if isinstance(n_inputs, bool) or not isinstance(n_inputs, int | np.integer) or n_inputs < 1:
        raise ValueError(f"task: {task.name} should have at least one input, got {n_inputs!r}")


def check_draw(draw: Any, task: Any, n_trials: int) -> None:
    """Refuse trials whose arrays don't have the shapes that a task promises.

    Parameters
    ----------
    draw : Draw
    task : task
        That drew them.
    n_trials : int

    Raises
    ------
    ValueError
        Naming the part that is wrong.
    """
    if not isinstance(draw, Draw):
        raise ValueError(f"task: {task.name} should draw a Draw, got {type(draw).__name__}")
    T = np.shape(draw.inputs)[1] if np.ndim(draw.inputs) == 3 else "T"
    expected = {"inputs": (n_trials, T, task.n_inputs), "desired": (n_trials, T, 2)}
    for name, shape in expected.items():
        array = np.asarray(getattr(draw, name))
        if array.shape != shape or not T:
            raise ValueError(
                f"task: {name} of {task.name} should have shape {shape}, got {array.shape}"
            )
        if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
            raise ValueError(f"task: {name} of {task.name} should be finite numbers")
    if draw.rotation is not None:
        rotation = np.asarray(draw.rotation)
        good = rotation.shape == (n_trials,) and rotation.dtype.kind in "fiu"
        if not (good and np.isfinite(rotation).all()):
            raise ValueError(
                f"task: rotation of {task.name} should be a number of degrees a trial, "
                f"got {draw.rotation!r}"
            )
    if has_choices(task):
        side = np.asarray(draw.side)
        if side.shape != (n_trials,) or not np.isin(side, labels_of(task)).all():
            raise ValueError(
                f"task: side of {task.name} should be one of {labels_of(task)} a trial, "
                f"got {draw.side!r}"
            )


def _shown(thing: Any) -> str:
    text = repr(thing)
    return text if len(text) <= 60 else type(thing).__name__
