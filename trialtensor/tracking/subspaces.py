"""Stability of neural patterns: subspaces and similarity over trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg

from trialtensor.data.shown import OneLine, is_least
from trialtensor.models.parameters import REPEATS, check_whole, generator
from trialtensor.tracking.patterns import (
    check_tensor,
    unit_means,
    whole_cells,
)
from trialtensor.tracking.templates import ROUNDING, correlation


@dataclass(frozen=True, eq=False, repr=False)
class SubspaceDrift(OneLine):
    """Subspaces of neurons in windows of trials.

    Attributes
    ----------
    windows : (n_windows, 2) array of int
        First and last trial.
    overlap : (n_windows, n_windows) array
        Mean squared cosine of the principal angles, from halves of the windows: odd trials of
        one, even trials of the other. The diagonal is the overlap of a window with itself.
    angles_deg : (n_windows, n_windows, n_dims) array
        Principal angles between the same halves, smallest first.
    p_value : float
        For the null that windows differ no more than if trials were in another order; at least
        ``least_p``.
    least_p : float
        Smallest p value that the number of orders allows, ``1 / (n_null + 1)``.
    """

    windows: np.ndarray
    overlap: np.ndarray
    angles_deg: np.ndarray
    p_value: float
    least_p: float = 0.0

    def at_floor(self, name: str = "p_value") -> bool:
        """Return whether the p value is the smallest possible."""
        return bool(is_least(self.p_value, self.least_p))


def subspace_drift(
    X: Any, *, n_windows: int = 10, n_dims: int = 3, n_null: int = 199, random_state: Any = 0
) -> SubspaceDrift:
    """Compare the subspaces that neurons occupy in windows of trials.

    The subspace of a window holds the leading patterns of neurons of its mean activity over time.
    Noise alone rotates subspaces, so nothing is compared with itself: overlaps are between odd and
    even trials, and the diagonal shows what to expect without drift. For the p value, runs of a
    quarter of a window are assigned to the windows at random.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array or xarray.DataArray
        A neuron or time without a value in half of some window is left out.
    n_windows, n_dims, n_null : int
    random_state : int, Generator or None

    Returns
    -------
    SubspaceDrift

    Raises
    ------
    ValueError
        For fewer than 8 trials per window, or more dimensions than neurons or times.

    References
    ----------
    Björck & Golub 1973 for principal angles.

    Examples
    --------
    >>> from trialtensor import make_tca
    >>> X = make_tca(120, 30, 40, 3, snr=5.0, random_state=0).X
    >>> found = subspace_drift(X, n_windows=4)
    >>> found.overlap.shape, found.windows[0].tolist()
    ((4, 4), [0, 29])
    """
    X = check_tensor(X)
    check_whole("n_windows", n_windows, 2)
    check_whole("n_dims", n_dims, 1), check_whole("n_null", n_null, 19, REPEATS)
    if len(X) < 8 * n_windows:
        raise ValueError(
            f"X: expected at least {8 * n_windows} trials for {n_windows} windows, got {len(X)}"
        )
    parts = np.array_split(np.arange(len(X)), n_windows)
    halves = np.concatenate([unit_means(X, part[h::2], 1) for part in parts for h in (0, 1)])
    neurons, times = whole_cells(halves)
    if n_dims >= min(neurons.sum(), times.sum()):
        raise ValueError(
            f"n_dims: expected fewer than the {min(neurons.sum(), times.sum())} neurons or times "
            f"that have values in every window, got {n_dims}"
        )
    X = X[:, neurons][:, :, times]
    overlap, angles = _overlaps(X, parts, n_dims)
    rng = generator(random_state)
    length = max(len(X) // n_windows // 4, 2)
    runs = np.array_split(np.arange(len(X)), max(len(X) // length, 1))
    outside = ~np.eye(n_windows, dtype=bool)
    reached = 0
    for _ in range(n_null):
        order = np.concatenate([runs[i] for i in rng.permutation(len(runs))])
        shuffled, _ = _overlaps(X[order], parts, n_dims)
        # Windows that are all alike stay so in any order, to rounding.
        reached += shuffled[outside].mean() <= overlap[outside].mean() + 1e-9
    windows = np.array([(part[0], part[-1]) for part in parts])
    p_value = float((1 + reached) / (1 + n_null))
    return SubspaceDrift(windows, overlap, angles, p_value, 1 / (1 + n_null))


def _overlaps(X: np.ndarray, parts: list[np.ndarray], n_dims: int) -> tuple[np.ndarray, np.ndarray]:
    odd, even = (
        [_subspace(unit_means(X, part[h::2], 1)[0], n_dims) for part in parts] for h in (0, 1)
    )
    cosines = np.array([[scipy.linalg.svdvals(a.T @ b) for b in even] for a in odd])
    cosines = np.clip((cosines + cosines.transpose(1, 0, 2)) / 2, 0, 1)
    return np.mean(cosines**2, axis=2), np.rad2deg(np.arccos(cosines))


def _subspace(mean: np.ndarray, n_dims: int) -> np.ndarray:
    left, values, _ = np.linalg.svd(np.nan_to_num(mean), full_matrices=False)
    # Directions without activity are arbitrary: they overlap with nothing.
    return left[:, :n_dims] * (values[:n_dims] > 1e-12 * values[0])


def _apart(pattern: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Subtract the mean pattern; zero where that leaves rounding."""
    rest = pattern - mean
    return np.where(np.abs(rest) <= ROUNDING, 0.0, rest)


def trial_similarity(X: Any, *, n_windows: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Correlate mean patterns between windows of trials (representational similarity).

    Patterns are of all neurons and times, less their mean over all trials; odd trials of one window
    are correlated with even trials of the other, so the diagonal is a reliability, not 1.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array or xarray.DataArray
    n_windows : int
        Of two trials or more each.

    Returns
    -------
    similarity : (n_windows, n_windows) array
    windows : (n_windows, 2) array of int
        First and last trial.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(60, 10, 5))
    >>> similarity, windows = trial_similarity(X, n_windows=6)
    >>> similarity.shape, windows[-1].tolist()
    ((6, 6), [50, 59])
    """
    X = check_tensor(X)
    check_whole("n_windows", n_windows, 2)
    if len(X) < 2 * n_windows:
        raise ValueError(
            f"X: expected at least {2 * n_windows} trials for {n_windows} windows, got {len(X)}"
        )
    mean = unit_means(X, np.arange(len(X)), 1)[0]
    parts = np.array_split(np.arange(len(X)), n_windows)
    odd, even = (
        np.stack([_apart(unit_means(X, part[h::2], 1)[0], mean).ravel() for part in parts])
        for h in (0, 1)
    )
    similarity = np.array(
        [
            [correlation(*(each[np.isfinite(a) & np.isfinite(b)] for each in (a, b))) for b in even]
            for a in odd
        ]
    )
    return (similarity + similarity.T) / 2, np.array([(part[0], part[-1]) for part in parts])
