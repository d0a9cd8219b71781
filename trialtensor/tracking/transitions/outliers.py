"""Trials unlike the others: noise that is larger in a part of the session, and outliers."""

from __future__ import annotations

import itertools

import numpy as np

from trialtensor.kernels.change_points import penalised_changes
from trialtensor.kernels.slow_noise import orthonormal, precisions, whiten, whiten_transposed
from trialtensor.tracking.transitions.evidence import SeriesEvidence

LIMIT = 2.5  # standard deviations; beyond, trials are drawn in, as Huber's estimators do
SPIKE = 5.0
PASSES = 5  # an outlier makes its neighbours look like some
NO_NOISE = 1e-4  # of the spread of a series
NORMAL_MAD = 0.6745  # median absolute deviation of a standard normal variable
LOG_VARIANCE = np.pi**2 / 8  # of the logarithm of its absolute value
SHORTEST_PART = 20  # trials in which a spread can be told
LEAST_LOG = 0.05  # of the median deviation: smaller deviations would count for too much


def without_spikes(y: np.ndarray, n_beside: int) -> np.ndarray:
    """Return a series without trials that are far from those before and those after.

    Two transitions would otherwise be drawn to a few such trials, and then explain them.

    Parameters
    ----------
    y : (n_trials,) array
        NaN is missing.
    n_beside : int
        Trials on either side, whose medians are compared with: fewer than half may be outliers.
    """
    seen = np.flatnonzero(np.isfinite(y))
    known = y[seen]
    if len(known) < 4 * n_beside:
        return y
    scale = np.median(np.abs(np.diff(known))) / NORMAL_MAD / np.sqrt(2)
    medians = np.median(np.lib.stride_tricks.sliding_window_view(known, n_beside), axis=1)
    inner = slice(n_beside, len(known) - n_beside)
    before = known[inner] - medians[: len(known) - 2 * n_beside]
    after = known[inner] - medians[n_beside + 1 :]
    size = np.where(np.sign(before) == np.sign(after), np.minimum(np.abs(before), np.abs(after)), 0)
    beyond = np.zeros(len(known))
    beyond[inner] = np.sign(before) * size
    for end, beside, median in ((0, 1, medians[1]), (-1, -2, medians[-2])):
        # Learning may begin or end fast there, but then the next trial is on its way, too.
        alone = abs(known[beside] - median) < abs(known[end] - median) / 2
        beyond[end] = known[end] - median if alone else 0.0
    far = np.abs(beyond) > SPIKE * scale
    if not far.any() or not scale > 0:
        return y
    closer = y.copy()
    closer[seen] -= np.where(far, beyond - np.sign(beyond) * LIMIT * scale, 0.0)
    return closer


def innovations(evidence: SeriesEvidence, columns: np.ndarray) -> np.ndarray:
    """Return what neither columns nor the trials before predict, ``(n_trials,)``.

    In standard deviations, under the kind of noise that is most likely with these columns; 0 where
    missing.
    """
    rest, _ = _residual(evidence, columns)
    return rest


def _residual(evidence: SeriesEvidence, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the whitened residual and the gains of the filter that whitened it."""
    k = int(np.argmax(evidence.kinds(columns)))
    gains, y = evidence.filters.gains[k], evidence.y[k]
    rows = np.vstack([evidence.base[k], whiten(gains, columns)])
    basis, _ = orthonormal(rows, 1e-9)
    return y - (basis @ y) @ basis, gains


def _is_noise(rest: np.ndarray, evidence: SeriesEvidence) -> bool:
    spread = np.median(np.abs(rest))
    return bool(spread > NO_NOISE * np.sqrt(np.mean(evidence.y[0] ** 2)))


def spread_of(evidence: SeriesEvidence, columns: np.ndarray) -> np.ndarray | None:
    """Return the relative spread of the noise over trials, or None if it stays the same.

    Logarithms of absolute deviations change their level where the spread does, whatever the
    outliers. A change must gain ``4 log n`` in units of their variance, twice what Schwarz's
    criterion asks for.
    """
    seen = evidence.filters.seen
    rest = innovations(evidence, columns)[seen]
    n = len(rest)
    if n < 2 * SHORTEST_PART or not _is_noise(rest, evidence):
        return None
    size = np.abs(rest)
    logs = np.log(np.maximum(size, LEAST_LOG * np.median(size))) / np.sqrt(LOG_VARIANCE)
    changes = penalised_changes(logs - logs.mean(), 4 * np.log(n), SHORTEST_PART)
    if not len(changes):
        return None
    edges = np.array([0, *changes.tolist(), n])
    parts = [size[a:b] for a, b in itertools.pairwise(edges)]
    spread = np.zeros(len(seen))
    # Where a component is silent, trials don't differ at all.
    least = LEAST_LOG * np.median(size)
    spread[seen] = np.repeat([max(np.median(part), least) for part in parts], np.diff(edges))
    return spread / np.exp(np.mean(np.log(spread[seen])))


def draw_in(y: np.ndarray, evidence: SeriesEvidence, columns: np.ndarray) -> np.ndarray:
    """Return a series with its outliers at the limit.

    A trial is judged by what all others say of it: under slow noise, those before and after.
    """
    rest, gains = _residual(evidence, columns)
    seen = evidence.filters.seen
    if not _is_noise(rest[seen], evidence):
        return y
    weights = np.sqrt(precisions(gains))
    with np.errstate(divide="ignore"):
        unit = np.where(seen, 1 / weights, 0.0)
    closer = y.copy()
    scale = None
    for _ in range(PASSES):
        deviation = whiten_transposed(gains, rest[None])[0] * unit
        scale = scale or float(np.median(np.abs(deviation[seen]))) / NORMAL_MAD
        beyond = np.maximum(np.abs(deviation) - LIMIT * scale, 0.0)
        moved = np.where(_is_peak(beyond), np.sign(deviation) * beyond, 0.0)
        if not moved.any():
            break
        closer = np.where(moved != 0, closer - moved * unit, closer)
        rest = rest - whiten(gains, (moved * unit)[None])[0]
    return closer


def _is_peak(values: np.ndarray) -> np.ndarray:
    """Return where a value is above 0 and above those of both neighbours."""
    padded = np.pad(values, 1)
    return (values > 0) & (values >= padded[:-2]) & (values > padded[2:])
