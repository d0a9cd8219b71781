"""The suite for tasks."""

from __future__ import annotations

import json
from dataclasses import is_dataclass
from typing import Any

import numpy as np

from trialtensor_models.tasks import (
    check_draw,
    check_is_task,
    check_task_members,
    configuration_of,
    has_choices,
    labels_of,
    target_radius_of,
    task_from,
)
from trialtensor_models.testing.running import expect, global_state, run_checks

_DT = 0.01


def check_task(task: Any) -> None:
    """Check that a task does what networks and `simulate` rely on.

    Parameters
    ----------
    task : task

    Raises
    ------
    AssertionError
        Naming the check that failed, and what was expected.

    Examples
    --------
    >>> from trialtensor_models import DelayedMatch
    >>> check_task(DelayedMatch())
    """
    run_checks(_CHECKS, task)


def _drawn(task: Any, conditions: Any = None, dt: float = _DT, seed: int = 0) -> Any:
    conditions = np.arange(len(task.labels)) if conditions is None else np.asarray(conditions)
    draw = task.draw(conditions, dt, np.random.default_rng(seed))
    check_draw(draw, task, len(conditions))
    return draw


def check_members(task: Any) -> None:
    """A task has all members, one label a condition, and can be shared by networks."""
    check_is_task(task)
    labels = list(np.asarray(task.labels).tolist())
    expect(len(set(labels)) == len(labels), "a label of its own for each condition", labels)
    expect(task == task and hash(task) == hash(task), "a task that equals itself")
    target_radius_of(task)  # refuses what is no size


def check_trials(task: Any) -> None:
    """Trials have the promised shapes, and a movement after the go signal."""
    draw = _drawn(task)
    n_steps, go = draw.inputs.shape[1], task.go(_DT)
    expect(
        isinstance(go, int | np.integer) and 0 <= go < n_steps,
        f"the go signal at a step from 0 to {n_steps - 1}",
        go,
    )
    distance = np.linalg.norm(draw.desired.sum(1), axis=1) * _DT
    expect((distance > 1e-3).all(), "a movement of more than 1 mm in every trial", distance)
    before = np.abs(draw.desired[:, :go]).max(initial=0)
    expect(before <= 1e-9, "no movement wanted before the go signal", f"{before:.2g} m/s")


def check_any_conditions(task: Any) -> None:
    """Conditions come in any order and number, with the trials in that order."""
    last = len(task.labels) - 1
    wanted = _drawn(task).desired
    some = [last, 0, last]
    expect(
        np.array_equal(_drawn(task, some).desired, wanted[some]),
        f"the trials of conditions {some} in that order",
    )


def check_randomness(task: Any) -> None:
    """All randomness comes from the generator that is passed."""
    before = global_state()
    first, again = _drawn(task), _drawn(task)
    expect(before == global_state(), "numpy's global random state left alone")
    expect(
        np.array_equal(first.inputs, again.inputs) and np.array_equal(first.desired, again.desired),
        "the same trials from the same generator",
    )


def check_inputs_are_told_apart(task: Any) -> None:
    """Conditions that want something else look different by then."""
    draw = _drawn(task)
    right = draw.side if has_choices(task) else draw.desired
    for i in range(len(right)):
        for j in range(i):
            differ = not np.allclose(right[i], right[j], atol=1e-9)
            expect(
                not differ or not np.array_equal(draw.inputs[i], draw.inputs[j]),
                f"other inputs for conditions {j} and {i}, which want other movements",
            )


def check_answers(task: Any) -> None:
    """A task with choices has answers with directions, and each is right at some time."""
    if not has_choices(task):
        return
    rising = np.all(np.diff(task.answers) > 0) and task.answers[-1] - task.answers[0] < 360
    expect(rising, "rising directions of answers within 360 degrees", task.answers)
    chance = 1 / len(task.answers)
    likely = getattr(task, "reward_probability", None)
    expect(
        isinstance(likely, float | int) and chance <= likely <= 1,
        f"a reward_probability from {chance:.2g} to 1",
        likely,
    )
    spread = getattr(task, "exploration", None)
    expect(isinstance(spread, float | int) and spread >= 0, "an exploration in degrees", spread)
    sides = set(np.asarray(_drawn(task).side).tolist())
    expect(sides <= set(labels_of(task)) and len(sides) > 1, "several right answers", sides)


def check_time(task: Any) -> None:
    """At half the step a trial has twice as many steps, and covers the same distance."""
    coarse, fine = _drawn(task), _drawn(task, dt=_DT / 2)
    ratio = fine.inputs.shape[1] / coarse.inputs.shape[1]
    expect(abs(ratio - 2) < 0.1, "twice as many steps at half the step", f"{ratio:.2f} times")
    kept = task.go(_DT) == 0 or abs(task.go(_DT / 2) / task.go(_DT) - 2) < 0.2
    expect(kept, "the go signal at the same time whatever the step")
    ends = [draw.desired.sum(1) * dt for draw, dt in ((coarse, _DT), (fine, _DT / 2))]
    same = np.allclose(ends[0], ends[1], atol=0.02 * np.abs(ends[0]).max())
    expect(same, "velocities in m/s, so the same distance at half the step")


def check_reference(task: Any) -> None:
    """`reference` (and `practice`, if there is one) are tasks with the same inputs."""
    others = {"reference": task.reference()}
    if hasattr(task, "practice"):
        others["practice"] = task.practice()
    for name, other in others.items():
        check_task_members(other)
        expect(other.n_inputs == task.n_inputs, f"{name}() with {task.n_inputs} inputs")
        expect(other.name == task.name, f"{name}() of the same name", other.name)
        _drawn(other)


def check_file(task: Any) -> None:
    """What a file keeps of the task makes it anew."""
    configuration = json.loads(json.dumps(configuration_of(task)))
    back = task_from(configuration, type(task) if is_dataclass(task) else task)
    expect(
        np.array_equal(_drawn(back).inputs, _drawn(task).inputs) and back.name == task.name,
        "the same trials of the task that a file describes",
        configuration,
    )


_CHECKS = (
    check_members,
    check_trials,
    check_any_conditions,
    check_randomness,
    check_inputs_are_told_apart,
    check_answers,
    check_time,
    check_reference,
    check_file,
)
