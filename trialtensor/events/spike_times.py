"""Spike times of many units in one array: grouped by unit, sorted within each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas
from scipy import sparse

from trialtensor.data.arrays import as_floats, as_numbers
from trialtensor.data.labels import complete_labels
from trialtensor.data.notices import warn
from trialtensor.data.parameters import check_number
from trialtensor.events.tables import natural_key

_COARSE = 1e-4  # seconds between neighbouring numbers that are worth a warning


def in_seconds(times: Any, rate: float | None = None, argument: str = "times") -> np.ndarray:
    """Return times in seconds as floats.

    Parameters
    ----------
    times : (n,) array-like, or (n, 1) or (1, n)
        Quantities with a unit of their own are converted.
    rate : float, optional
        Samples a second, if these are numbers of samples.
    argument : str
        Name for error messages.

    Raises
    ------
    ValueError
        If times aren't numbers in one row or column.

    Warns
    -----
    UserWarning
        If they are stored so coarsely (float32) that bins of milliseconds would go wrong.
    """
    if hasattr(times, "rescale"):  # quantities, as neo has them
        times, rate = times.rescale("s").magnitude, None
    given = as_numbers(times, argument, expected="times in seconds")
    if given.dtype == bool:
        raise ValueError(
            f"{argument}: expected times in seconds, got True and False; of samples with a spike "
            "take numpy.flatnonzero(samples) / rate"
        )
    if given.ndim == 2 and 1 in given.shape:
        given = given.reshape(-1)
    if given.ndim != 1:
        raise ValueError(f"{argument}: expected times of shape (n,), got shape {given.shape}")
    found = as_floats(given, argument)
    if rate is not None:
        return found / check_number("rate", rate, above=0)
    if given.dtype in (np.float32, np.float16) and given.size:
        last = given.dtype.type(np.nanmax(np.abs(found), initial=0))
        step = float(np.spacing(last))
        if step > _COARSE:
            warn(
                f"{argument}: stored as {given.dtype}, whose numbers near {last:g} s are "
                f"{1000 * step:.2g} ms apart; store times as float64"
            )
    return found


def joined(arrays: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Put the spikes of units one after the other.

    Parameters
    ----------
    arrays : sequence of (n_i,) arrays

    Returns
    -------
    times, bounds
        As `trialtensor.events.Units` has them.
    """
    bounds = np.zeros(len(arrays) + 1, np.int64)
    np.cumsum([len(each) for each in arrays], out=bounds[1:])
    times = np.concatenate(arrays) if len(arrays) else np.zeros(0)
    return times, bounds


def grouped(
    times: np.ndarray, units: Any, ids: pandas.Index | None
) -> tuple[Any, tuple[np.ndarray, np.ndarray]]:
    """Group the spikes of a recording by their unit.

    Parameters
    ----------
    times : (n_spikes,) array
    units : (n_spikes,) array-like
        The unit of each spike.
    ids : pandas.Index or None
        The units that there are; None for those that occur, sorted.

    Returns
    -------
    ids : pandas.Index or array
    spikes : times, bounds
        As `trialtensor.events.Units` has them.

    Raises
    ------
    ValueError
        If lengths differ, a spike has no unit, or one that isn't among ``ids``.
    """
    labels = complete_labels(units, "units", "spike needs a unit").reshape(-1)
    if labels.shape != times.shape:
        raise ValueError(
            f"units: expected the unit of each of {len(times)} spikes, got {len(labels)}"
        )
    codes, found = _codes(labels)
    if ids is None:
        return found, _by_unit(times, codes, len(found))
    if not ids.is_unique:
        raise ValueError("table: its index must name each unit once, to tell whose a spike is")
    places = ids.get_indexer(pandas.Index(found)).astype(np.int32)
    if (places < 0).any():
        n = int((places < 0)[codes].sum())
        other = found[places < 0].tolist()
        raise ValueError(
            f"units: {n} spikes belong to units that aren't in the table, such as {other[0]!r}; "
            "give them a row, or leave out their spikes"
        )
    return ids, _by_unit(times, places[codes], len(ids))


