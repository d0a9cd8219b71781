"""How far each neuron wanders by itself between early and late trials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trialtensor.tracking.pattern_runs import Runs, squared_length


@dataclass(frozen=True)
class Drift:
    """Neurons that wander independently, each in proportion to its own activity.

    Attributes
    ----------
    sd : float
        Standard deviation between early and late trials, as a share of a neuron's activity.
    degrees : float
        Degrees of freedom of its square.
    """

    sd: float
    degrees: float

    def draws(self, n_draws: int, n_neurons: int, rng: np.random.Generator) -> np.ndarray:
        """Draw relative changes of neurons, ``(n_draws, n_neurons)``."""
        spread = np.sqrt(self.degrees / rng.chisquare(self.degrees, size=(n_draws, 1)))
        return np.asarray(self.sd * spread * rng.normal(size=(n_draws, n_neurons)))


def neuron_drift(runs: Runs, there: list[bool]) -> Drift:
    """Estimate the drift of neurons from early trials, as a random walk.

    Patterns of early runs, of length 1, differ by noise whatever their distance in trials, and
    by drift the more the farther they are apart. Early trials show what neurons do without
    learning, so late ones aren't used. Nor are components that aren't certainly ``there``.
    """
    patterns = runs.patterns[~runs.is_late][:, :, there]
    groups: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for run, is_late in zip(runs.trials, runs.is_late, strict=True):
        groups[bool(is_late)].append(run.astype(float))
    trials = groups[0]
    pairs = np.triu_indices(len(trials), 1)
    lags = np.array([[walk_lag(a, b) for b in trials] for a in trials])[pairs]
    centred = lags - lags.mean()
    slope = weight = effective = 0.0
    for pattern in np.moveaxis(patterns, 2, 0):
        away, shared = _directions(pattern)
        apart = np.sum((away[:, None] - away[None]) ** 2, axis=2)[pairs]
        if shared >= 1 or not apart.mean() > 0:
            continue
        # Components with much noise say little.
        precision = apart.mean() ** -2
        slope += precision * (centred @ apart)
        weight += precision * (centred @ lags) * (1 - shared)
        effective = max(effective, 1 / shared)
    variance = max(slope / weight, 0.0) if weight > 0 else 0.0
    lag = walk_lag(np.concatenate(trials), np.concatenate(groups[1]))
    return Drift(float(np.sqrt(variance * max(lag, 0.0))), max(1.5 * effective, 3.0))


def _directions(pattern: np.ndarray) -> tuple[np.ndarray, float]:
    """Return what runs of length 1 have beside their common direction, and its concentration."""
    length = np.sqrt(squared_length(pattern))
    middle = pattern.mean(axis=0)
    middle = middle / max(float(np.linalg.norm(middle)), 1e-200)
    along = pattern @ middle
    # A run in which a component is hardly there has no direction.
    along = np.where(along > length / 10, along, length)
    units = pattern / along[:, None]
    return units - np.outer(units @ middle, middle), float(np.sum(middle**4))


def walk_lag(a: np.ndarray, b: np.ndarray) -> float:
    """Return the variance of the difference of two means of a random walk of unit steps."""

    def apart(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.mean(np.abs(x[:, None] - y[None])))

    return apart(a, b) - 0.5 * apart(a, a) - 0.5 * apart(b, b)
