"""Whether something is a task at all, before it is used as one."""

from __future__ import annotations

from typing import Any

import numpy as np

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


def _shown(thing: Any) -> str:
    text = repr(thing)
    return text if len(text) <= 60 else type(thing).__name__
