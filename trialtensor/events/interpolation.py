"""Values between the bins of a trial, and the values of bins from values between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Parts of a bin: closer to a bin centre than this is on it, two closer to each other are one.
_ON, _APART = 1e-9, 1e-3


@dataclass(frozen=True, eq=False)
class Places:
    """Where points lie among the bins of a trial.

    Attributes
    ----------
    n_times : int
        Bins of the trial.
    at : (n_points,) float array
        Number of the bin, with a fraction for points between two; NaN for a point outside.
    """

    n_times: int
    at: np.ndarray

    @classmethod
    def among(cls, times: np.ndarray, points: np.ndarray) -> Places:
        """Find the places of points among bins of one width; points on a bin centre are on it."""
        n_times = len(times)
        step = (times[-1] - times[0]) / (n_times - 1) if n_times > 1 else 1.0
        at = (points - times[0]) / step
        near = np.round(at)
        at = np.where(np.abs(at - near) <= _ON * np.maximum(np.abs(near), 1), near, at)
        return cls(n_times, np.where((at >= -0.5) & (at < n_times - 0.5), at, np.nan))

    @classmethod
    def nowhere(cls, n_times: int, n_points: int) -> Places:
        """Return places of points that lie outside of the trial."""
        return cls(n_times, np.full(n_points, np.nan))

    def inside(self) -> np.ndarray:
        """Return the points between the centres of the first and the last bin."""
        with np.errstate(invalid="ignore"):
            return np.flatnonzero((self.at >= 0) & (self.at <= self.n_times - 1))

    def nearest(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the points in any bin, and the bin of each."""
        points = np.flatnonzero(np.isfinite(self.at))
        bins = np.floor(self.at[points] + 0.5).astype(int)
        return points, np.clip(bins, 0, self.n_times - 1)

    def restorable(self, linear: bool) -> np.ndarray:
        """Return the bins whose values follow from those at the points, (n_times,) bool."""
        if not linear:
            return np.asarray(np.isin(np.arange(self.n_times), self.nearest()[1]))
        values = np.ones((1, len(self.at)))
        return np.isfinite(_solved(values, self)[0])


def forward(values: np.ndarray, places: Places, nearest: bool) -> np.ndarray:
    """Return values at points: by linear interpolation, or of the bin that a point lies in.

    Parameters
    ----------
    values : (n_neurons, n_times) array
        NaN is missing, and what lies between it and a neighbour too.
    places : Places
    nearest : bool

    Returns
    -------
    (n_neurons, n_points) array
    """
    found = np.full((len(values), len(places.at)), np.nan, values.dtype)
    if nearest:
        points, bins = places.nearest()
        found[:, points] = values[:, bins]
        return found
    points = places.inside()
    left = np.floor(places.at[points]).astype(int)
    part = (places.at[points] - left).astype(values.dtype)
    right = np.minimum(left + 1, places.n_times - 1)
    # A point on a bin needs nothing of the next one, which may be missing.
    between = values[:, left] * (1 - part) + values[:, right] * part
    found[:, points] = np.where(part == 0, values[:, left], between)
    return found


def nearest_back(values: np.ndarray, places: Places) -> np.ndarray:
    """Return the values that were copied to points; NaN for bins that none was copied from.

    Parameters
    ----------
    values : (n_neurons, n_points) array
    places : Places

    Returns
    -------
    (n_neurons, n_times) array
    """
    found = np.full((len(values), places.n_times), np.nan, values.dtype)
    points, bins = places.nearest()
    found[:, bins] = values[:, points]
    return found


def solved_back(values: np.ndarray, places: Places) -> np.ndarray:
    """Return the values of bins of which these were interpolated.

    Between two bins the values at points lie on a straight line: two of them give its ends. Where
    there are no two, values are interpolated between the points, which is an approximation.

    Parameters
    ----------
    values : (n_neurons, n_points) array
    places : Places

    Returns
    -------
    (n_neurons, n_times) array
    """
    found = _solved(values, places)
    lost = np.isnan(found)
    if not lost.any():
        return found
    points = places.inside()
    if len(points):
        bins = np.arange(places.n_times, dtype=float)
        at = places.at[points]
        back = Places.nowhere(len(points), places.n_times)
        inside = (bins >= at[0]) & (bins <= at[-1])
        back.at[inside] = np.interp(bins[inside], at, np.arange(len(points)))
        found = np.where(lost, forward(values[:, points], back, nearest=False), found)
    return found


def _solved(values: np.ndarray, places: Places) -> np.ndarray:
    """Return the values of bins that follow from those at points; NaN for all others."""
    found = np.full((len(values), places.n_times), np.nan, values.dtype)
    points = places.inside()
    at = places.at[points]
    left = np.minimum(np.floor(at).astype(int), max(places.n_times - 2, 0))
    # Neurons that miss the same points are solved together, mostly all of them.
    seen = ~np.isnan(values[:, points])
    alike = bool((seen == seen[:1]).all())
    for pattern in seen[:1] if alike else np.unique(seen, axis=0):
        rows = np.flatnonzero((seen == pattern).all(axis=1))
        own = np.flatnonzero(pattern)
        if len(own):
            known = values[np.ix_(rows, points[own])].astype(np.float64)
            found[rows] = _ends(known, at[own], left[own], places.n_times)
    return found


def _ends(values: np.ndarray, at: np.ndarray, left: np.ndarray, n_times: int) -> np.ndarray:
    """Return the ends of straight lines between bins, each from the points furthest apart."""
    found = np.full((len(values), n_times), np.nan)
    spread = np.zeros(n_times)
    intervals, first, count = np.unique(left, return_index=True, return_counts=True)
    last = first + count - 1
    apart = at[last] - at[first]
    good = apart > _APART
    slope = (values[:, last] - values[:, first]) / np.where(good, apart, 1)
    for end in (0, 1):
        bins = intervals[good] + end
        better = (bins < n_times) & (apart[good] > spread[np.minimum(bins, n_times - 1)])
        chosen = np.flatnonzero(good)[better]
        line = values[:, first[chosen]] + slope[:, chosen] * (
            intervals[chosen] + end - at[first[chosen]]
        )
        found[:, bins[better]] = line
        spread[bins[better]] = apart[chosen]
    # What lies on a bin is its value, and needs no line.
    on = np.flatnonzero(at == np.round(at))
    found[:, at[on].astype(int)] = values[:, on]
    return found
