"""Subjects that adapt: networks, two-state models and one-rate controls, behind one interface."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from trialtensor_models.network import CCRNN, Teacher
from trialtensor_models.rates import OneStateModel, TwoStateModel
from trialtensor_models.sessions import Run, Schedule, simulate
from trialtensor_models.tasks import CenterOut

ROTATION = 30.0  # degrees; all schedules rotate by this much, one way or the other


_TURN = 72.0  # degrees from a seed's directions to the next's


@dataclass(frozen=True, eq=False)
class Curve:
    """How one subject adapts, by trial, as fractions of the rotation.

    Attributes
    ----------
    adaptation : (n_trials,) array
        Without the noise of the trial itself; what it has learned from noisy trials is in it.
    shown : (n_trials,) array
        With that noise.
    fast, slow : (n_trials,) arrays
        Parts of `adaptation`.
    block : (n_trials,) int array
        Which block of the schedule.
    target : (n_trials,) array
        In degrees.
    """

    adaptation: np.ndarray
    shown: np.ndarray
    fast: np.ndarray
    slow: np.ndarray
    block: np.ndarray
    target: np.ndarray

    def of_block(self, block: int, what: str = "adaptation") -> np.ndarray:
        """Take one series in one block.

        Parameters
        ----------
        block : int
        what : str
            Name of an attribute.

        Returns
        -------
        (n_trials_of_block,) array
        """
        return getattr(self, what)[self.block == block]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Differences from the reference.

    Attributes
    ----------
    n_targets : int
    teacher : {"serial", "parallel"}, optional
        Of the slow process; the model's own unless given.
    slow_learns : bool
        Whether there is a slow process.
    output : float
        Scale of the cerebellum's output.
    """

    n_targets: int = 1
    teacher: Teacher | None = None
    slow_learns: bool = True
    output: float = 1.0


class Subjects(Protocol):
    """One curve for each of some subjects."""

    def curves(self, schedule: Schedule, setting: Setting = ...) -> list[Curve]:
        """Adapt to a schedule, starting from nothing learned.

        Parameters
        ----------
        schedule : Schedule
        setting : Setting, optional

        Returns
        -------
        list of Curve, one for each subject
        """
        ...


@dataclass(eq=False)
class Networks:
    """One network a seed; each schedule is simulated once, and remembered.

    Networks learn more in some directions than in others, so each seed has its own directions, as
    experiments counterbalance theirs.

    Parameters
    ----------
    seeds : sequence of int
        Of the networks and of their noise.
    network : callable
        The network of a seed; `CCRNN.pretrained` unless given.
    """

    seeds: Sequence[int] = range(5)
    network: Callable[[int], CCRNN] = CCRNN.pretrained
    _known: dict[tuple[Schedule, Setting], list[Curve]] = field(default_factory=dict, repr=False)

    def curves(self, schedule: Schedule, setting: Setting = Setting()) -> list[Curve]:
        if (schedule, setting) not in self._known:
            self._known[schedule, setting] = [
                self._adapt(seed, schedule, setting) for seed in self.seeds
            ]
        return self._known[schedule, setting]

    def _adapt(self, seed: int, schedule: Schedule, setting: Setting) -> Curve:
        task = CenterOut(n_targets=setting.n_targets, first_angle=_TURN * seed % 360)
        model = _changed(self.network(seed), setting)
        run = simulate(model, task, schedule, seed=seed, record="behaviour")
        return _curve_of_run(run)


def _changed(model: CCRNN, setting: Setting) -> CCRNN:
    changes: dict[str, Any] = {}
    if setting.teacher is not None:
        changes |= {"teacher": setting.teacher, "B_s": None}
    if not setting.slow_learns:
        changes["B_s"] = 0.0
    model = model.with_plasticity(**changes) if changes else model
    return model.lesion("nuclei", scale=setting.output) if setting.output != 1 else model


def _curve_of_run(run: Run) -> Curve:
    fast, slow = run.truth.fast.values / ROTATION, run.truth.slow.values / ROTATION
    return Curve(
        adaptation=fast + slow,
        shown=run.behaviour["adaptation"].values / ROTATION,
        fast=fast,
        slow=slow,
        block=run.truth.schedule["block"].values,
        target=run.truth.schedule["target"].values,
    )


@dataclass(frozen=True)
class TwoState:
    """A single two-state model; its slow state has the published rate of each form."""

    parallel: TwoStateModel = field(default_factory=TwoStateModel)
    serial: TwoStateModel = field(default_factory=lambda: TwoStateModel(form="serial", B_s=0.04))

    def curves(self, schedule: Schedule, setting: Setting = Setting()) -> list[Curve]:
        model = self.serial if setting.teacher == "serial" else self.parallel
        if not setting.slow_learns:
            model = replace(model, B_s=0.0)
        trace = model.simulate(_scaled(schedule, setting.output))
        return [_curve_of_trace(trace, trace.fast, trace.slow, schedule)]


@dataclass(frozen=True)
class OneRate:
    """A single-rate model: the control that must fail."""

    model: OneStateModel

    @classmethod
    def of(cls, subjects: Subjects, schedule: Schedule) -> OneRate:
        """Fit the model to the behaviour of other subjects.

        Parameters
        ----------
        subjects : Subjects
            The first of them is fitted.
        schedule : Schedule

        Returns
        -------
        OneRate
        """
        curve = subjects.curves(schedule)[0]
        perturbation = TwoStateModel().simulate(schedule).perturbation / ROTATION
        n = min(len(perturbation), len(curve.adaptation))
        return cls(OneStateModel.fit(curve.adaptation[:n], perturbation[:n]))

    def curves(self, schedule: Schedule, setting: Setting = Setting()) -> list[Curve]:
        trace = self.model.simulate(schedule)
        return [_curve_of_trace(trace, trace.output, np.zeros_like(trace.output), schedule)]


def _scaled(schedule: Schedule, output: float) -> Schedule:
    return Schedule(
        tuple(replace(block, cerebellum=block.cerebellum * output) for block in schedule.blocks)
    )


def _curve_of_trace(trace: Any, fast: np.ndarray, slow: np.ndarray, schedule: Schedule) -> Curve:
    return Curve(
        adaptation=trace.output / ROTATION,
        shown=trace.shown / ROTATION,
        fast=fast / ROTATION,
        slow=slow / ROTATION,
        block=trace.block,
        target=np.zeros(len(trace.output)),
    )
