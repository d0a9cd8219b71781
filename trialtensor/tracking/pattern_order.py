"""Warnings where early and late trials differ in more than time."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.stats

from trialtensor.data.notices import warn
from trialtensor.data.parsing import by_axis
from trialtensor.tracking.series import check_labels

MOST_LABELS = 20
CERTAIN = 1e-3


def warn_of_order(X: Any, sets: list[np.ndarray], conditions: Any) -> None:
    """Warn of trials that aren't in order, and of sets of different conditions.

    Parameters
    ----------
    X : array or xarray.DataArray
    sets : list of int arrays
        Early and late trials.
    conditions : (n_trials,) array, optional
    """
    labelled = by_axis(X, None, None, "X")[2]
    coords = {} if labelled is None else labelled.coords
    n_trials = len(X) if labelled is None else labelled.sizes["trial"]
    along = coords["trial"].to_numpy() if "trial" in coords else None
    if along is not None and along.dtype.kind in "iufmM" and (along[1:] < along[:-1]).any():
        warn(
            "X: trials aren't in the order of their coordinate, so early and late are not "
            "times; sort X by it"
        )
    if conditions is not None:
        _, codes = check_labels(conditions, n_trials, "conditions", along=along)
        _compare(codes, sets, "conditions")
    for name, coord in coords.items():
        if name == "trial" or coord.dims != ("trial",) or coord.dtype.kind not in "OUSTbiu":
            continue
        names, codes = check_labels(coord.to_numpy(), n_trials, f"coordinate {name!r}")
        # Labels that come one after the other may be the very blocks that are compared.
        switches = np.count_nonzero(np.diff(codes))
        if 1 < len(names) <= MOST_LABELS and switches >= len(names):
            _compare(codes, sets, repr(str(name)))


def _compare(codes: np.ndarray, sets: list[np.ndarray], what: str) -> None:
    """Warn if labels have other shares in both sets than chance would give."""
    counts = np.array([np.bincount(codes[s][codes[s] >= 0], minlength=codes.max(initial=0) + 1)
                       for s in sets])  # fmt: skip
    counts = counts[:, counts.sum(axis=0) > 0]
    if counts.shape[1] < 2 or not counts.sum(axis=1).all():
        return
    if scipy.stats.chi2_contingency(counts).pvalue <= CERTAIN:
        warn(
            f"early and late trials differ in {what}: what differs between these labels would look "
            "like a change over trials; choose sets with the same shares of each, or one label"
        )
