"""What a network is asked to do."""

from collections.abc import Mapping
from typing import Any

from trialtensor_models.tasks.center_out import CenterOut
from trialtensor_models.tasks.task import Draw, Task

__all__ = ["CenterOut", "Draw", "Task", "task_from"]

_TASKS: dict[str, Any] = {task.name: task for task in (CenterOut,)}


def task_from(configuration: Mapping[str, Any]) -> Task:
    """The task that a mapping of "name" and its parameters describes."""
    options = dict(configuration)
    name = options.pop("name", None)
    if name not in _TASKS:
        raise ValueError(f"task: expected one of {sorted(_TASKS)}, got {name!r}")
    return _TASKS[name](**options)
