"""Evidence that several series give together for transitions that each may show little of."""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from trialtensor.kernels.transition_scans import fit_columns
from trialtensor.tracking.transitions.evidence import SeriesEvidence

FINER = 4.0  # between sizes that are looked at


def gain_by_sharing(series: list[SeriesEvidence], columns: np.ndarray) -> float:
    """Return by how much log evidence rises if series may share their noise and size of changes.

    A prior with ``g = n`` asks each series by itself for what would show in it alone. Amplitudes of
    several series are rather taken to be of one size beside the noise: ``g`` is n, n / 4, and so on
    down to 1, each as likely as the others. Likewise, series are as likely to have the same kind of
    noise as each one of its own; otherwise what says of each a little that its noise is slow would
    add up to transitions.

    Parameters
    ----------
    series : list of SeriesEvidence
    columns : (p, n_trials) array
        The shapes of transitions.
    """
    n = max(each.n_observed for each in series)
    n_sizes = int(np.log(n) / np.log(FINER)) + 1 if len(columns) else 1
    sizes = n / FINER ** np.arange(n_sizes)
    kinds = np.stack([_kinds(each, columns, sizes) for each in series])
    prior = series[0].filters.kinds.log_prior[:, None]
    own = logsumexp(kinds, axis=1).sum(axis=0)
    common = logsumexp(np.sum(kinds - prior, axis=0) + prior, axis=0)
    return float(logsumexp([own, common]) - np.log(2 * n_sizes) - own[0])


def _kinds(series: SeriesEvidence, columns: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return the log evidence of columns for each kind of noise and ``g``, prior included."""
    filters, none = series.filters, columns[:0]
    # As in all evidence here, the largest doesn't shrink amplitudes.
    kept = np.append(1.0, sizes[1:] / (1 + sizes[1:]))
    kinds = np.empty((len(filters.gains), len(sizes)))
    for k, gains in enumerate(filters.gains):
        given = gains, series.y[k], series.base[k]
        _, whole, _, _ = fit_columns(*given, none)
        _, left, volume, p = fit_columns(*given, columns)
        rest = whole - kept * (whole - left) + series.least
        kinds[k] = filters.offsets[k] - 0.5 * volume - 0.5 * p * np.log1p(sizes)
        kinds[k] -= 0.5 * series.n * np.log(rest)
    return kinds
