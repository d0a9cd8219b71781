"""From what an estimator is given to a problem that a solver takes."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.data.validation import CheckedTensor, check_trial_tensor
from trialtensor.models.warnings import MissingSliceWarning
from trialtensor.solvers.normal_equations import find_pattern
from trialtensor.solvers.problems import DenseProblem, MaskedProblem, sum_of_squares

AXES = ("trial", "neuron", "time")
# Which trials, neurons and time bins have data.
Kept = tuple[np.ndarray, np.ndarray, np.ndarray]
LEFT_OUT = "Missing entries were left out of the loss; nothing was filled in."
_PATTERN_NAMES = {2: "trial x neuron", 1: "trial x time", 0: "neuron x time"}


@dataclass(frozen=True, eq=False)
class FitInput:
    """Checked data without its empty slices, and which slices those were.

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
        What is missing and what was done to it, for the report.
    """

    problem: DenseProblem | MaskedProblem
    observed: np.ndarray | None
    kept: Kept
    coords: dict[str, tuple[str, np.ndarray]]
    summary: dict[str, Any]


def prepare(X: Any, mask: Any) -> FitInput:
    """Check the data, set empty slices aside, and find the pattern of what is missing.

    Raises
    ------
    ValueError
        As :func:`trialtensor.data.validation.check_trial_tensor`, and for all-zero data.
    """
    checked = check_trial_tensor(X, mask=mask)
    kept = (~checked.empty_trials, ~checked.empty_neurons, ~checked.empty_times)
    values, observed = drop_empty(checked, kept)
    problem, pattern = as_problem(values, observed)
    if isinstance(problem, DenseProblem) and problem.pattern is not None:
        # The pattern says it all; a view of it frees the memory of the full mask.
        observed = problem.pattern.as_mask(values.shape)
    check_scale(problem.X, problem.norm2)
    return FitInput(problem, observed, kept, checked.coords, _summary(checked, kept, pattern))


def check_scale(X: np.ndarray, norm2: float) -> None:
    """Refuse data without any signal, and units in which products leave the number range.

    Raises
    ------
    ValueError
        Saying what to multiply the data by.
    """
    if norm2 == 0 and not X.any():
        raise ValueError("X: every observed value is zero, so there is nothing to decompose")
    limit = 1e100 if X.dtype == np.float64 else 1e15
    rms = (norm2 / X.size) ** 0.5
    if not 1 / limit < rms < limit:
        low, high = float(X.min()), float(X.max())
        raise ValueError(
            f"X: values from {low:.0e} to {high:.0e} are beyond what {X.dtype} can "
            "multiply without losing them; use other units"
        )


def drop_empty(checked: CheckedTensor, kept: Kept) -> tuple[np.ndarray, np.ndarray | None]:
    """Values and mask of the kept slices; no copy when all are kept."""
    values, observed = checked.values, checked.observed
    if not all(k.all() for k in kept):
        index = np.ix_(*kept)
        values = values[index]
        observed = None if observed is None else observed[index]
    if observed is not None and observed.all():
        observed = None
    return values, observed


def as_problem(
    values: np.ndarray, observed: np.ndarray | None
) -> tuple[DenseProblem | MaskedProblem, str]:
    """The cheapest exact problem for what is missing, and the pattern's name."""
    norm2 = sum_of_squares(values)
    if observed is None:
        return DenseProblem(values, norm2), "none"
    pattern = find_pattern(observed)
    if pattern is None:
        return MaskedProblem(values, observed, norm2), "entries"
    return DenseProblem(values, norm2, pattern), _PATTERN_NAMES[pattern.free_axis]


def warn_empty(kept: Kept) -> None:
    """Tell of slices without any data."""
    for axis, keep in zip(AXES, kept, strict=True):
        if not keep.all():
            empty = np.flatnonzero(~keep)
            shown = ", ".join(map(str, empty[:5])) + (", ..." if len(empty) > 5 else "")
            warnings.warn(
                f"{len(empty)} of {len(keep)} {axis}s have no data ({axis} {shown}); "
                f"the model says nothing about them (NaN)",
                MissingSliceWarning,
                stacklevel=3,
            )


def insert_empty(factor: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """A factor with NaN rows where a slice had no data."""
    if kept.all():
        return factor
    full = np.full((len(kept), factor.shape[1]), np.nan, dtype=factor.dtype)
    full[kept] = factor
    return full


def nonnegative_axes(nonnegative: Any) -> tuple[bool, bool, bool]:
    """Which axes ``nonnegative=`` constrains.

    Raises
    ------
    ValueError
        For a name that is no axis.
    """
    if isinstance(nonnegative, (bool, np.bool_)):
        return (bool(nonnegative),) * 3
    if isinstance(nonnegative, str):
        nonnegative = [nonnegative]
    if not isinstance(nonnegative, Iterable):
        raise ValueError(
            f"nonnegative: expected False, True or names of axes among {AXES}, got {nonnegative!r}"
        )
    names = list(nonnegative)
    for name in names:
        if name not in AXES:
            raise ValueError(f"nonnegative: {name!r} is no axis; expected names among {AXES}")
    trial, neuron, time = (axis in names for axis in AXES)
    return trial, neuron, time


def _summary(checked: CheckedTensor, kept: Kept, pattern: str) -> dict[str, Any]:
    size = checked.values.size
    n_observed = size if checked.observed is None else int(checked.observed.sum())
    return {
        "shape": tuple(int(n) for n in checked.values.shape),
        "dtype": str(checked.values.dtype),
        "n_observed": n_observed,
        "missing_fraction": 1 - n_observed / size,
        "missing_pattern": pattern,
        **{f"empty_{axis}s": int((~k).sum()) for axis, k in zip(AXES, kept, strict=True)},
        "treatment": _treatment(pattern, kept),
    }


def unknown_data(shape: tuple[int, int, int]) -> dict[str, Any]:
    """The summary of data that was never seen."""
    return {
        "shape": shape,
        "dtype": "unknown",
        "n_observed": 0,
        "missing_fraction": float("nan"),
        "missing_pattern": "unknown",
        **{f"empty_{axis}s": 0 for axis in AXES},
        "treatment": "The factors were given; the data is not known.",
    }


def _treatment(pattern: str, kept: Kept) -> str:
    parts = []
    if not all(k.all() for k in kept):
        parts.append("Trials, neurons or time bins without any data were left out of the fit.")
    if pattern == "none":
        parts.append("Nothing else was missing." if parts else "Nothing was missing.")
    else:
        parts.append(LEFT_OUT)
    return " ".join(parts)
