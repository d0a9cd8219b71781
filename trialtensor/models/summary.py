"""What a fitted model keeps of its data: its size, what was missing, and what was done about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trialtensor.data.axes import AXES, order_assumed
from trialtensor.data.elsewhere import source_of
from trialtensor.data.making import making_of
from trialtensor.data.more_axes import assumed_axes, plural
from trialtensor.data.validation import CheckedTensor

LEFT_OUT = "Missing entries were left out of the loss; nothing was filled in."


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


def unknown_data(shape: tuple[int, ...]) -> dict[str, Any]:
    """Summarise data that was never seen."""
    axes = assumed_axes(len(shape))
    return {
        **named_axes(axes),
        "shape": shape,
        "dtype": "unknown",
        "n_observed": 0,
        "missing_fraction": float("nan"),
        "missing_pattern": "unknown",
        **{f"empty_{axis}s": 0 for axis in axes},
        "treatment": "The factors were given; the data is not known.",
    }


def summarise(checked: CheckedTensor, kept: Sequence[np.ndarray], pattern: str) -> dict[str, Any]:
    """Summarise one checked array, of which some slices are kept."""
    size, n_observed = count_observed([checked.values], [checked.observed])
    empty = {f"empty_{axis}s": int((~k).sum()) for axis, k in zip(checked.axes, kept, strict=True)}
    return named_axes(checked.axes) | describe_data(
        checked.values.shape,
        checked.values.dtype,
        size,
        n_observed,
        pattern,
        treatment_of(pattern, kept, checked.axes),
        **empty,
    )


def named_axes(axes: tuple[str, ...]) -> dict[str, Any]:
    """Name axes in a summary, if they aren't the usual ones."""
    return {} if axes == AXES else {"axes": axes}


def treatment_of(pattern: str, kept: Sequence[np.ndarray], axes: Sequence[str] = AXES) -> str:
    """Say what was done about missing entries; ``kept`` marks the slices with data."""
    parts = []
    if not all(k.all() for k in kept):
        *first, last = ("time bins" if axis == "time" else plural(axis) for axis in axes)
        all_axes = f"{', '.join(first)} or {last}"
        parts.append(f"{all_axes.capitalize()} without any data were left out of the fit.")
    if pattern == "none":
        parts.append("Nothing else was missing." if parts else "Nothing was missing.")
    else:
        parts.append(LEFT_OUT)
    return " ".join(parts)
