"""Schedules: blocks of trials with perturbations, clamps and lesions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from trialtensor.data.parameters import check_flag, check_number, check_whole
from trialtensor_models.plants import Perturbation
from trialtensor_models.sessions.shown import schedule_text

Until = Literal["zero"] | Callable[[Mapping[str, np.ndarray]], bool]
Kind = Literal["baseline", "rotate", "curl", "clamp", "washout", "reverse"]


@dataclass(frozen=True, kw_only=True)
class Block:
    """Some trials of one kind; made by the methods of `Schedule`.

    Attributes
    ----------
    kind : str
        The method that made it.
    size : float
        Rotation in degrees, counter-clockwise, or strength of a curl field in N s/m.
    n_trials : int
        How many, or at most how many where there is `until`.
    until : "zero" or callable, optional
        When to stop before `n_trials`.
    ramp : int
        Trials over which the perturbation grows to its size.
    epoch : str
        Label of the trials.
    targets : tuple of int, optional
        Conditions that are drawn; all of the task's if None.
    cerebellum : float
        Scale of the cerebellum's output in this block.
    learns : bool
        False if nothing is learned or forgotten.
    """

    kind: Kind
    size: float = 0.0
    n_trials: int = 1
    until: Until | None = None
    ramp: int = 0
    epoch: str = ""
    targets: tuple[int, ...] | None = None
    cerebellum: float = 1.0
    learns: bool = True

    def at(self, trial: int) -> Perturbation:
        """Find the perturbation of a trial.

        Parameters
        ----------
        trial : int
            Counted from the start of the block.

        Returns
        -------
        Perturbation
        """
        share = min(1.0, (trial + 1) / self.ramp) if self.ramp else 1.0
        return Perturbation(
            rotation=share * self.size if self.kind == "rotate" else 0.0,
            curl=share * self.size if self.kind == "curl" else 0.0,
            clamp=self.kind == "clamp",
            reversed=self.kind == "reverse",
        )

    def is_over(self, history: Mapping[str, np.ndarray]) -> bool:
        """Tell whether the block ends here.

        Parameters
        ----------
        history : mapping of str to (n_done,) array
            Of its trials so far.

        Returns
        -------
        bool
        """
        n_done = len(history["adaptation"])
        if n_done >= self.n_trials or self.until is None or n_done == 0:
            return n_done >= self.n_trials
        if self.until == "zero":
            # Learned so far with the sign of this block's perturbation: from below it to zero.
            direction = np.sign(self.size) or -np.sign(history["adaptation"][0]) or 1.0
            return bool(direction * history["adaptation"][-1] >= 0)
        return bool(self.until(history))


@dataclass(frozen=True)
class Schedule:
    """A sequence of blocks of trials. Every method returns a longer schedule.

    All methods take these keywords: ``until``, which ends the block early: "zero" once what was
    learned before is gone, or a function of the block's history so far (a mapping of "angle",
    "error" and "adaptation", and of "correct" and "reward" where there are choices, to an array
    with a value a trial) that returns whether to stop, with ``n_trials`` as the limit; ``ramp``,
    trials over which the perturbation grows;
    ``targets``, the conditions that are drawn; ``cerebellum``, by what the cerebellum's output is
    scaled; ``learns=False`` for probes that leave no trace; ``epoch``, a label (the method's name
    unless given).

    Examples
    --------
    >>> schedule = Schedule().baseline(20).rotate(30, 160).rotate(-30, until="zero").clamp(80)
    >>> [block.epoch for block in schedule.blocks]
    ['baseline', 'rotate', 'rotate', 'clamp']
    >>> schedule.max_trials
    760
    """

    blocks: tuple[Block, ...] = ()

    def baseline(self, n_trials: int | None = None, **options: Any) -> Schedule:
        """Add unperturbed trials before learning.

        Parameters
        ----------
        n_trials : int, optional
            Needed unless there is ``until``; with it, the limit (500).
        **options
            See `Schedule`.

        Returns
        -------
        Schedule
        """
        return self._add("baseline", 0.0, n_trials, options)

    def rotate(self, degrees: float, n_trials: int | None = None, **options: Any) -> Schedule:
        """Rotate the cursor about the start.

        Parameters
        ----------
        degrees : float
            Counter-clockwise.
        n_trials : int, optional
            Needed unless there is ``until``; with it, the limit (500).
        **options
            See `Schedule`.

        Returns
        -------
        Schedule
        """
        return self._add("rotate", degrees, n_trials, options)

    def curl(self, strength: float, n_trials: int | None = None, **options: Any) -> Schedule:
        """Push the hand sideways in proportion to its speed.

        Parameters
        ----------
        strength : float
            In N s/m.
        n_trials : int, optional
            Needed unless there is ``until``; with it, the limit (500).
        **options
            See `Schedule`.

        Returns
        -------
        Schedule
        """
        return self._add("curl", strength, n_trials, options)

    def clamp(self, n_trials: int | None = None, **options: Any) -> Schedule:
        """Clamp the error to zero, so that nothing new is learned.

        Parameters
        ----------
        n_trials : int, optional
            Needed unless there is ``until``; with it, the limit (500).
        **options
            See `Schedule`.

        Returns
        -------
        Schedule
        """
        return self._add("clamp", 0.0, n_trials, options)

    def washout(self, n_trials: int | None = None, **options: Any) -> Schedule:
        """Add unperturbed trials after learning.

        Parameters
        ----------
        n_trials : int, optional
            Needed unless there is ``until``; with it, the limit (500).
        **options
            See `Schedule`.

        Returns
        -------
        Schedule
        """
        return self._add("washout", 0.0, n_trials, options)

    def reverse(self, n_trials: int | None = None, **options: Any) -> Schedule:
        """Make the wrong answer the right one, in tasks with choices.

        Parameters
        ----------
        n_trials : int, optional
            Needed unless there is ``until``; with it, the limit (500).
        **options
            See `Schedule`.

        Returns
        -------
        Schedule
        """
        return self._add("reverse", 0.0, n_trials, options)

    @property
    def max_trials(self) -> int:
        """Trials if no block stops early."""
        return sum(block.n_trials for block in self.blocks)

    def __repr__(self) -> str:
        return schedule_text(self.blocks, self.max_trials)

    def _add(
        self, kind: Kind, size: float, n_trials: int | None, options: Mapping[str, Any]
    ) -> Schedule:
        options = {"epoch": kind, **options}
        block = Block(kind=kind, size=size, n_trials=_length(n_trials, options), **options)
        _check(block)
        return Schedule((*self.blocks, block))


DEFAULT_LIMIT = 500


def _length(n_trials: int | None, options: Mapping[str, Any]) -> int:
    if n_trials is None:
        if options.get("until") is None:
            raise ValueError("n_trials: expected a number of trials, or until=, got neither")
        return DEFAULT_LIMIT
    return check_whole("n_trials", n_trials, 1)


def _check(block: Block) -> None:
    size = {"rotate": "degrees", "curl": "strength"}.get(block.kind, "size")
    check_number(size, block.size)
    if not (block.until is None or block.until == "zero" or callable(block.until)):
        raise ValueError(f"until: expected 'zero' or a function, got {block.until!r}")
    check_whole("ramp", block.ramp, 0)
    check_number("cerebellum", block.cerebellum, least=0)
    check_flag("learns", block.learns)
    if not isinstance(block.epoch, str):
        raise ValueError(f"epoch: expected a label, got {block.epoch!r}")
    if block.targets is not None:
        several = isinstance(block.targets, Sequence | np.ndarray) and len(block.targets)
        if not several or isinstance(block.targets, str):
            raise ValueError(f"targets: expected at least one condition, got {block.targets!r}")
        for target in block.targets:
            check_whole("targets", target, 0)