def checked_spikes(times: Any, bounds: Any, n_units: int) -> tuple[np.ndarray, np.ndarray]:
    """Check what a file gave, leave out NaN, and sort each unit's spikes where they aren't.

    Parameters
    ----------
    times : (n_spikes,) array-like
    bounds : (n_units + 1,) array-like of whole numbers
    n_units : int

    Returns
    -------
    times : (n_spikes,) float64 array
        Possibly the one given, if nothing had to be done.
    bounds : (n_units + 1,) int64 array

    Raises
    ------
    ValueError
        If bounds don't fit, or times are infinite.
    """
    found = in_seconds(times, argument="spike times")
    ends = np.asarray(bounds)
    whole = ends.dtype.kind in "iu" and ends.shape == (n_units + 1,)
    ends = ends.astype(np.int64) if whole else ends  # differences of unsigned numbers never fall
    if not whole or ends[0] != 0 or ends[-1] != len(found) or (np.diff(ends) < 0).any():
        raise ValueError(
            f"spike times: bounds of units don't fit {len(found)} spikes of {n_units} units: "
            f"expected {n_units + 1} rising whole numbers from 0 to {len(found)}"
        )
    finite = np.isfinite(found)
    if not finite.all():
        if np.isinf(found).any():
            raise ValueError(f"spike times: {int(np.isinf(found).sum())} are infinite")
        kept = np.concatenate(([0], np.cumsum(finite)))
        found, ends = found[finite], kept[ends]
    return _sorted_within(found, ends), ends


def _codes(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the place of each label among the sorted ones that occur, and those."""
    if labels.dtype.kind in "iu" and len(labels):
        low, high = int(labels.min()), int(labels.max())
        # Counting is faster than sorting where ids are small, as those of clusters are.
        if high - low <= max(len(labels), 2**16):
            shifted = np.subtract(labels, low, dtype=np.int64)
            occurs = np.bincount(shifted) > 0
            places = np.cumsum(occurs, dtype=np.int32) - np.int32(1)
            return places[shifted], np.flatnonzero(occurs) + low
    return sorted_codes(labels)


def sorted_codes(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the place of each label among the sorted ones that occur, and those.

    Parameters
    ----------
    labels : (n,) array
        As from `trialtensor.data.labels.plain_labels`, none missing. Numbers in text count as
        numbers: unit2 comes before unit10.

    Examples
    --------
    >>> sorted_codes(np.array(["u10", "u2", "u10"]))[1].tolist()
    ['u2', 'u10']
    """
    codes, found = pandas.factorize(labels)
    found = np.asarray(found)
    if found.dtype.kind in "OU":
        order = np.array(sorted(range(len(found)), key=lambda i: natural_key(found[i])), np.int64)
    else:
        order = np.argsort(found, kind="stable")
    place = np.empty(len(found), np.int64)
    place[order] = np.arange(len(found))
    return place[codes], found[order]


def _by_unit(times: np.ndarray, codes: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Sort spikes by unit and keep their order within each, by SciPy's counting sort."""
    whole = np.int32 if len(times) < 2**31 - 1 else np.int64
    rows = np.arange(len(times) + 1, dtype=whole)
    by_spike = sparse.csr_array((times, codes.astype(whole), rows), shape=(len(times), n))
    by_unit = by_spike.tocsc()
    return by_unit.data, by_unit.indptr.astype(np.int64)


def _sorted_within(times: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    falls = times[1:] < times[:-1]
    starts = bounds[1:-1]
    inner = starts[(starts > 0) & (starts < len(times))]
    falls[inner - 1] = False  # from one unit to the next
    places = np.flatnonzero(falls)
    if not len(places):
        return times
    found = times.copy()
    for unit in np.unique(np.searchsorted(bounds, places, side="right") - 1):
        found[bounds[unit] : bounds[unit + 1]].sort()
    return found
