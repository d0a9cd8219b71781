"""Subjects that adapt: networks, and models that know only the size of a perturbation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol, get_args

import numpy as np

from trialtensor.data.parameters import (
    check_choice,
    check_flag,
    check_instance,
    check_number,
    check_share,
    check_whole,
)
from trialtensor_models.network import CCRNN, Teacher, UnstableDynamicsError, n_packaged
from trialtensor_models.phenomena.learned import ROTATION, Learned, naive
from trialtensor_models.plants import PointMass
from trialtensor_models.sessions import Run, Schedule, simulate
from trialtensor_models.tasks import CenterOut

_TURN = 72.0  # degrees from a cortex's directions to the next's
_DIRECTIONS = 16


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
    learned : Learned, optional
        At the end of the first block; of networks only.
    """

    adaptation: np.ndarray
    shown: np.ndarray
    fast: np.ndarray
    slow: np.ndarray
    block: np.ndarray
    target: np.ndarray
    learned: Learned | None = None

    @property
    def is_lost(self) -> bool:
        """True if activity grew without bound: there is nothing to measure."""
        return bool(np.isnan(self.adaptation).any())

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
    forgets : bool
        Whether anything is forgotten.
    coding_level : float, optional
        Of the granule layer; the network's own unless given.
    """

    n_targets: int = 1
    teacher: Teacher | None = None
    slow_learns: bool = True
    output: float = 1.0
    forgets: bool = True
    coding_level: float | None = None

    def __post_init__(self) -> None:
        check_whole("n_targets", self.n_targets, 1)
        if self.teacher is not None:
            check_choice("teacher", self.teacher, get_args(Teacher))
        check_flag("slow_learns", self.slow_learns)
        check_number("output", self.output, least=0)
        check_flag("forgets", self.forgets)
        if self.coding_level is not None:
            check_share("coding_level", self.coding_level)


#: The network as it is.
REFERENCE = Setting()


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


@dataclass(frozen=True, eq=False)
class Unit:
    """A cortex with one cerebellum, which trains one direction.

    Attributes
    ----------
    cortex : int
    model : CCRNN
    seed : int
        Of the cerebellum's wiring, and of the noise.
    target : float
        In degrees.
    """

    cortex: int
    model: CCRNN
    seed: int
    target: float


@dataclass(eq=False)
class Networks:
    """Some cortices, each with some cerebella; schedules are simulated once, and remembered.

    Networks learn more in some directions than in others, so each repeat has a direction of its
    own, as experiments counterbalance theirs. What is measured is averaged over the repeats of a
    cortex first: only cortices count.

    Parameters
    ----------
    cortices : sequence of int
        Those of the package unless given.
    repeats : int
        Cerebella and directions a cortex.
    network : callable
        Makes the network of a cortex; `CCRNN.pretrained` unless given.
    """

    cortices: Sequence[int] = field(default_factory=lambda: range(n_packaged()))
    repeats: int = 2
    network: Callable[[int], CCRNN] = CCRNN.pretrained
    _known: dict[tuple[Schedule, Setting], list[Curve]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        check_whole("repeats", self.repeats, 1)
        check_instance("cortices", self.cortices, Sequence, "a list of cortices")
        if not len(self.cortices):
            raise ValueError("cortices: expected at least one, got none")
        for cortex in self.cortices:
            check_whole("cortices", cortex, 0)
        check_instance("network", self.network, Callable, "a function of a cortex")

    @cached_property
    def units(self) -> list[Unit]:
        """All networks, those of a cortex one after the other."""
        found = []
        for cortex in self.cortices:
            model = self.network(cortex)
            for repeat in range(self.repeats):
                seed = cortex + 1000 * repeat
                target = (_TURN * cortex + 360 * repeat / self.repeats) % 360
                found.append(Unit(cortex, replace(model, seed=seed), seed, target))
        return found

    def curves(self, schedule: Schedule, setting: Setting = REFERENCE) -> list[Curve]:
        if (schedule, setting) not in self._known:
            self._known[schedule, setting] = [
                _adapt(unit, schedule, setting) for unit in self.units
            ]
        return self._known[schedule, setting]

    def by_cortex(
        self, values: Iterable[float], over: Callable[[np.ndarray], Any] = np.mean
    ) -> np.ndarray:
        """Put together what the repeats of a cortex show.

        Parameters
        ----------
        values : one for each of `units`
        over : callable
            What is made of those of one cortex.

        Returns
        -------
        (n_cortices,) array
        """
        parts = np.reshape(list(values), (len(self.cortices), self.repeats))
        return np.array([over(part) for part in parts])

    @cached_property
    def one_trial_rates(self) -> np.ndarray:
        """What a single trial teaches, over the nominal rate: (n_units, 16 directions).

        Without noise in cortex and hand, in the directions that gains are set on.
        """
        return np.array([_one_trial_rates(unit.model, 0.0) for unit in self.units])

    @cached_property
    def one_trial_rates_between(self) -> np.ndarray:
        """The same in the 16 directions halfway between those."""
        halfway = 180 / _DIRECTIONS
        return np.array([_one_trial_rates(unit.model, halfway) for unit in self.units])


def _adapt(unit: Unit, schedule: Schedule, setting: Setting) -> Curve:
    task = CenterOut(n_targets=setting.n_targets, first_angle=unit.target)
    model = _changed(unit.model, setting)
    try:
        run = simulate(model, task, schedule, seed=unit.seed, record="behaviour")
    except UnstableDynamicsError:
        return _lost(schedule, unit, model)
    return _curve_of_run(run, model)


def _lost(schedule: Schedule, unit: Unit, model: CCRNN) -> Curve:
    """A network whose activity grew without bound does nothing that could be measured."""
    lengths = [block.n_trials for block in schedule.blocks]
    nothing = np.full(sum(lengths), np.nan)
    know = naive(model, unit.target)
    learned = replace(know, W_PC=know.W_PC * np.nan, C=know.C * np.nan)
    block = np.repeat(np.arange(len(lengths)), lengths)
    return Curve(nothing, nothing, nothing, nothing, block, nothing, learned)


def _changed(model: CCRNN, setting: Setting) -> CCRNN:
    changes: dict[str, Any] = {}
    if setting.teacher is not None:
        changes |= {"teacher": setting.teacher, "B_s": None}
    if not setting.slow_learns:
        changes["B_s"] = 0.0
    if not setting.forgets:
        changes |= {"A_f": 1.0, "A_s": 1.0}
    model = model.with_plasticity(**changes) if changes else model
    if setting.coding_level is not None:
        cerebellum = replace(model.cerebellum, coding_level=setting.coding_level)
        model = replace(model, cerebellum=cerebellum)
    return model.lesion("nuclei", scale=setting.output) if setting.output != 1 else model


def _curve_of_run(run: Run, model: CCRNN) -> Curve:
    fast, slow = run.truth.fast.values / ROTATION, run.truth.slow.values / ROTATION
    block = run.truth.schedule["block"].values
    target = run.truth.schedule["target"].values
    last = int(np.flatnonzero(block == block[0])[-1])
    return Curve(
        adaptation=fast + slow,
        shown=run.behaviour["adaptation"].values / ROTATION,
        fast=fast,
        slow=slow,
        block=block,
        target=target,
        learned=Learned(
            model,
            float(target[last]),
            run.truth.W_PC[last].astype(float),
            run.truth.C[last].astype(float),
        ),
    )


def _one_trial_rates(model: CCRNN, first: float) -> list[float]:
    model = replace(model, cortex=replace(model.cortex, noise=0.0))
    rates = []
    for target in range(_DIRECTIONS):
        there: dict[str, Any] = {"n_trials": 1, "targets": (target,)}
        schedule = Schedule().rotate(ROTATION, **there).rotate(ROTATION, learns=False, **there)
        run = simulate(
            model,
            CenterOut(n_targets=_DIRECTIONS, first_angle=first),
            schedule,
            plant=PointMass(motor_noise=0.0),
            record="behaviour",
        )
        adapted = float(run.truth.fast[-1] + run.truth.slow[-1])
        rates.append(adapted / ROTATION / model.plasticity.B_f)
    return rates
