"""What a network is asked to do."""

from collections.abc import Mapping
from typing import Any

from trialtensor_models.tasks.center_out import CenterOut
from trialtensor_models.tasks.choices import has_choices
from trialtensor_models.tasks.evidence import EvidenceAccumulation
from trialtensor_models.tasks.match import DelayedMatch
from trialtensor_models.tasks.reversal import ReversalLearning
from trialtensor_models.tasks.task import Draw, Task

__all__ = [
    "CenterOut",
    "DelayedMatch",
    "Draw",
    "EvidenceAccumulation",
    "ReversalLearning",
    "Task",
    "has_choices",
    "task_from",
]

_TASKS: dict[str, Any] = {
    task.name: task for task in (CenterOut, ReversalLearning, EvidenceAccumulation, DelayedMatch)
}


def task_from(configuration: Mapping[str, Any]) -> Task:
    """The task that a mapping of "name" and its parameters describes."""
    options = dict(configuration)
    name = options.pop("name", None)
    if name not in _TASKS:
        raise ValueError(f"task: expected one of {sorted(_TASKS)}, got {name!r}")
    return _TASKS[name](**options)
