"""Data without its empty slices: the one form in which models pass data to solvers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.data.axes import AXES, order_assumed
from trialtensor.data.elsewhere import source_of
from trialtensor.data.making import making_of
from trialtensor.data.notices import warn
from trialtensor.data.validation import CheckedTensor, check_trial_tensor
from trialtensor.models.warnings import MissingSliceWarning
from trialtensor.solvers.masked_problem import MaskedProblem
from trialtensor.solvers.normal_equations import find_pattern
from trialtensor.solvers.problems import DenseProblem, shares_of, sum_of_squares

# The slices kept on each axis.
Kept = tuple[np.ndarray, np.ndarray, np.ndarray]
LEAST_SQUARES = 1e-280  # smaller sums have lost digits
LEFT_OUT = "Missing entries were left out of the loss; nothing was filled in."
_PATTERN_NAMES = {2: "trial x neuron", 1: "trial x time", 0: "neuron x time"}


@dataclass(frozen=True, eq=False)
class Observed:
    """A tensor without its empty slices.

    Attributes
    ----------
    values : array with three axes
        Zero where missing.
    mask : bool array of the same shape, or None
        False where missing; None if nothing is.
    kept : three bool arrays
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

    def problem(self) -> DenseProblem | MaskedProblem:
        """The cheapest exact least-squares problem for this missing-data pattern."""
        return as_problem(self.values, self.mask)[0]

    def without(self, axis: int, keep: np.ndarray) -> Observed:
        """Drop further slices of an axis; ``keep`` is a bool array over the remaining ones."""
        if keep.all():
            return self
        mask = None if self.mask is None else self.mask.compress(keep, axis)
        kept = list(self.kept)
        kept[axis] = kept[axis].copy()
        kept[axis][kept[axis]] = keep
        first, second, third = kept
        return Observed(self.values.compress(keep, axis), mask, (first, second, third))


def without_empty(
    values: np.ndarray, mask: np.ndarray | None, kept: Sequence[np.ndarray | None] = (None,) * 3
) -> Observed:
    """Drop slices without data; copy nothing if all have some.

    Parameters
    ----------
    values : array with three axes
    mask : bool array of the same shape, or None
        False where missing.
    kept : three bool arrays or None
        Slices of an axis to keep, instead of those with data in these slices of other axes.
    """
    first, second, third = (
        with_data(values, mask, axis, kept) if given is None else given
        for axis, given in enumerate(kept)
    )
    chosen = (first, second, third)
    if not all(each.all() for each in chosen):
        index = np.ix_(first, second, third)
        values = values[index]
        mask = None if mask is None else mask[index]
    if mask is not None and mask.all():
        mask = None
    return Observed(values, mask, (first, second, third))


def with_data(
    values: np.ndarray, mask: np.ndarray | None, axis: int, kept: Sequence[np.ndarray | None]
) -> np.ndarray:
    """Tell which slices of an axis have data in those slices of other axes that are kept.

    Parameters
    ----------
    values, mask, kept : as for `without_empty`
    axis : int
    """
    others = [other for other in range(3) if other != axis]
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
    problem : DenseProblem or MaskedProblem
    observed : bool array or None
        Of the shape of ``problem.X``; None if nothing is missing in it.
    kept : three bool arrays
        False for the slices without data, which ``problem`` doesn't contain.
    coords : dict
        Coordinate name -> (axis, values).
    summary : dict
        The missing data and its treatment, for the report.
    """

    problem: DenseProblem | MaskedProblem
    observed: np.ndarray | None
    kept: Kept
    coords: dict[str, tuple[str, np.ndarray]]
    summary: dict[str, Any]

    @property
    def size(self) -> int:
        """Number of entries that the solver sees."""
        return int(self.problem.X.size)


def prepare(X: Any, mask: Any) -> FitInput:
    """Check the data, set empty slices aside, and determine the pattern of missing entries.

    Raises
    ------
    ValueError
        As :func:`trialtensor.data.validation.check_trial_tensor`, and for all-zero data.
    """
    checked = check_trial_tensor(X, mask=mask)
    data = of_checked(checked)
    problem, pattern = as_problem(data.values, data.mask)
    observed = data.mask
    if isinstance(problem, DenseProblem) and problem.pattern is not None:
        # The pattern says it all; a view of it frees the memory of the full mask.
        observed = problem.pattern.as_mask(data.values.shape)
    check_scale(problem.X, problem.norm2)
    summary = _summary(checked, data.kept, pattern) | said_by(X)
    return FitInput(problem, observed, data.kept, checked.coords, summary)


def of_checked(
    checked: CheckedTensor, neurons: np.ndarray | None = None, times: np.ndarray | None = None
) -> Observed:
    """Drop empty trials, and empty neurons and bins unless given the ones to keep."""
    known = neurons is not None or times is not None
    kept = (
        None if known else ~checked.empty_trials,
        ~checked.empty_neurons if neurons is None else neurons,
        ~checked.empty_times if times is None else times,
    )
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
                f"{len(empty)} of {len(keep)} {axis}s have no data ({axis} {shown}); "
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


def describe_data(
    shape: tuple[int, ...],
    dtype: np.dtype,
    size: int,
    n_observed: int,
    pattern: str,
    treatment: str,
    **more: int,
) -> dict[str, Any]:
    """Summarise the data of a fit; every kind of model keeps this as ``data_summary_``."""
    return {
        "shape": tuple(int(n) for n in shape),
        "dtype": str(dtype),
        "n_observed": n_observed,
        "missing_fraction": 1 - n_observed / size,
        "missing_pattern": pattern,
        **more,
        "treatment": treatment,
    }


def count_observed(
    values: Sequence[np.ndarray], masks: Sequence[np.ndarray | None]
) -> tuple[int, int]:
    """Count all entries and the observed entries of several arrays."""
    size = sum(each.size for each in values)
    seen = sum(
        each.size if mask is None else int(mask.sum())
        for each, mask in zip(values, masks, strict=True)
    )
    return size, seen


def said_by(X: Any) -> dict[str, Any]:
    """Return what data says of itself: whether its axes were assumed, and how it was made.

    Parameters
    ----------
    X : array or xarray.DataArray, or list or dict of them
    """
    X = source_of(X)
    made = making_of(X)
    return {"axes_assumed": order_assumed(X), **({"made": made} if made else {})}


def unknown_data(shape: tuple[int, int, int]) -> dict[str, Any]:
    """Summarise data that was never seen."""
    return {
        "shape": shape,
        "dtype": "unknown",
        "n_observed": 0,
        "missing_fraction": float("nan"),
        "missing_pattern": "unknown",
        **{f"empty_{axis}s": 0 for axis in AXES},
        "treatment": "The factors were given; the data is not known.",
    }


def _summary(checked: CheckedTensor, kept: Kept, pattern: str) -> dict[str, Any]:
    size, n_observed = count_observed([checked.values], [checked.observed])
    empty = {f"empty_{axis}s": int((~k).sum()) for axis, k in zip(AXES, kept, strict=True)}
    return describe_data(
        checked.values.shape,
        checked.values.dtype,
        size,
        n_observed,
        pattern,
        treatment_of(pattern, kept),
        **empty,
    )


def treatment_of(pattern: str, kept: Kept) -> str:
    """Say what was done about missing entries; ``kept`` marks the slices with data."""
    parts = []
    if not all(k.all() for k in kept):
        parts.append("Trials, neurons or time bins without any data were left out of the fit.")
    if pattern == "none":
        parts.append("Nothing else was missing." if parts else "Nothing was missing.")
    else:
        parts.append(LEFT_OUT)
    return " ".join(parts)
