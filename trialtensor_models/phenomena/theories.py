"""Models that see only the size of a perturbation, as subjects."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from trialtensor.data.parameters import check_instance
from trialtensor_models.phenomena.learned import ROTATION
from trialtensor_models.phenomena.subjects import REFERENCE, Curve, Setting, Subjects
from trialtensor_models.rates import OneStateModel, TwoStateModel
from trialtensor_models.sessions import Schedule

BEFORE = 50  # unperturbed trials that theories have behind them


class _Simulates(Protocol):
    def simulate(self, schedule: Schedule) -> Any: ...


@dataclass(frozen=True)
class Theory:
    """One subject: a model whose ``simulate(schedule)`` returns output by trial, in degrees.

    Parameters
    ----------
    model : model of `trialtensor_models.rates`, or alike
        It makes `BEFORE` unperturbed trials first, which aren't in its curve. What it returns has
        ``output``, ``shown`` and ``block``, as `RateTrace` has. Settings of the
        network that it knows nothing of are left out.
    """

    model: _Simulates

    def curves(self, schedule: Schedule, setting: Setting = REFERENCE) -> list[Curve]:
        trace = self.model.simulate(_after_reaching(_with_whole_probes(schedule)))
        curve = _curve_of_trace(trace, trace.output, np.zeros_like(trace.output))
        return [_without_first(curve, BEFORE)]


def _after_reaching(schedule: Schedule) -> Schedule:
    """Reach without a perturbation first: all that networks and people know of at the start."""
    return Schedule((*Schedule().baseline(BEFORE).blocks, *schedule.blocks))


def _without_first(curve: Curve, n: int) -> Curve:
    names = ("adaptation", "shown", "fast", "slow", "block", "target")
    rest = {name: getattr(curve, name)[n:] for name in names}
    return Curve(**(rest | {"block": rest["block"] - 1}))


def _with_whole_probes(schedule: Schedule) -> Schedule:
    """Leave a block of the cerebellum out where it leaves no trace: theories have no cerebellum."""
    blocks = (b if b.learns else replace(b, cerebellum=1.0) for b in schedule.blocks)
    return Schedule(tuple(blocks))


def one_rate_of(subjects: Subjects, schedule: Schedule) -> Theory:
    """Fit a single-rate model to the behaviour of other subjects: the control that must fail.

    Parameters
    ----------
    subjects : Subjects
        The first of them is fitted.
    schedule : Schedule

    Returns
    -------
    Theory
    """
    if isinstance(subjects, type) or not hasattr(subjects, "curves"):
        got = getattr(subjects, "__name__", type(subjects).__name__)
        raise ValueError(f"subjects: expected Subjects, with a method curves, got {got}")
    check_instance("schedule", schedule, Schedule, "a Schedule")
    curve = subjects.curves(schedule)[0]
    perturbation = TwoStateModel().simulate(schedule).perturbation / ROTATION
    n = min(len(perturbation), len(curve.adaptation))
    return Theory(OneStateModel.fit(curve.adaptation[:n], perturbation[:n]))


@dataclass(frozen=True)
class TwoState:
    """A single two-state model; its slow state has the published rate of each form."""

    parallel: TwoStateModel = field(default_factory=TwoStateModel)
    serial: TwoStateModel = field(default_factory=lambda: TwoStateModel(form="serial", B_s=0.04))

    def curves(self, schedule: Schedule, setting: Setting = REFERENCE) -> list[Curve]:
        # The network's own teacher is the serial one where the forms differ.
        serial = setting.teacher == "serial" or not setting.forgets
        model = self.serial if serial else self.parallel
        if not setting.slow_learns:
            model = replace(model, B_s=0.0)
        if not setting.forgets:
            model = replace(model, A_f=1.0, A_s=1.0)
        trace = model.simulate(_scaled(schedule, setting.output))
        return [_curve_of_trace(trace, trace.fast, trace.slow)]


def _scaled(schedule: Schedule, output: float) -> Schedule:
    return Schedule(
        tuple(replace(block, cerebellum=block.cerebellum * output) for block in schedule.blocks)
    )


def _curve_of_trace(trace: Any, fast: np.ndarray, slow: np.ndarray) -> Curve:
    return Curve(
        adaptation=trace.output / ROTATION,
        shown=trace.shown / ROTATION,
        fast=fast / ROTATION,
        slow=slow / ROTATION,
        block=trace.block,
        target=np.zeros(len(trace.output)),
    )
