"""Evidence for learning that begins with the first trial: a line, one or two exponentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

from trialtensor.kernels.slow_noise import whiten
from trialtensor.kernels.transition_scans import score_kinds
from trialtensor.tracking.transitions.evidence import Filters, SeriesEvidence
from trialtensor.tracking.transitions.noise_kinds import noise_kinds
from trialtensor.tracking.transitions.outliers import draw_in, spread_of

# Of one and two exponentials.
N_EXPONENTIALS = {"constant": 0, "linear": 0, "exponential": 1, "two-exponential": 2}
# Shorter than this is over within a trial, longer than this (in lengths of the series) a line.
SHORTEST, LONGEST = 0.5, 3.0
# Where hardly any noise is left, time constants are certain that are shorter or longer still.
NEARLY_EXACT = 1e-6  # share of the sum of squares
SHORTEST_EXACT, LONGEST_EXACT = 0.02, 1000.0
MIN_RATIO = 2.0  # two processes must differ to be two
N_COARSE, N_FINE = 40, 24  # time constants on an axis
FAR = 12.0  # below the maximum in log evidence: of no weight
ENOUGH = {1: 16, 2: 150}  # time constants that are not far, or combinations, to know them by
MAX_ZOOMS = 20
ALONG = np.linspace(-5, 5, 21)  # standard deviations along the axes of a narrow posterior
NO_WEIGHT = 1e-6  # of a kind of noise


@dataclass(frozen=True, eq=False)
class Posterior:
    """What is known of the time constants of one model, under any kind of noise.

    Attributes
    ----------
    log_taus : (m, n_exponentials) array
        Logarithms of time constants on a grid.
    log_density : (m,) array
        Log evidence at each; ``-inf`` where impossible.
    taus : (n_exponentials,) array
        The most likely.
    log_peak : float
        Log evidence at these.
    log_evidence : float
        Of the model, with time constants as likely as their logarithms are far apart.
    limits : (2,) tuple of float
        Shortest and longest time constant that was tried.
    """

    log_taus: np.ndarray
    log_density: np.ndarray
    taus: np.ndarray
    log_peak: float
    log_evidence: float
    limits: tuple[float, float]


class LearningEvidence:
    """Evidence of courses for one series whose noise may be slow.

    Parameters
    ----------
    y : (n_trials,) array
        About its median, with a largest value near 1; NaN is missing.
    """

    def __init__(self, y: np.ndarray) -> None:
        self.trials = np.arange(len(y), dtype=float)
        base = np.ones((1, len(y)))
        self.series = SeriesEvidence(y, base, Filters(noise_kinds(), np.isfinite(y) * 1.0))
        self.line = self.trials[None] / len(y)
        self.limits = SHORTEST, LONGEST * len(y)
        exact = SHORTEST_EXACT, LONGEST_EXACT * len(y)
        if self._best_share(*exact) > 1 - NEARLY_EXACT:
            self.limits = exact

    def _best_share(self, shortest: float, longest: float) -> float:
        """Return the largest share of the sum of squares that one exponential explains."""
        seen = self.series.filters.seen
        y = self.series.y[0][seen]
        y = y - y.mean()
        best = 0.0
        for _ in range(4):
            taus = np.geomspace(shortest, longest, N_COARSE)
            rows = self.columns(taus)[:, seen]
            rows = rows - rows.mean(axis=1, keepdims=True)
            sizes = np.maximum(np.sum(rows**2, axis=1), 1e-300)
            shares = (rows @ y) ** 2 / (sizes * max(float(y @ y), 1e-300))
            at = int(np.argmax(shares))
            shortest, longest = taus[max(at - 1, 0)], taus[min(at + 1, N_COARSE - 1)]
            best = float(shares[at])
        return best

    def columns(self, taus: np.ndarray) -> np.ndarray:
        """Return exponentials measured from their plateau, ``(n_taus, n_trials)``."""
        return -np.exp(-self.trials / np.asarray(taus)[:, None])

    def of(self, model: str, taus: np.ndarray) -> np.ndarray:
        """Return the columns of a model besides the level."""
        return self.line if model == "linear" else self.columns(taus)

    def kinds(self, model: str, taus: np.ndarray) -> np.ndarray:
        """Return the log evidence under each kind of noise, ``(n_kinds,)``."""
        return self.series.kinds(self.of(model, taus))

    def is_exact(self, model: str, taus: np.ndarray) -> bool:
        """Return whether a course leaves nothing that is noise."""
        rows = np.vstack([np.ones_like(self.trials), self.of(model, taus)])
        seen, y = self.series.filters.seen, self.series.y[0]
        fitted = np.linalg.lstsq(rows[:, seen].T, y[seen], rcond=None)[0] @ rows
        return bool(np.sum((y - fitted)[seen] ** 2) <= self.series.least)

    def weights(self, model: str, taus: np.ndarray) -> np.ndarray:
        """Return how likely each kind of noise is with a course, ``(n_kinds,)``."""
        log = self.kinds(model, taus)
        return np.asarray(np.exp(log - logsumexp(log)))

    def coefficients(self, model: str, taus: np.ndarray) -> np.ndarray:
        """Return the level and what goes with each column, averaged over kinds of noise."""
        rows = np.vstack([np.ones_like(self.trials), self.of(model, taus)])
        weights, filters = self.weights(model, taus), self.series.filters
        mean = np.zeros(len(rows))
        for k in np.flatnonzero(weights > NO_WEIGHT):
            whitened = whiten(filters.gains[k], rows)
            mean += weights[k] * np.linalg.lstsq(whitened.T, self.series.y[k], rcond=None)[0]
        return mean / weights[weights > NO_WEIGHT].sum()

    def draw_in(self, y: np.ndarray, model: str, taus: np.ndarray) -> bool:
        """Take noise as it is spread about a course, and its outliers as less; say if any are."""
        columns = self.of(model, taus)
        spread = spread_of(self.series, columns)
        if spread is not None:
            filters = Filters(self.series.filters.kinds, spread)
            self.series = SeriesEvidence(y, np.ones((1, len(y))), filters)
        closer = draw_in(y, self.series, columns)
        moved = bool((closer != y)[np.isfinite(y)].any())
        if moved:
            self.series.set(closer)
        return moved or spread is not None

    def lasts(self, y: np.ndarray, model: str, taus: np.ndarray) -> float:
        """Return how much more likely a course is than without its fastest part.

        Judged without the first trial: an outlier there looks like a course that is soon over.
        """
        later = np.where(self.trials > 0, self.series.filters.spread, 0.0)
        series = SeriesEvidence(y, np.ones((1, len(y))), Filters(self.series.filters.kinds, later))
        columns = self.of(model, taus)
        return float(logsumexp(series.kinds(columns)) - logsumexp(series.kinds(columns[1:])))

    def posterior(self, model: str) -> Posterior:
        """Return what is known of a model, on a grid that is as fine as its posterior is narrow."""
        n = N_EXPONENTIALS[model]
        if not n:
            log = float(logsumexp(self.kinds(model, np.zeros(0))))
            return Posterior(np.zeros((1, 0)), np.array([log]), np.zeros(0), log, log, self.limits)
        low, high = np.log(self.limits)
        self.series.consider(self.line)
        self.series.consider(self.line[:0])
        axes = [np.linspace(low, high, N_COARSE) for _ in range(n)]
        for zoom in range(MAX_ZOOMS):
            density = self._density(axes)
            at = np.unravel_index(int(np.argmax(density)), density.shape)
            peak = np.array([axis[i] for axis, i in zip(axes, at, strict=True)])
            if self.series.consider(self.columns(np.exp(peak))):
                continue
            known = int((density > density.max() - FAR).sum()) >= ENOUGH[n]
            # A ridge between axes is lost on a grid that is too coarse for it.
            if known or (n == 2 and zoom):
                break
            axes = _closer(axes, density)
        spacing = np.array([axis[1] - axis[0] for axis in axes])
        peak = self._polish(peak, spacing)
        points = np.stack([each.ravel() for each in np.meshgrid(*axes, indexing="ij")], axis=1)
        log_density, log_cell = density.ravel(), float(np.log(spacing).sum())
        if not known:
            points, log_density, log_cell = self._about(peak)
        width = high - low
        volume = width if n == 1 else (width - np.log(MIN_RATIO)) ** 2 / 2
        evidence = float(logsumexp(log_density)) + log_cell - float(np.log(volume))
        top = float(logsumexp(self.series.kinds(self.columns(np.exp(peak)))))
        return Posterior(points, log_density, np.exp(peak), top, evidence, self.limits)

    def _about(self, peak: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        """Return a grid along the axes of a narrow posterior, its density, and its log cell."""
        top = self._at(peak[None])[0]
        steps = np.full(2, 1e-3)
        for i, direction in enumerate(np.eye(2)):
            for _ in range(40):
                drop = top - self._at(peak + steps[i] * direction[None] * [[1], [-1]]).max()
                if 0.3 < drop < 3:
                    break
                steps[i] *= 2 if drop <= 0.3 else 0.5
        ends = np.array([[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, -1], [1, -1], [-1, 1]])
        drops = (top - self._at(peak + steps * ends)).reshape(4, 2)
        # At an edge of what is possible, one side tells how curved both are.
        fall = np.minimum(np.where(np.isfinite(drops), drops, drops[:, ::-1]), 50.0).mean(axis=1)
        cross = (fall[2] - fall[3]) / 2
        sizes, turn = np.linalg.eigh(np.array([[2 * fall[0], cross], [cross, 2 * fall[1]]]))
        axes = steps[:, None] * turn / np.sqrt(np.maximum(sizes, 1e-3))
        grid = np.stack([each.ravel() for each in np.meshgrid(ALONG, ALONG)], axis=1)
        points = peak + grid @ axes.T
        log_cell = np.log(abs(np.linalg.det(axes)) * (ALONG[1] - ALONG[0]) ** 2)
        return points, self._at(points), float(log_cell)

    def _at(self, log_taus: np.ndarray) -> np.ndarray:
        """Return the log evidence of pairs of time constants, ``(m,)``."""
        columns = [self.columns(np.exp(each)) for each in log_taus.T]
        total = np.full(len(log_taus), -np.inf)
        for k in np.flatnonzero(self.series.likely).tolist():
            total = np.logaddexp(total, self._of_kind(k, columns, one_by_one=True))
        return np.where(self._possible(log_taus), total, -np.inf)

    def _possible(self, log_taus: np.ndarray) -> np.ndarray:
        """Return which time constants are within limits, and apart, ``(m,)``."""
        low, high = np.log(self.limits) + np.array([-1e-9, 1e-9])
        apart = np.diff(log_taus, axis=1) >= np.log(MIN_RATIO) - 1e-9
        return np.asarray(
            (log_taus >= low).all(axis=1) & (log_taus <= high).all(axis=1) & apart.all(axis=1)
        )

    def _density(self, axes: list[np.ndarray]) -> np.ndarray:
        """Return the log evidence at each point of a grid, over kinds of noise."""
        shape = tuple(len(axis) for axis in axes)
        total = np.full(shape, -np.inf)
        columns = [self.columns(np.exp(axis)) for axis in axes]
        for k in np.flatnonzero(self.series.likely).tolist():
            total = np.logaddexp(total, self._of_kind(k, columns))
        if len(axes) == 2:
            apart = axes[1] - axes[0][:, None] >= np.log(MIN_RATIO) - 1e-9
            total = np.where(apart, total, -np.inf)
        return total

    def _of_kind(self, k: int, columns: list[np.ndarray], one_by_one: bool = False) -> np.ndarray:
        """Return the log evidence of one or two columns: of each combination, or row by row."""
        series = self.series
        gains, level = series.filters.gains[k], series.base[k][0]
        volume = float(np.log(level @ level))
        level = level / np.linalg.norm(level)
        y, *rows = (
            each - np.outer(each @ level, level)
            for each in (series.y[k][None], *(whiten(gains, each) for each in columns))
        )
        total = float(y[0] @ y[0])
        own = [np.maximum(np.sum(each**2, axis=1), 1e-300) for each in rows]
        along = [each @ y[0] for each in rows]
        explained = along[0] ** 2 / own[0]
        if len(rows) == 2:
            shared = np.sum(rows[0] * rows[1], axis=1) if one_by_one else rows[1] @ rows[0].T
            size, product = (each if one_by_one else each[:, None] for each in (own[1], along[1]))
            left = np.maximum(size - shared**2 / own[0], 1e-12 * size)
            explained = (explained + (product - shared * (along[0] / own[0])) ** 2 / left).T
        rest = np.maximum(total - explained, 0) + series.least
        fixed = series.filters.offsets[k] - 0.5 * volume - series.cost * len(rows)
        return np.asarray(fixed - 0.5 * series.n * np.log(rest))

    def _polish(self, start: np.ndarray, spacing: np.ndarray) -> np.ndarray:
        """Move logarithms of time constants from the grid to the maximum nearby."""

        each = self.series
        k = np.flatnonzero(each.likely)
        gains, offsets = each.filters.gains[k], each.filters.offsets[k]
        y, base = each.y[k], each.base[k]

        def loss(at: np.ndarray) -> float:
            if not self._possible(at[None])[0]:
                return np.inf
            columns = self.columns(np.exp(at))
            known = score_kinds(gains, offsets, y, base, columns, each.n, each.cost, each.least)
            return -float(logsumexp(known))

        options: dict[str, Any] = {"xatol": 1e-3 * float(spacing.min()), "fatol": 1e-4}
        # A simplex that has collapsed on a ridge goes on when it starts again.
        for size in (0.5, 0.1)[: len(start)]:
            simplex = np.vstack([start, start + size * np.diag(spacing)])
            options["initial_simplex"] = simplex
            found = minimize(loss, start, method="Nelder-Mead", options=options)
            start = found.x if found.fun <= loss(start) else start
        return start


def _closer(axes: list[np.ndarray], density: np.ndarray) -> list[np.ndarray]:
    """Return a grid about what is likely."""
    likely, closer = density > density.max() - FAR, []
    for i, axis in enumerate(axes):
        inside = np.flatnonzero(likely.any(axis=tuple(j for j in range(len(axes)) if j != i)))
        first, last = max(inside[0] - 1, 0), min(inside[-1] + 1, len(axis) - 1)
        closer.append(np.linspace(axis[first], axis[last], N_FINE if len(axes) > 1 else N_COARSE))
    return closer
