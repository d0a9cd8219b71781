"""Checking new trials against the data of a fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trialtensor.data.elsewhere import kind_of
from trialtensor.data.labels import labels_alike
from trialtensor.data.more_axes import plural, sizes_text
from trialtensor.data.validation import CheckedTensor, check_trial_tensor
from trialtensor.models.fitted import Fitted
from trialtensor.models.observed import Observed, of_checked, warn_empty
from trialtensor.solvers.namespaces import as_numpy
from trialtensor.solvers.passes.on_device import (
    DevicePasses,
    adds_in_double,
    computed_in,
    dtype_of,
)
from trialtensor.solvers.passes.reshaped import unwrapped
from trialtensor.solvers.passes.reshaped_on_device import in_shape
from trialtensor.solvers.passes.survey import survey


def check_new_trials(
    fitted: Fitted,
    X: Any,
    mask: Any,
    known: Sequence[np.ndarray],
    dtype: Any,
    *,
    in_passes: bool = False,
) -> Observed:
    """Check new trials against a fitted model, dropping empty slices and those unknown to it.

    Parameters
    ----------
    fitted : Fitted
    X, mask : as for ``transform``
    known : (n_neurons,), (n_times,) bool arrays
        Neurons and bins that the fit has seen; the others can't be used. Of more axes, one for
        each after that of trials.
    dtype : dtype of the model
    in_passes : bool
        Leave complete data on its device, and return the passes over it.

    Raises
    ------
    ValueError
        For other neurons or bins than those of the fit, or as ``check_trial_tensor``.
    """
    many = len(known) > 2
    if kind_of(X) == "device":
        stays = in_passes and mask is None and adds_in_double(X)
        there = _on_device(X, known, dtype) if stays else None
        if there is not None:
            return there
        X, mask = as_numpy(X), None if mask is None else as_numpy(mask)
    checked = check_trial_tensor(X, mask=mask, many=many)
    expected = tuple(map(len, known))
    if many:
        _check_axes(fitted, X, checked)
    if checked.values.shape[1:] != expected and not many:
        raise ValueError(
            f"X: the model was fitted to {expected[0]} neurons x {expected[1]} time bins, "
            f"got {checked.values.shape[1]} x {checked.values.shape[2]}"
        )
    for axis in fitted.axes[1:] if many else ("neuron",):
        check_labels(fitted, checked.coords, axis)
    new = of_checked(checked, *known)
    check_anything_known(bool(new.kept[0].any()))
    values = new.values.astype(np.result_type(new.values, dtype), copy=False)
    return Observed(values, new.mask, new.kept)


def _on_device(X: Any, known: Sequence[np.ndarray], dtype: Any) -> Observed | None:
    """Return the passes over new trials; None for those that memory has more to say about."""
    if tuple(X.shape[1:]) != tuple(map(len, known)) or 0 in X.shape:
        return None
    if dtype_of(X).kind not in "fiub" or not all(each.any() for each in known):
        return None
    kept = (np.ones(X.shape[0], bool), *known)
    own = np.result_type(computed_in(X), dtype)
    there = DevicePasses if len(kept) == 3 else in_shape
    passes: Any = there(X, own, has_missing=dtype_of(X).kind == "f")
    passes = passes if all(each.all() for each in known) else passes.without(kept)
    found = survey(passes)
    if found.n_missing or found.n_infinite:
        return None
    unwrapped(passes).has_missing = False
    return Observed(passes, None, kept)


def check_anything_known(known: bool) -> None:
    """Refuse new trials without any data that the model could use.

    Raises
    ------
    ValueError
        If nothing is known.
    """
    if not known:
        raise ValueError(
            "X: all its data is in neurons or time bins that had none in the fit, so the model "
            "says nothing about them"
        )


def check_labels(
    fitted: Fitted, coords: Mapping[str, tuple[str, np.ndarray]], axis: str = "neuron"
) -> None:
    """Refuse labelled neurons that differ from the fitted ones, or have another order.

    Raises
    ------
    ValueError
        Naming the first that differs.
    """
    ours, theirs = fitted.coords.get(axis), coords.get(axis)
    if ours is None or theirs is None or len(ours[1]) != len(theirs[1]):
        return
    differ = ~labels_alike(ours[1], theirs[1])
    if np.any(differ):
        first = int(np.flatnonzero(differ)[0])
        given, expected = (np.asarray(each[1]).tolist()[first] for each in (theirs, ours))
        raise ValueError(
            f"X: {axis} {first} is labelled {given!r}, but the model was fitted to {expected!r} "
            f"there; put the {plural(axis)} in the same order"
        )


def _check_axes(fitted: Fitted, X: Any, checked: CheckedTensor) -> None:
    """Refuse trials with other axes than those of the fit, or of other lengths."""
    named = hasattr(X, "dims") and not fitted.data.get("axes_assumed", True)
    shape = checked.values.shape[1:]
    if shape != fitted.shape[1:] or (named and checked.axes != fitted.axes):
        raise ValueError(
            f"X: the model was fitted to {sizes_text(fitted.axes[1:], fitted.shape[1:])}, got "
            f"{sizes_text(checked.axes[1:], shape)}"
        )


def known_rows(factors: np.ndarray) -> np.ndarray:
    """Return which rows of a factor matrix are known, as a bool array."""
    return np.asarray(np.isfinite(factors).all(axis=1))


def warn_empty_trials(new: Observed) -> None:
    """Warn about new trials without any data."""
    warn_empty(new.kept[:1], ("trial",))
