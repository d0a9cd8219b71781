"""Input checks for fits of adaptation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trialtensor.data.arrays import as_floats, refuse_sparse
from trialtensor.data.missing import as_array
from trialtensor.data.per_entry import one_each, own_index
from trialtensor.models.parameters import check_share
from trialtensor.tracking.series import check_unit

# With fewer than three trials per parameter, a perfect fit means nothing.
TRIALS_PER_PARAMETER = 3
# Fewer subjects have no spread to speak of.
MIN_SUBJECTS = 5


def check_adaptation(
    y: ArrayLike, perturbation: ArrayLike, n_parameters: int, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Check subjects × trials, and the schedule."""
    series = as_floats(y, "y")
    refuse_sparse(perturbation, "perturbation")
    if series.ndim not in (1, 2) or 0 in series.shape:
        raise ValueError(
            f"y: expected (n_trials,) or (n_subjects, n_trials), got shape {series.shape}"
        )
    n_trials = series.shape[-1]
    if as_array(perturbation).shape not in ((n_trials,), (n_trials, 1)):
        raise ValueError(
            f"perturbation: expected shape {series.shape[-1:]}, a value for each trial of y, "
            f"got {np.shape(perturbation)}"
        )
    along = own_index(y, "trial", "y", series.ndim - 1)
    schedule = as_floats(
        one_each(perturbation, n_trials, "perturbation", along=along), "perturbation"
    )
    for name, values in (("y", series), ("perturbation", schedule)):
        if np.isinf(values).any():
            raise ValueError(f"{name}: expected numbers or NaN, got an infinite value")
        check_unit(values, name)
    if not np.nan_to_num(schedule).any():
        raise ValueError("perturbation: expected trials with a perturbation, got only 0 or NaN")
    check_share("level", level)
    series = np.atleast_2d(series)
    if 1 < len(series) < MIN_SUBJECTS:
        raise ValueError(
            f"y: expected one series or at least {MIN_SUBJECTS} subjects, got {len(series)}; "
            "their mean is one series"
        )
    if silent := np.flatnonzero(np.isnan(series).all(axis=1)).tolist():
        raise ValueError(f"y: subject {silent[0]} has no trial that isn't NaN")
    needed = TRIALS_PER_PARAMETER * n_parameters
    seen = int(np.isfinite(series).any(axis=0).sum())
    if seen < needed:
        raise ValueError(
            f"y: {n_parameters} parameters need at least {needed} observed trials, got {seen}"
        )
    # R's NA is a signalling NaN, which warns in every sum.
    series, schedule = (np.where(np.isnan(each), np.nan, each) for each in (series, schedule))
    return series, schedule
