"""Trial by trial through a schedule, for models that see only the size of a perturbation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from trialtensor.data.arrays import as_floats
from trialtensor_models.sessions import Block, Schedule


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
    """

    size: float
    cerebellum: float = 1.0
    learns: bool = True
    epoch: str = ""
    block: int = 0


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


def walk(schedule: Schedule | ArrayLike, learn: Callable[[Step, Record], None]) -> Record:
    """Call `learn` for every trial; it writes what it did into the record.

    Parameters
    ----------
    schedule : Schedule or (n_trials,) array
        Sizes of the perturbation, NaN for an error clamp.
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


def _steps(schedule: Schedule | ArrayLike, record: Record) -> Iterator[Step]:
    if isinstance(schedule, Schedule):
        _check_schedule(schedule)
        for index, block in enumerate(schedule.blocks):
            yield from _block_steps(block, index, record)
    else:
        yield from (Step(size) for size in _check_sizes(schedule).tolist())


def _block_steps(block: Block, index: int, record: Record) -> Iterator[Step]:
    first = len(record.output)
    for trial in range(block.n_trials):
        if block.until is not None and block.is_over(record.since(first)):
            return
        row = block.row(trial)
        at = row.perturbation
        size = np.nan if at.clamp else float(at.rotation + at.curl)
        yield Step(size, row.cerebellum, row.learns, block.epoch, index)


def _check_schedule(schedule: Schedule) -> None:
    if not schedule.blocks:
        raise ValueError("schedule: expected at least one trial, got none")
    if "reverse" in schedule.uses:
        raise ValueError("schedule: reverse is for tasks with choices, this model has none")
    if schedule.uses >= {"rotate", "curl"}:
        raise ValueError(
            "schedule: rotations and force fields have different units, and this model knows one "
            "kind of perturbation; got both"
        )


def _check_sizes(perturbation: ArrayLike) -> np.ndarray:
    sizes = as_floats(perturbation, "perturbation")
    if sizes.ndim != 1:
        raise ValueError(f"perturbation: expected (n_trials,), got shape {sizes.shape}")
    if np.isinf(sizes).any():
        first = int(np.flatnonzero(np.isinf(sizes))[0])
        raise ValueError(f"perturbation: trial {first} is infinite, expected numbers or NaN")
    return sizes
