"""Adaptation of people, trial by trial, with what happened on each trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from trialtensor.data.arrays import as_floats
from trialtensor.data.notices import warn
from trialtensor.data.parameters import check_instance
from trialtensor_models.rates.trial_table import NO_CUE, TrialTable
from trialtensor_models.sessions import Schedule

if TYPE_CHECKING:
    from trialtensor_models.sessions import Run

LEAST_TRIALS = 20


@dataclass(frozen=True, eq=False, repr=False)
class Behaviour:
    """Adaptation of one or several subjects; make one by `of`, `from_table` or `from_runs`.

    Attributes
    ----------
    adaptation : (n_subjects, n_trials) array
        With the sign of the perturbation, and in its unit. NaN is missing.
    perturbation : (n_subjects, n_trials) array
        NaN where no error was seen.
    cues : (n_subjects, n_trials) int array
        Number of the context that is shown, -1 for none.
    pauses : (n_subjects, n_trials) int array
        How many trials' time passes before each.
    labels : tuple of str
        Of the contexts.
    subjects : tuple of str
    """

    adaptation: np.ndarray
    perturbation: np.ndarray
    cues: np.ndarray
    pauses: np.ndarray
    labels: tuple[str, ...]
    subjects: tuple[str, ...]

    def __repr__(self) -> str:
        """Show sizes only."""
        n, n_trials = self.adaptation.shape
        cues = f", {len(self.labels)} contexts" if self.labels else ""
        return f"Behaviour({n} subject{'s' * (n != 1)}, {n_trials} trials{cues})"

    @property
    def n_subjects(self) -> int:
        return len(self.adaptation)

    @property
    def size(self) -> float:
        """Size of the largest perturbation; 1 if there is none."""
        return float(np.nan_to_num(np.abs(self.perturbation)).max()) or 1.0

    @cached_property
    def groups(self) -> list[np.ndarray]:
        """Subjects with the same trials, an index array for each kind of schedule."""
        rows = np.hstack([np.nan_to_num(self.perturbation, nan=1e300), self.cues, self.pauses])
        _, inverse = np.unique(rows, axis=0, return_inverse=True)
        return [np.flatnonzero(inverse.ravel() == group) for group in range(inverse.max() + 1)]

    @classmethod
    def of(
        cls,
        adaptation: ArrayLike,
        trials: Schedule | pd.DataFrame | ArrayLike,
        *,
        subjects: Sequence[Any] | None = None,
    ) -> Behaviour:
        """Put together adaptation and the trials that all subjects went through.

        Parameters
        ----------
        adaptation : (n_trials,) or (n_subjects, n_trials) array
            With the sign of the perturbation: hand angles that oppose a rotation have to be
            negated. NaN is missing.
        trials : Schedule, DataFrame or (n_trials,) array
            See `TrialTable.of`.
        subjects : sequence, optional
            Names.

        Returns
        -------
        Behaviour

        Raises
        ------
        ValueError
            For shapes that don't fit, infinite values, and subjects or schedules that say nothing.

        Examples
        --------
        >>> Behaviour.of(np.zeros((3, 40)), [0.0] * 10 + [30.0] * 30)
        Behaviour(3 subjects, 40 trials)
        """
        shown = as_floats(adaptation, "adaptation")
        if shown.ndim not in (1, 2) or 0 in shown.shape:
            raise ValueError(
                "adaptation: expected (n_trials,) or (n_subjects, n_trials), got shape "
                f"{shown.shape}"
            )
        shown, table = np.atleast_2d(shown), TrialTable.of(trials)
        if len(table.perturbation) != shown.shape[1]:
            raise ValueError(
                f"trials: expected {shown.shape[1]} trials, as adaptation has, got "
                f"{len(table.perturbation)}"
            )
        names = range(len(shown)) if subjects is None else subjects
        if len(names) != len(shown):
            raise ValueError(f"subjects: expected {len(shown)} names, got {len(names)}")
        return _stacked(list(shown), [table] * len(shown), [str(each) for each in names])

    @classmethod
    def from_table(cls, table: pd.DataFrame) -> Behaviour:
        """Read a table with a row for each trial of each subject.

        Parameters
        ----------
        table : DataFrame
            Columns adaptation and perturbation; and, if needed, subject, trial (rows are then
            sorted by it), clamp, feedback, context, pause (see `TrialTable.of`). Subjects may have
            different trials, and different numbers of them.

        Returns
        -------
        Behaviour

        Raises
        ------
        ValueError
            Naming the column.
        """
        check_instance("table", table, pd.DataFrame, "a DataFrame")
        if "adaptation" not in table:
            raise ValueError(
                f"table: expected a column adaptation, got {', '.join(map(str, table.columns))}"
            )
        if not len(table):
            raise ValueError("table: expected a row for each trial, got none")
        groups = (
            list(table.groupby("subject", sort=False)) if "subject" in table else [("0", table)]
        )
        shown, tables, names = [], [], []
        for name, rows in groups:
            rows = _in_order(rows, str(name))
            shown.append(as_floats(rows["adaptation"].to_numpy(), "adaptation"))
            tables.append(TrialTable.of(rows))
            names.append(str(name))
        return _stacked(shown, tables, names)

    @classmethod
    def from_runs(cls, runs: Sequence[Run]) -> Behaviour:
        """Take the behaviour of simulated sessions, a subject each.

        Parameters
        ----------
        runs : sequence of Run

        Returns
        -------
        Behaviour

        Warns
        -----
        UserWarning
            If there are several targets, which theories here don't know of.
        """
        from trialtensor_models.sessions import Run

        check_instance("runs", runs, Sequence, "a sequence of Run")
        for run in runs:
            check_instance("runs", run, Run, "a sequence of Run")
        if any(len(np.unique(run.truth.schedule["target"])) > 1 for run in runs):
            warn(
                "runs have several targets; theories take what was learned for one as learned for "
                "all, so they are compared on how it generalises too"
            )
        shown = [run.behaviour["adaptation"].to_numpy().astype(float) for run in runs]
        tables = [TrialTable.of(run.truth.schedule.to_dataframe()) for run in runs]
        return _stacked(shown, tables, [str(i) for i in range(len(shown))])

    def take(self, subjects: ArrayLike) -> Behaviour:
        """Some of the subjects.

        Parameters
        ----------
        subjects : int array
        """
        index = _places(subjects, self.n_subjects)
        return Behaviour(
            self.adaptation[index],
            self.perturbation[index],
            self.cues[index],
            self.pauses[index],
            self.labels,
            tuple(np.array(self.subjects)[index].tolist()),
        )

    def without(self, trials: np.ndarray) -> Behaviour:
        """The same with the adaptation of some trials missing.

        Parameters
        ----------
        trials : (n_trials,) or (n_subjects, n_trials) bool array
        """
        chosen, shape = np.asarray(trials), self.adaptation.shape
        if chosen.dtype != bool or chosen.shape not in (shape, shape[1:]):
            raise ValueError(
                f"trials: expected True or False for each of {shape[1]} trials, or also for each "
                f"of {shape[0]} subjects, got {chosen.dtype} of shape {chosen.shape}"
            )
        shown = np.where(chosen, np.nan, self.adaptation)
        return Behaviour(
            shown, self.perturbation, self.cues, self.pauses, self.labels, self.subjects
        )


def _places(subjects: ArrayLike, n_subjects: int) -> np.ndarray:
    """Return the places of subjects that are chosen."""
    index = np.atleast_1d(np.asarray(subjects))
    whole = index.ndim == 1 and index.dtype.kind in "iu"
    if not whole or not np.all((-n_subjects <= index) & (index < n_subjects)):
        raise ValueError(
            f"subjects: expected whole numbers below {n_subjects}, the number of subjects, got "
            f"{subjects!r}"
        )
    return index


def _in_order(rows: pd.DataFrame, subject: str) -> pd.DataFrame:
    if "trial" not in rows:
        return rows
    if rows["trial"].duplicated().any():
        first = rows["trial"][rows["trial"].duplicated()].iloc[0]
        raise ValueError(f"trial: subject {subject} has trial {first} twice")
    return rows.sort_values("trial", kind="stable")


def _stacked(shown: list[np.ndarray], tables: list[TrialTable], names: list[str]) -> Behaviour:
    if not shown:
        raise ValueError("behaviour: expected at least one subject, got none")
    labels = sorted({label for table in tables for label in table.labels})
    codes = {NO_CUE: -1} | {label: i for i, label in enumerate(labels)}
    shape = len(shown), max(map(len, shown))
    # Trials that a subject hasn't are missing, and come after all others.
    y, p = np.full(shape, np.nan), np.full(shape, np.nan)
    cues, pauses = np.full(shape, -1), np.zeros(shape, int)
    for i, (each, table) in enumerate(zip(shown, tables, strict=True)):
        n = len(each)
        y[i, :n], p[i, :n], pauses[i, :n] = each, table.perturbation, table.pause
        cues[i, :n] = [codes[label] for label in table.context.tolist()]
    # R's NA is a signalling NaN, which warns in every sum.
    y, p = (np.where(np.isnan(each), np.nan, each) for each in (y, p))
    _check(y, p, names)
    return Behaviour(y, p, cues, pauses, tuple(labels), tuple(names))


def _check(shown: np.ndarray, perturbation: np.ndarray, names: list[str]) -> None:
    if np.isinf(shown).any():
        raise ValueError("adaptation: expected numbers or NaN, got an infinite value")
    if len(set(names)) < len(names):
        raise ValueError("subjects: expected different names")
    if not np.nan_to_num(perturbation).any():
        raise ValueError("perturbation: expected trials with a perturbation, got only 0 or NaN")
    for name, n in zip(names, np.isfinite(shown).sum(axis=1).tolist(), strict=True):
        if n < LEAST_TRIALS:
            raise ValueError(
                f"adaptation: subject {name} has {n} observed trials, expected at least "
                f"{LEAST_TRIALS}"
            )
