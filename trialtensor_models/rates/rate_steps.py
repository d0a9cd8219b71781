"""Trial by trial through a schedule, for models that see only the size of a perturbation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from trialtensor_models.rates.trial_table import (
    NO_CUE,
    TrialTable,
    check_blocks,
    size_at,
)
from trialtensor_models.sessions import Block, Schedule

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Step:
    """One trial, as a rate model sees it.

    Attributes
    ----------
    size : float
        The perturbation; NaN in an error clamp.
    cerebellum : float
        Scale of the output of the fast state.
    learns : bool
    epoch, block
        Label and number of the block that it belongs to.
    cue : str
        The context that is shown; "" for none.
    pause : int
        How many trials' time passes before it.
    """

    size: float
    cerebellum: float = 1.0
    learns: bool = True
    epoch: str = ""
    block: int = 0
    cue: str = NO_CUE
    pause: int = 0


@dataclass(slots=True)
class Record:
    """The trials so far, one value for each in every list."""

    perturbation: list[float] = field(default_factory=list)
    epoch: list[str] = field(default_factory=list)
    block: list[int] = field(default_factory=list)
    output: list[float] = field(default_factory=list)
    shown: list[float] = field(default_factory=list)
    error: list[float] = field(default_factory=list)
    fast: list[float] = field(default_factory=list)
    slow: list[float] = field(default_factory=list)

    def since(self, first: int) -> dict[str, np.ndarray]:
        """The history of a block for its ``until=``.

        Parameters
        ----------
        first : int
            The trial that the block starts with.

        Returns
        -------
        dict of arrays
        """
        adaptation = np.array(self.shown[first:])
        return {
            "adaptation": adaptation,
            # Hands go against the perturbation.
            "angle": -adaptation,
            "error": np.array(self.error[first:]),
        }


def walk(
    schedule: Schedule | pd.DataFrame | ArrayLike | TrialTable,
    learn: Callable[[Step, Record], None],
) -> Record:
    """Call `learn` for every trial; it writes what it did into the record.

    Parameters
    ----------
    schedule : Schedule, DataFrame or (n_trials,) array
        Sizes of the perturbation, NaN for an error clamp; see `TrialTable.of`.
    learn : callable

    Raises
    ------
    ValueError
        For schedules without trials, or that mix rotations and force fields.
    """
    record = Record()
    for step in _steps(schedule, record):
        record.perturbation.append(step.size)
        record.epoch.append(step.epoch)
        record.block.append(step.block)
        learn(step, record)
    return record


def act(step: Step, record: Record, output: float, noise: float, rng: np.random.Generator) -> float:
    """Move, and return the error that is seen.

    Parameters
    ----------
    step : Step
    record : Record
        Gets the output, the movement and the error.
    output : float
        Adaptation.
    noise : float
        Standard deviation of the movement about it.
    rng : numpy.random.Generator

    Returns
    -------
    float
        0 in an error clamp.
    """
    shown = output + noise * rng.standard_normal() if noise else output
    error = 0.0 if np.isnan(step.size) else step.size - shown
    record.output.append(output)
    record.shown.append(shown)
    record.error.append(error)
    return error


def _steps(
    schedule: Schedule | pd.DataFrame | ArrayLike | TrialTable, record: Record
) -> Iterator[Step]:
    if isinstance(schedule, Schedule):
        check_blocks(schedule)
        for index, block in enumerate(schedule.blocks):
            yield from _block_steps(block, index, record)
    else:
        table = TrialTable.of(schedule)
        columns = (table.perturbation.tolist(), table.context.tolist(), table.pause.tolist())
        for size, cue, pause in zip(*columns, strict=True):
            yield Step(size, cue=cue, pause=pause)


def _block_steps(block: Block, index: int, record: Record) -> Iterator[Step]:
    first = len(record.output)
    for trial in range(block.n_trials):
        if block.until is not None and block.is_over(record.since(first)):
            return
        row = block.row(trial)
        size = size_at(block, trial)
        yield Step(size, row.cerebellum, row.learns, block.epoch, index, row.context)
