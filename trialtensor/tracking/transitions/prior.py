"""What is thought of a transition before a series is seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

STEP, RAMP = 0.25, 0.125  # the rest is gradual
SHORTEST = 2.0
SHORT_START = 2.0  # of learning that begins with the first trial
FEWER = 2.0  # each further transition must be so much more likely


@dataclass(frozen=True, eq=False)
class Prior:
    """Onsets and time constants that are possible.

    Every onset is as likely as any other; time constants are as likely as their logarithms are far
    apart. A change that lasts for less than ``min_size`` trials is an outlier and no transition:
    that holds for one near the first or last trial, and between two.

    Attributes
    ----------
    counts : (n_trials,) array of int
        Observed trials before each.
    n_observed : int
    onsets : (n_trials,) array of bool
        Where a transition may begin.
    given : (n_given,) array or None
        Time constants, if they are known; by default a step, a ramp, and anything between.
    min_size : int
    """

    counts: np.ndarray
    n_observed: int
    onsets: np.ndarray
    given: np.ndarray | None
    min_size: int

    def taus(self) -> np.ndarray:
        """Return the grid to begin with, ascending: 0, doubling, infinite."""
        if self.given is not None:
            return np.unique(self.given)
        n = len(self.counts)
        doublings = SHORTEST * 2.0 ** np.arange(max(np.log2(0.75 * n), 1) + 1e-9)
        return np.array([0.0, *doublings, np.inf])

    def log(self, taus: np.ndarray) -> np.ndarray:
        """Return the log prior of each onset and time constant, ``(n_taus, n_trials)``."""
        allowed = self._allowed(taus)
        weights = self._weights(taus)
        used = allowed.any(axis=1)
        weights = np.where(used, weights, 0)
        joint = allowed * (weights / weights.sum() / np.maximum(allowed.sum(axis=1), 1))[:, None]
        with np.errstate(divide="ignore"):
            return np.log(joint)

    def _weights(self, taus: np.ndarray) -> np.ndarray:
        if self.given is not None and len(taus) == len(np.unique(self.given)):
            return np.full(len(taus), 1 / len(taus))
        finite = (taus > 0) & np.isfinite(taus)
        logs = np.log(taus[finite])
        widths = np.ones(len(logs))
        if len(logs) > 1:
            edges = np.concatenate([logs[:1], (logs[1:] + logs[:-1]) / 2, logs[-1:]])
            # The outermost stand for what lies beyond, too.
            edges[[0, -1]] += np.array([-0.5, 0.5]) * np.log(2)
            widths = np.diff(edges)
        weights = np.where(taus == 0, STEP, RAMP)
        weights[finite] = (1 - STEP - RAMP) * widths / widths.sum()
        return weights

    def _allowed(self, taus: np.ndarray) -> np.ndarray:
        """Leave out what would be outliers at either end."""
        after = self.n_observed - self.counts
        first = self.counts == 0
        enough = (self.counts >= self.min_size)[None, :] | (taus >= self.min_size)[:, None]
        enough |= first[None, :] & (taus >= SHORT_START)[:, None]
        # What takes its time must be seen for longer than what is there at once.
        needed = np.where(taus >= self.min_size, 2 * self.min_size, self.min_size)
        return enough & self.onsets[None, :] & (after >= needed[:, None])

    def apart(self, taus: np.ndarray, others: list[tuple[int, float]]) -> np.ndarray:
        """Return where one more transition isn't the end of an outlier, ``(n_taus, n_trials)``."""
        free = np.ones((len(taus), len(self.counts)), bool)
        for onset, tau in others:
            near = np.abs(self.counts - self.counts[onset]) < self.min_size
            slow = np.maximum(taus, tau) >= self.min_size
            alike = np.maximum(taus, tau) < 2 * np.maximum(np.minimum(taus, tau), 1e-9)
            alike |= taus == tau
            free &= ~(near[None, :] & (alike | ~slow)[:, None])
        return free


def log_prior_of_number(n_transitions: int) -> float:
    """Return the log prior odds of a number of transitions, at least 1, against none."""
    return -(n_transitions - 1) * float(np.log(FEWER))
