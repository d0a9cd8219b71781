"""Data without its empty slices: the one form in which models pass data to solvers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.data.more_axes import plural
from trialtensor.data.notices import warn
from trialtensor.data.validation import CheckedTensor, check_trial_tensor
from trialtensor.models.many_axes import as_many_axes, pattern_name
from trialtensor.models.summary import said_by, summarise
from trialtensor.models.warnings import MissingSliceWarning
from trialtensor.solvers.many_axes import ManyAxes
from trialtensor.solvers.masked_problem import MaskedProblem
from trialtensor.solvers.normal_equations import find_pattern
from trialtensor.solvers.problems import DenseProblem, shares_of, sum_of_squares

# The slices kept on each axis.
Kept = tuple[np.ndarray, ...]
Problem = DenseProblem | MaskedProblem | ManyAxes
LEAST_SQUARES = 1e-280  # smaller sums have lost digits
_PATTERN_NAMES = {2: "trial x neuron", 1: "trial x time", 0: "neuron x time"}


@dataclass(frozen=True, eq=False)
class Observed:
    """A tensor without its empty slices.

    Attributes
    ----------
    values : array with three axes or more
        Zero where missing.
    mask : bool array of the same shape, or None
        False where missing; None if nothing is.
    kept : bool arrays
        For each axis, which slices of the whole tensor these are.
    """

    values: np.ndarray
    mask: np.ndarray | None
    kept: Kept

    @property
    def norm2(self) -> float:
        """Sum of squares."""
        return sum_of_squares(self.values)

    @property
    def missing_of_rows(self) -> np.ndarray:
        """Share of missing entries along the first axis."""
        return np.zeros(1) if self.mask is None else shares_of(self.mask)[0]

    def problem(self) -> Problem:
        """The cheapest exact least-squares problem for this missing-data pattern."""
        return _problem_of(self)[0]

    def without(self, axis: int, keep: np.ndarray) -> Observed:
        """Drop further slices of an axis; ``keep`` is a bool array over the remaining ones."""
        if keep.all():
            return self
        mask = None if self.mask is None else self.mask.compress(keep, axis)
        kept = list(self.kept)
        kept[axis] = kept[axis].copy()
        kept[axis][kept[axis]] = keep
        return Observed(self.values.compress(keep, axis), mask, tuple(kept))


def without_empty(
    values: np.ndarray, mask: np.ndarray | None, kept: Sequence[np.ndarray | None]
) -> Observed:
    """Drop slices without data; copy nothing if all have some.

    Parameters
    ----------
    values : array with three axes or more
    mask : bool array of the same shape, or None
        False where missing.
    kept : for each axis a bool array or None
        Slices of an axis to keep, instead of those with data in these slices of other axes.
    """
    chosen = tuple(
        with_data(values, mask, axis, kept) if given is None else given
        for axis, given in enumerate(kept)
    )
    if not all(each.all() for each in chosen):
        index = np.ix_(*chosen)
        values = values[index]
        mask = None if mask is None else mask[index]
    if mask is not None and mask.all():
        mask = None
    return Observed(values, mask, chosen)


def with_data(
    values: np.ndarray, mask: np.ndarray | None, axis: int, kept: Sequence[np.ndarray | None]
) -> np.ndarray:
    """Tell which slices of an axis have data in those slices of other axes that are kept.

    Parameters
    ----------
    values, mask, kept : as for `without_empty`
    axis : int
    """
    others = [other for other in range(values.ndim) if other != axis]
    for other in others:
        given = kept[other]
        if given is not None and not given.all():
            mask = np.ones(values.shape, bool) if mask is None else mask
            mask = mask.compress(given, axis=other)
    whole = np.ones(values.shape[axis], bool)
    return whole if mask is None else np.asarray(mask.any(axis=tuple(others)))


@dataclass(frozen=True, eq=False)
class FitInput:
    """One checked tensor, ready for a solver.

    Attributes
    ----------
    problem : DenseProblem, MaskedProblem or ManyAxes
    observed : bool array or None
        Of the shape of ``problem.X``; None if nothing is missing in it.
    kept : bool arrays, by axis
        False for the slices without data, which ``problem`` doesn't contain.
    coords : dict
        Coordinate name -> (axis, values).
    summary : dict
        The missing data and its treatment, for the report.
    axes : tuple of str
        Names of the axes.
    """

    problem: Problem
    observed: np.ndarray | None
    kept: Kept
    coords: dict[str, tuple[str, np.ndarray]]
    summary: dict[str, Any]
    axes: tuple[str, ...] = AXES

    @property
    def size(self) -> int:
        """Number of entries that the solver sees."""
        return int(self.problem.X.size)


def prepare(X: Any, mask: Any, *, many: bool = False) -> FitInput:
    """Check the data, set empty slices aside, and determine the pattern of missing entries.

    With ``many``, data may have more than three axes.

    Raises
    ------
    ValueError
        As :func:`trialtensor.data.validation.check_trial_tensor`, and for all-zero data.
    """
    checked = check_trial_tensor(X, mask=mask, many=many)
    data = of_checked(checked)
    problem, pattern = _problem_of(data)
    observed = data.mask
    if isinstance(problem, ManyAxes):
        pattern = pattern_name(observed, checked.axes)
        observed = None if observed is None else problem.observed()
    if isinstance(problem, DenseProblem) and problem.pattern is not None:
        # The pattern says it all; a view of it frees the memory of the full mask.
        observed = problem.pattern.as_mask(data.values.shape)
    check_scale(problem.X, problem.norm2)
    summary = summarise(checked, data.kept, pattern) | said_by(X)
    return FitInput(problem, observed, data.kept, checked.coords, summary, checked.axes)


def of_checked(checked: CheckedTensor, *known: np.ndarray) -> Observed:
    """Drop empty trials, and empty neurons and bins unless given the ones to keep, by axis."""
    kept = (None, *known) if known else tuple(~empty for empty in checked.empty)
    return without_empty(checked.values, checked.observed, kept)


def no_values(X: np.ndarray) -> np.ndarray:
    """Return zeros of the shape of ``X`` that take no memory."""
    return np.broadcast_to(X.dtype.type(0), X.shape)


def check_scale(X: np.ndarray, norm2: float, size: int | None = None) -> None:
    """Refuse data without signal, and units in which products overflow or underflow.

    Parameters
    ----------
    X : array
        The data, or its smallest and largest values.
    norm2 : float
        Sum of squares of the data.
    size : int, optional
        Number of entries of the data, if ``X`` is not all of it.

    Raises
    ------
    ValueError
        Saying what to multiply the data by.
    """
    if norm2 == 0 and not X.any():
        raise ValueError("X: every observed value is zero, so there is nothing to decompose")
    limit = 1e100 if X.dtype == np.float64 else 1e15
    rms = (norm2 / (X.size if size is None else size)) ** 0.5
    if not 1 / limit < rms < limit:
        low, high = float(X.min()), float(X.max())
        raise ValueError(
            f"X: values from {low:.0e} to {high:.0e} are beyond what {X.dtype} can "
            "multiply without losing them; use other units"
        )


def _problem_of(data: Observed) -> tuple[Problem, str]:
    if data.values.ndim > len(AXES):
        return as_many_axes(data.values, data.mask, data.norm2), "entries"
    return as_problem(data.values, data.mask)


def as_problem(
    values: Any, observed: Any, norm2: float | None = None
) -> tuple[DenseProblem | MaskedProblem, str]:
    """Find the cheapest exact problem for the missing entries, and name their pattern.

    Also of values that are Passes, with a mask that is Seen, and a sum of squares if it is known.
    """
    norm2 = sum_of_squares(values) if norm2 is None else norm2
    if observed is None:
        return DenseProblem(values, norm2), "none"
    pattern = find_pattern(observed)
    if pattern is None:
        return MaskedProblem(values, observed, norm2), "entries"
    return DenseProblem(values, norm2, pattern), _PATTERN_NAMES[pattern.free_axis]


def warn_empty(kept: Sequence[np.ndarray], axes: Sequence[str] = AXES) -> None:
    """Warn about slices without any data; ``kept`` marks those with data, for each of ``axes``."""
    for axis, keep in zip(axes, kept, strict=True):
        if not keep.all():
            empty = np.flatnonzero(~keep)
            shown = ", ".join(map(str, empty[:5])) + (", ..." if len(empty) > 5 else "")
            warn(
                f"{len(empty)} of {len(keep)} {plural(axis)} have no data ({axis} {shown}); "
                "the model says nothing about them (NaN)",
                MissingSliceWarning,
            )


def insert_empty(factor: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return a factor with NaN rows where a slice had no data."""
    if kept.all():
        return factor
    full = np.full((len(kept), factor.shape[1]), np.nan, dtype=factor.dtype)
    full[kept] = factor
    return full


def nothing_to_explain(total: float, *values: np.ndarray) -> None:
    """Refuse to score data whose sum of squares is zero, or doesn't fit a float.

    Raises
    ------
    ValueError
        If so.
    """
    if LEAST_SQUARES < total < np.inf:
        return
    if not any(each.any() for each in values):
        raise ValueError("X: every observed value is zero, so there is nothing to explain")
    raise ValueError("X: the sum of squares is beyond what float64 can hold; use other units")
