"""Evidence for transitions in one series, whatever kind of noise it has."""

from __future__ import annotations

import numpy as np

from trialtensor.kernels.slow_noise import noise_filter, whiten
from trialtensor.kernels.transition_scans import (
    scan_kinds,
    score_kinds,
    transition_energies,
)
from trialtensor.tracking.transitions.noise_kinds import NoiseKinds

# Kinds less likely than the best by more than this (in logarithms) are left out of a scan.
NEGLIGIBLE = 7.0
# Deviations that are no noise any more, of the spread of a series.
ROUNDING = 1e-5
LEAST = 1e-300


class Filters:
    """Kinds of noise, filtered at the trials that a series has.

    Series with a value at the same trials share theirs.

    Parameters
    ----------
    kinds : NoiseKinds
    spread : (n_trials,) array
        Relative standard deviation of the noise; 0 where missing.
    """

    def __init__(self, kinds: NoiseKinds, spread: np.ndarray) -> None:
        self.kinds, self.spread, self.seen = kinds, spread, spread > 0
        self.gains = np.empty((len(kinds.rho), 3, len(spread)))
        self.offsets = np.empty(len(kinds.rho))
        for k in range(len(kinds.rho)):
            variances = kinds.new[k], kinds.white[k], kinds.start[k]
            self.gains[k], log_determinant = noise_filter(kinds.rho[k], *variances, spread)
            self.offsets[k] = kinds.log_prior[k] - 0.5 * log_determinant
        self.energies = np.empty((len(kinds.rho), 0, len(spread)))
        self.taus = np.zeros(0)

    def whiten(self, rows: np.ndarray) -> np.ndarray:
        """Return rows ``(m, n_trials)`` as each kind whitens them, ``(n_kinds, m, n_trials)``."""
        return np.stack([whiten(gains, rows) for gains in self.gains])

    def use(self, taus: np.ndarray) -> None:
        """Prepare scans of these time constants, ascending."""
        new = np.setdiff1d(taus, self.taus)
        if len(new):
            added = np.stack([transition_energies(gains, new) for gains in self.gains])
            known = np.concatenate([self.taus, new])
            order = np.argsort(known)
            self.energies = np.ascontiguousarray(
                np.concatenate([self.energies, added], axis=1)[:, order]
            )
            self.taus = known[order]


class SeriesEvidence:
    """Log evidence of columns for one series.

    Parameters
    ----------
    y : (n_trials,) array
        NaN is missing.
    base : (p0, n_trials) array
        What is there in any case: the level, or the levels of blocks.
    filters : Filters
        At the trials with a value.
    """

    def __init__(self, y: np.ndarray, base: np.ndarray, filters: Filters) -> None:
        self.filters = filters
        self.n_observed = int(filters.seen.sum())
        self.n = self.n_observed - len(base)
        # Zellner's prior with g = n, and its shrinkage of amplitudes left out: it would take
        # amplitudes that are large beside the noise for noise.
        self.cost = 0.5 * float(np.log1p(self.n_observed))
        self.base = filters.whiten(base)
        self.set(y)

    def set(self, y: np.ndarray) -> None:
        """Take a series with values at the same trials."""
        known = np.where(self.filters.seen, y, 0.0)
        self.y = np.ascontiguousarray(self.filters.whiten(known[None])[:, 0])
        variance = float(np.var(known[self.filters.seen]))
        # A constant has no variance at all.
        self.least = max(self.n_observed * variance * ROUNDING**2, LEAST)
        self.likely = np.zeros(len(self.y), bool)

    def kinds(self, columns: np.ndarray) -> np.ndarray:
        """Return the log evidence of columns ``(p, n_trials)`` under each kind, prior included."""
        f = self.filters
        return score_kinds(
            f.gains, f.offsets, self.y, self.base, columns, self.n, self.cost, self.least
        )

    def consider(self, columns: np.ndarray) -> bool:
        """Include the kinds that are likely with these columns in scans; say if some are new."""
        kinds = self.kinds(columns)
        likely = self.likely | (kinds > kinds.max() - NEGLIGIBLE)
        new = bool((likely != self.likely).any())
        self.likely = likely
        return new

    def scan(self, columns: np.ndarray) -> np.ndarray:
        """Return the log evidence of one more transition, ``(n_taus, n_trials)``."""
        f = self.filters
        which = np.flatnonzero(self.likely)
        out = np.empty(f.energies.shape[1:])
        scan_kinds(
            which, f.gains, f.offsets, self.y, self.base, columns, f.taus, f.energies,
            self.n, self.cost, self.least, out,
        )  # fmt: skip
        return out
