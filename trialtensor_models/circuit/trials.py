"""Trials as a circuit meets them: in units of the peak command, with pushes and outcomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from trialtensor.data.parameters import check_flag, check_number
from trialtensor_models.circuit.anatomy import REFERENCE_STEP, Anatomy
from trialtensor_models.tasks import (
    Draw,
    Task,
    check_draw,
    check_is_task,
    chosen,
    has_choices,
    next_answer,
    target_radius_of,
    told,
)

# A push of the hand that nothing announces: its length in seconds.
_PUSH = 0.1
# The command may be off by little where nothing should move: the hand sums it up.
REST_WEIGHT = 2.0


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Trials:
    """Trials of a task.

    Attributes
    ----------
    inputs : (B, T, n_inputs) array
    wanted : (B, T, 2) array
        Command of the hand that is right, over the peak of all conditions.
    push : (B, T, 2) array
        What moves the hand besides, in the same unit.
    rotation : (B,) array
        Of the cursor, in degrees.
    condition : (B,) int array
    side : (B,) int array, or None
        Right answers in a task with choices.
    noise : (B, T, n_cortex) array
        Private inputs of cortical units.
    reward : callable or None
        Called at the step `outcome` with the (B, 2) displacement of the hand; returns (B,) rewards.
    go, outcome : int
        Steps at which the response may begin, and the outcome is known.
    """

    inputs: np.ndarray
    wanted: np.ndarray
    push: np.ndarray
    rotation: np.ndarray
    condition: np.ndarray
    side: np.ndarray | None
    noise: np.ndarray
    reward: Callable[[np.ndarray], np.ndarray] | None
    go: int
    outcome: int


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A task, and what happens around it.

    Attributes
    ----------
    task : task
    pushes : float
        Share of trials in which the hand is pushed.
    push_size : float
        Largest push, over the peak command.
    outcome : float
        Seconds that follow the response, in which its outcome is known: a circuit with a module of
        reward is rewarded then, for a right answer or a reach that ends at its target.
    reversed : bool
        In tasks with choices, another answer is right: of two, the other one.
    """

    task: Task
    pushes: float = 0.5
    push_size: float = 0.5
    outcome: float = 0.0
    reversed: bool = False

    def __post_init__(self) -> None:
        check_is_task(self.task)
        for name, most in (("pushes", 1), ("push_size", None), ("outcome", None)):
            plain = check_number(name, getattr(self, name), least=0, most=most)
            object.__setattr__(self, name, plain)
        if check_flag("reversed", self.reversed) and not has_choices(self.task):
            raise ValueError(f"reversed: expected a task with choices, got {self.task.name}")

    @property
    def n_conditions(self) -> int:
        """Conditions of the task."""
        return len(self.task.labels)

    def peak(self, dt: float) -> float:
        """Largest speed that the task asks for, in m/s."""
        return _peak(self.task, dt)

    def draw(
        self,
        conditions: np.ndarray,
        anatomy: Anatomy,
        rng: np.random.Generator,
        *,
        noise: float | None = None,
        reward: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> Trials:
        """Draw trials.

        Parameters
        ----------
        conditions : (B,) int array
        anatomy : Anatomy
        rng : numpy.random.Generator
        noise : float, optional
            Of cortical units; that of the anatomy unless given.
        reward : callable, optional
            See `Trials`.

        Returns
        -------
        Trials
        """
        dt = anatomy.dt
        draw = self.task.draw(conditions, dt, rng)
        check_draw(draw, self.task, len(conditions))
        if self.reversed and has_choices(self.task) and draw.side is not None:
            draw = replace(draw, side=next_answer(self.task, draw.side))
        B, T = draw.inputs.shape[:2]
        more = round(self.outcome / dt)
        wanted = told(self.task, draw) / self.peak(dt)
        rotation = np.zeros(B) if draw.rotation is None else np.asarray(draw.rotation, dtype=float)
        size = anatomy.noise if noise is None else noise
        size *= np.sqrt(REFERENCE_STEP / dt)
        if reward is None and self.outcome and "reward" in anatomy.signals:
            reward = self._rewarded(draw, wanted.sum(1) * dt, self.peak(dt))
        return Trials(
            inputs=_longer(draw.inputs, more, hold=True),
            wanted=_longer(wanted, more),
            push=_longer(self._pushed(B, T, dt, rng), more),
            rotation=rotation,
            condition=np.asarray(conditions),
            side=draw.side if has_choices(self.task) else None,
            noise=size * rng.standard_normal((B, T + more, anatomy.n_cortex)),
            reward=reward,
            go=self.task.go(dt),
            outcome=T,
        )

    def _rewarded(self, draw: Draw, place: np.ndarray, peak: float) -> Callable[[Any], Any] | None:
        """Reward right answers, and reaches that end within the radius of their target."""
        task = self.task
        radius = target_radius_of(task)

        def rewarded(hand: Any) -> Any:
            end = np.asarray(hand.detach() if hasattr(hand, "detach") else hand)
            if has_choices(task):
                given = [chosen(task, float(each)) for each in angles_of(end)]
                right = np.asarray(given) == draw.side
            else:
                right = np.linalg.norm(peak * (end - place), axis=1) <= (radius or 0)
            return right.astype(float) if end is hand else hand.new_tensor(right)

        return rewarded if has_choices(task) or radius is not None else None

    def _pushed(self, B: int, T: int, dt: float, rng: np.random.Generator) -> np.ndarray:
        """(B, T, 2) pushes in random directions at random times of the response."""
        push = np.zeros((B, T, 2))
        go, n = self.task.go(dt), max(1, round(_PUSH / dt))
        pushed = rng.random(B) < self.pushes
        angle, size = 2 * np.pi * rng.random(B), self.push_size * rng.random(B)
        start = go + (rng.random(B) * max(1, (T - go) // 2)).astype(int)
        along = (size * pushed)[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
        for each in range(n):
            push[np.arange(B), np.minimum(start + each, T - 1)] = along
        return push


@lru_cache(maxsize=32)
def _peak(task: Task, dt: float) -> float:
    draw = task.draw(np.arange(len(task.labels)), dt, np.random.default_rng(0))
    check_draw(draw, task, len(task.labels))
    peak = float(np.linalg.norm(told(task, draw), axis=-1).max())
    if not peak:
        raise ValueError(f"task: {task.name} asks for no movement in any condition")
    return peak


def angles_of(places: np.ndarray) -> np.ndarray:
    """Find directions from straight ahead.

    Parameters
    ----------
    places : (B, 2) array

    Returns
    -------
    (B,) array
        In degrees counter-clockwise.
    """
    return np.asarray(np.rad2deg(np.arctan2(-places[:, 0], places[:, 1])))


def in_turns(n_conditions: int, n_trials: int, rng: np.random.Generator) -> np.ndarray:
    """Draw conditions in random order, each as often as the others.

    Parameters
    ----------
    n_conditions, n_trials : int
    rng : numpy.random.Generator

    Returns
    -------
    (n_trials,) int array
    """
    turns = -(-n_trials // n_conditions)
    return np.concatenate([rng.permutation(n_conditions) for _ in range(turns)])[:n_trials]


def _longer(signal: np.ndarray, n_steps: int, *, hold: bool = False) -> np.ndarray:
    """Go on for some steps, with the last value or with nothing."""
    last = signal[:, -1:] if hold else np.zeros_like(signal[:, -1:])
    return np.concatenate([signal, np.repeat(last, n_steps, axis=1)], axis=1)
