"""Tasks: reaches to targets, and choices between answers."""

from collections.abc import Mapping
from typing import Any

from trialtensor_models.tasks.center_out import CenterOut
from trialtensor_models.tasks.choices import (
    LEFT,
    RIGHT,
    ChoiceTask,
    Response,
    chosen,
    direction_of,
    has_choices,
    labels_of,
    next_answer,
    toward,
)
from trialtensor_models.tasks.evidence import EvidenceAccumulation
from trialtensor_models.tasks.match import DelayedMatch
from trialtensor_models.tasks.reversal import ReversalLearning
from trialtensor_models.tasks.task import Draw, Task, condition_of

__all__ = [
    "LEFT",
    "RIGHT",
    "CenterOut",
    "ChoiceTask",
    "DelayedMatch",
    "Draw",
    "EvidenceAccumulation",
    "Response",
    "ReversalLearning",
    "Task",
    "chosen",
    "condition_of",
    "direction_of",
    "has_choices",
    "labels_of",
    "next_answer",
    "task_from",
    "toward",
]

_TASKS: dict[str, Any] = {
    task.name: task for task in (CenterOut, ReversalLearning, EvidenceAccumulation, DelayedMatch)
}


def task_from(configuration: Mapping[str, Any]) -> Task:
    """Make the task that a file describes.

    Parameters
    ----------
    configuration : mapping
        The task's "name" and its parameters.

    Returns
    -------
    task

    Raises
    ------
    ValueError
        If there is no task of this name.
    """
    options = dict(configuration)
    name = options.pop("name", None)
    if name not in _TASKS:
        raise ValueError(f"task: expected one of {sorted(_TASKS)}, got {name!r}")
    return _TASKS[name](**options)
