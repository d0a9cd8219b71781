"""What happens on each trial, for models that know no targets: an array, a table or a schedule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from trialtensor.data.arrays import as_floats
from trialtensor_models.sessions import Block, Schedule

NO_CUE = ""


@dataclass(frozen=True, eq=False)
class TrialTable:
    """Trials, one after the other.

    Attributes
    ----------
    perturbation : (n_trials,) array
        NaN where no error is seen: in an error clamp, and without feedback. No theory here tells
        the two apart.
    context : (n_trials,) array of str
        The cue that is shown; "" for none.
    pause : (n_trials,) int array
        How many trials' time passes before each, without a movement.
    """

    perturbation: np.ndarray
    context: np.ndarray
    pause: np.ndarray

    @property
    def labels(self) -> list[str]:
        """Cues that occur, sorted."""
        return sorted(set(self.context.tolist()) - {NO_CUE})

    @classmethod
    def of(cls, trials: Schedule | pd.DataFrame | ArrayLike | TrialTable) -> TrialTable:
        """Read trials in any of their forms.

        Parameters
        ----------
        trials : Schedule, DataFrame, (n_trials,) array or TrialTable
            An array holds perturbations, NaN in an error clamp. A table has a row a trial and the
            column perturbation (or rotation or curl, as `Schedule.to_table` has); and, if needed,
            clamp (error clamp), feedback (False where nothing was seen), context (a label) and
            pause (in trials).

        Returns
        -------
        TrialTable

        Raises
        ------
        ValueError
            Naming the column; for schedules with ``until``, whose length depends on behaviour.

        Examples
        --------
        >>> table = pd.DataFrame({"perturbation": [0, 30, 30], "clamp": [False, False, True]})
        >>> TrialTable.of(table).perturbation.tolist()
        [0.0, 30.0, nan]
        """
        if isinstance(trials, TrialTable):
            return trials
        if isinstance(trials, Schedule):
            return _of_schedule(trials)
        if isinstance(trials, pd.DataFrame):
            return _of_frame(trials)
        sizes = check_sizes(trials)
        return cls(sizes, np.full(len(sizes), NO_CUE), np.zeros(len(sizes), int))


def size_at(block: Block, trial: int) -> float:
    """Perturbation of a trial of a block; NaN in an error clamp.

    Parameters
    ----------
    block : Block
    trial : int
        Counted from the start of the block.
    """
    at = block.at(trial)
    return np.nan if at.clamp else float(at.rotation + at.curl)


def check_blocks(schedule: Schedule) -> None:
    """Refuse schedules without trials, with choices, or with two kinds of perturbation."""
    if not schedule.blocks:
        raise ValueError("schedule: expected at least one trial, got none")
    if "reverse" in schedule.uses:
        raise ValueError("schedule: reverse is for tasks with choices, this model has none")
    if schedule.uses >= {"rotate", "curl"}:
        raise ValueError(
            "schedule: rotations and force fields have different units, and this model knows one "
            "kind of perturbation; got both"
        )


def check_sizes(perturbation: ArrayLike) -> np.ndarray:
    """Return the sizes of perturbations, which may be NaN."""
    sizes = as_floats(perturbation, "perturbation")
    if sizes.ndim != 1:
        raise ValueError(f"perturbation: expected (n_trials,), got shape {sizes.shape}")
    if np.isinf(sizes).any():
        first = int(np.flatnonzero(np.isinf(sizes))[0])
        raise ValueError(f"perturbation: trial {first} is infinite, expected numbers or NaN")
    return sizes


def _of_schedule(schedule: Schedule) -> TrialTable:
    check_blocks(schedule)
    for number, block in enumerate(schedule.blocks):
        if block.until is not None:
            raise ValueError(
                f"schedule: block {number} ends when its until= says, which depends on behaviour; "
                "give the trials as they were, in an array or a table"
            )
        rows = [block.row(trial) for trial in range(block.n_trials)]
        if any(row.cerebellum != 1 or not row.learns for row in rows):
            raise ValueError(
                f"schedule: block {number} changes the cerebellum or learning; behaviour is only "
                "compared where theories know all that happened"
            )
    sizes = [size_at(block, i) for block in schedule.blocks for i in range(block.n_trials)]
    cues = [block.row(i).context for block in schedule.blocks for i in range(block.n_trials)]
    return TrialTable(np.array(sizes), np.array(cues, dtype=str), np.zeros(len(sizes), int))


def _of_frame(table: pd.DataFrame) -> TrialTable:
    _refuse_hidden(table)
    sizes = check_sizes(_sizes(table))
    unseen = _flags(table, "clamp", False) | ~_flags(table, "feedback", True)
    return TrialTable(
        np.where(unseen, np.nan, sizes), labels_of(table.get("context"), len(table)), _pauses(table)
    )


def _refuse_hidden(table: pd.DataFrame) -> None:
    """Refuse what schedules have and tables of behaviour can't mean."""
    usual = {"cerebellum": 1.0, "learns": True, "reversed": False}
    for name, value in usual.items():
        if name in table and not (table[name] == value).all():
            raise ValueError(
                f"{name}: expected {value} on all trials, got others; only a Schedule, which has a "
                "method from_table, may change it, and only to simulate"
            )


def _sizes(table: pd.DataFrame) -> np.ndarray:
    """Perturbations; in tables of schedules, those of either kind."""
    if "perturbation" in table:
        return _numbers(table, "perturbation")
    kinds = [name for name in ("rotation", "curl") if name in table]
    if not kinds:
        raise ValueError(
            "trials: expected a column perturbation, or rotation or curl, got "
            f"{', '.join(map(str, table.columns))}"
        )
    sizes = [_numbers(table, name) for name in kinds]
    if len(sizes) > 1 and all(np.nan_to_num(each).any() for each in sizes):
        raise ValueError("trials: rotations and force fields have different units; got both")
    return np.sum(sizes, axis=0)


def _numbers(table: pd.DataFrame, name: str) -> np.ndarray:
    try:
        return table[name].to_numpy(dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: expected numbers, got {table[name].iloc[0]!r}") from None


def _flags(table: pd.DataFrame, name: str, default: bool) -> np.ndarray:
    if name not in table:
        return np.full(len(table), default)
    words = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}
    found = table[name].astype(str).str.lower().map(words)
    if found.isna().any():
        first = int(np.flatnonzero(found.isna())[0])
        raise ValueError(f"{name}: expected true or false, got {table[name].iloc[first]!r}")
    return found.to_numpy() == 1


def _pauses(table: pd.DataFrame) -> np.ndarray:
    if "pause" not in table:
        return np.zeros(len(table), int)
    found = _numbers(table, "pause")
    if not ((found >= 0) & (found == np.floor(found)) & (found <= 1e5)).all():
        raise ValueError(
            "pause: expected whole numbers of trials of at least 0, got "
            f"{found[~((found >= 0) & (found == np.floor(found)) & (found <= 1e5))][0]:g}"
        )
    return found.astype(int)


def labels_of(labels: Sequence[Any] | pd.Series | None, n_trials: int) -> np.ndarray:
    """Return one label for each trial, "" where there is none.

    Parameters
    ----------
    labels : sequence, optional
        None, NaN and "" are no cue.
    n_trials : int
    """
    if labels is None:
        return np.full(n_trials, NO_CUE)
    values = pd.Series(np.asarray(labels, dtype=object).ravel(), dtype=object)
    if len(values) != n_trials:
        raise ValueError(
            f"context: expected a label for each of {n_trials} trials, got {len(values)}"
        )
    return np.array([NO_CUE if pd.isna(each) else str(each) for each in values], dtype=str)
