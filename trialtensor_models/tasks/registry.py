"""Tasks by name, so that files can speak of them: ours, and those that are registered.

A file names a task and its parameters. A name is looked up among the classes that are known here;
nothing that a file says is ever imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib.metadata import entry_points
from typing import Any, TypeVar

import numpy as np

from trialtensor.opening.guard import RefusedError, in_one_line, printable
from trialtensor_models.tasks.center_out import CenterOut
from trialtensor_models.tasks.evidence import EvidenceAccumulation
from trialtensor_models.tasks.interface import check_task_members
from trialtensor_models.tasks.match import DelayedMatch
from trialtensor_models.tasks.reversal import ReversalLearning
from trialtensor_models.tasks.rotated_reaching import RotatedReaching
from trialtensor_models.tasks.sequence_drawing import SequenceDrawing
from trialtensor_models.tasks.task import Task

GROUP = "trialtensor_models.tasks"
TaskClass = TypeVar("TaskClass", bound=type)

_OURS: dict[str, Any] = {
    task.name: task
    for task in (
        CenterOut,
        RotatedReaching,
        SequenceDrawing,
        ReversalLearning,
        EvidenceAccumulation,
        DelayedMatch,
    )
}
_registered: dict[str, Any] = {}


def register_task(task: TaskClass) -> TaskClass:
    """Make the class of a task known, so that networks of it load by its name.

    Can be used as a class decorator. A package registers its tasks for everybody by entry points in
    the group ``trialtensor_models.tasks``, each with the task's name.

    Parameters
    ----------
    task : class
        With an attribute ``name``, and all else that a `Task` has.

    Returns
    -------
    the same class

    Raises
    ------
    ValueError
        If it isn't the class of a task, or another class has the same name.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @register_task
    ... @dataclass(frozen=True)
    ... class Slow(CenterOut):
    ...     name = "slow_reaches"
    """
    if not isinstance(task, type):
        raise ValueError(f"task: expected the class of a task, got {task!r}")
    check_task_members(task)
    name = task.name  # type: ignore[attr-defined]
    other = _OURS.get(name) or _registered.get(name)
    # A module that is loaded again brings its classes again.
    if other is not None and place_of(other) != place_of(task):
        raise ValueError(f"task: {name!r} is already the name of {place_of(other)}")
    _registered[name] = task
    return task


def place_of(task: Any) -> str:
    """Name module and class of a task.

    Parameters
    ----------
    task : task or its class

    Returns
    -------
    str
    """
    kind = task if isinstance(task, type) else type(task)
    return f"{kind.__module__}.{kind.__qualname__}"


def configuration_of(task: Task) -> dict[str, Any]:
    """Describe a task for a file.

    Parameters
    ----------
    task : task

    Returns
    -------
    dict
        Its "name", its "class" if that isn't one of ours, and the fields of a dataclass.

    Raises
    ------
    ValueError
        If a field is something that a file can't hold.
    """
    own = {} if type(task) is _OURS.get(task.name) else {"class": place_of(task)}
    values = {each.name: getattr(task, each.name) for each in _fields(task)}
    return {"name": task.name, **own, **{name: _plain(name, v) for name, v in values.items()}}


def task_from(configuration: Mapping[str, Any], task: Any = None) -> Task:
    """Make the task that a file describes.

    Parameters
    ----------
    configuration : mapping
        The task's "name" and its parameters.
    task : task or class, optional
        What the name stands for. A task must be the one that is described; a class is given the
        parameters. Unless given, the name is looked up among our tasks and registered ones.

    Returns
    -------
    task

    Raises
    ------
    ValueError
        If there is no task of this name, or `task` is another one.
    """
    if not isinstance(configuration, Mapping):
        raise ValueError(f"configuration: expected a mapping with a name, got {configuration!r}")
    options = {key: _frozen(value) for key, value in configuration.items()}
    name, place = options.pop("name", None), options.pop("class", None)
    if task is None:
        return _known(name, place)(**options)
    check_task_members(task)
    if task.name != name:
        raise RefusedError(f"is of the task {printable(repr(name))}, got task={task.name!r}")
    if isinstance(task, type):
        return task(**options)
    _check_same(task, options)
    return task


def _known(name: Any, place: Any) -> Any:
    """The class of a task: ours, registered, or of an installed package that declares its name."""
    if not isinstance(name, str):
        raise ValueError(f"task: expected the name of a task, got {name!r}")
    found = _OURS.get(name) or _registered.get(name)
    if found is None:
        found = _declared(name)
    if found is None:
        known = ", ".join(sorted({*_OURS, *_registered}))
        whose = f" ({printable(str(place))})" if place else ""
        raise RefusedError(
            f"is of the task {printable(repr(name))}{whose}, which is not known here: pass task=, "
            f"or make it known with register_task; known are {known}"
        )
    return found


def _declared(name: str) -> Any:
    for point in entry_points(group=GROUP, name=name):
        try:
            return register_task(point.load())
        except Exception as error:
            raise RefusedError(
                f"is of the task {name!r}, and {point.value!r} of another package can't be used: "
                f"{in_one_line(error)}"
            ) from error
    return None


def _check_same(task: Any, options: Mapping[str, Any]) -> None:
    for each in _fields(task):
        given = _frozen(_plain(each.name, getattr(task, each.name)))
        if each.name in options and options[each.name] != given:
            raise RefusedError(
                f"is of the task {task.name} with {each.name}={options[each.name]!r}, "
                f"got task= with {given!r}"
            )


def _fields(task: Any) -> tuple[Any, ...]:
    return tuple(each for each in fields(task) if each.init) if is_dataclass(task) else ()


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, tuple | list):
        return [_plain(name, each) for each in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise ValueError(
        f"task: its {name} is a {type(value).__name__}, and files hold numbers, text and tuples of "
        "them"
    )


def _frozen(value: Any) -> Any:
    """Tuples for the lists of a file: tasks are hashable."""
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value
