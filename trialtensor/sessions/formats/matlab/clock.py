"""Times of events that are counted in the unit of the spikes, such as samples or milliseconds."""

from __future__ import annotations

import numpy as np
import pandas

from trialtensor.sessions.describing import event_columns
from trialtensor.sessions.formats.matlab.spikes import Layout, some_times

# Times in two units differ by more than this, and times of one recording by less.
_FAR = 2.0


def on_clock_of_spikes(
    trials: pandas.DataFrame, layout: Layout, rate: float
) -> tuple[pandas.DataFrame, list[str]]:
    """Divide whole numbers that can only be times in the unit of the spikes by their rate.

    Parameters
    ----------
    trials : pandas.DataFrame
    layout : Layout
        Spikes that aren't cut into trials.
    rate : float
        Units of time a second.

    Returns
    -------
    trials : pandas.DataFrame
    names : list of str
        The columns that were divided: as large as the numbers of the spikes, and far too large for
        the same in seconds.
    """
    times = some_times(layout)
    last = 0.0 if times is None or not len(times) else float(np.nanmax(times))
    changed = {
        name: trials[name] / rate
        for name in event_columns(trials)
        if _whole(trials[name]) and last * _FAR / rate < trials[name].max() < last * _FAR
    }
    return (trials.assign(**changed) if changed else trials), list(changed)


def of_trial(values: np.ndarray, rate: float | None, span: tuple[float, float]) -> np.ndarray:
    """Return times relative to their trial in seconds, given those or in the unit of the spikes.

    Parameters
    ----------
    values : (n_trials,) float array
    rate : float or None
    span : (float, float)
        First and last spike of any trial, in seconds.
    """
    largest = float(np.nanmax(np.abs(values), initial=0))
    far = largest > 10 * max(abs(span[0]), abs(span[1]))
    return values / rate if rate is not None and far and _whole(values) else values


def _whole(values: object) -> bool:
    given = np.asarray(values, dtype=float)
    known = given[np.isfinite(given)]
    return len(known) > 0 and bool((known == np.round(known)).all())
