"""Kinds of noise about a learner: white, slow, or a walk, each as a filter that whitens it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from trialtensor.kernels.drift_filter import filter_gains, whiten_columns

# Of noise that decays exponentially (first-order autoregressive), from trial to trial.
MEMORIES = (0.3, 0.6, 0.8, 0.9, 0.95, 0.98, 0.995)
# Trials over which smooth noise stays alike.
LENGTHS = (4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
# Trials in a cycle of noise that waxes and wanes, and how much of it lasts to the next trial.
PERIODS = (20.0, 40.0, 80.0, 160.0, 320.0)
LASTING = (0.98, 0.999)
# Shares of the variance that are slow; the rest is white.
SHARES = (0.1, 0.3, 0.6, 0.9, 0.999)
# Variance of a step of a random walk, for white noise of variance 1.
WALKS = (0.001, 0.01, 0.1, 1.0, 100.0)
# A walk without white noise would have innovations of variance 0 at the first trial.
_LEAST_WHITE = 1e-6


@dataclass(frozen=True, eq=False)
class Whitening:
    """A filter that turns noise of one kind into independent innovations of unit variance.

    Attributes
    ----------
    root, gain, step
        As for `trialtensor.kernels.drift_filter.whiten_columns`.
    log_determinant : float
        Of the covariance of the observed trials, for the variance that the filter assumes.
    """

    root: np.ndarray
    gain: np.ndarray
    step: np.ndarray
    log_determinant: float = 0.0

    def __call__(self, columns: np.ndarray) -> np.ndarray:
        """Return the innovations of each column ``(n_trials, n_columns)``; 0 where missing."""
        result = np.array(columns, dtype=float, order="C")
        whiten_columns(result, self.root, self.gain, self.step)
        return result


def white(weights: np.ndarray) -> Whitening:
    """Independent noise, of variance one over the weight of a trial; 0 where missing."""
    return Whitening(np.sqrt(weights), np.zeros((len(weights), 2)), np.zeros((2, 2)))


def kinds(seen: np.ndarray) -> list[tuple[float, Whitening]]:
    """Return the prior probability of each kind of noise, and its filter.

    White, autoregressive, smooth (a Matérn process of order 3/2), cycles and walks have a fifth
    each: any but the first may drift over the whole session, in a rough or a smooth way.
    """
    families = (_autoregressive, _smooth, _cycles, _walks)
    share = 1 / (1 + len(families))
    found = [(share, white(seen.astype(float)))]
    for family in families:
        group = list(family(seen))
        found += [(share / len(group), each) for each in group]
    return found


def _autoregressive(seen: np.ndarray) -> Iterator[Whitening]:
    for memory in MEMORIES:
        for share in SHARES:
            step = np.diag([memory, 0.0])
            yield _filter(seen, step, np.diag([share, 0.0]), 1 - share)


def _smooth(seen: np.ndarray) -> Iterator[Whitening]:
    """Yield processes with a slope: state space of Hartikainen & Särkkä 2010."""
    for length in LENGTHS:
        rate = np.sqrt(3) / length
        step = np.exp(-rate) * np.array([[1 + rate, 1.0], [-(rate**2), 1 - rate]])
        for share in SHARES:
            yield _filter(seen, step, share * np.diag([1.0, rate**2]), 1 - share)


def _cycles(seen: np.ndarray) -> Iterator[Whitening]:
    """Yield stochastic cycles (Harvey 1989, ch. 2.3), slow sinusoids among them."""
    for period in PERIODS:
        angle = 2 * np.pi / period
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        for lasting in LASTING:
            for share in SHARES[1:4]:
                yield _filter(seen, lasting * turn, share * np.eye(2), 1 - share)


def _walks(seen: np.ndarray) -> Iterator[Whitening]:
    for size in WALKS:
        drive = np.diag([size, 0.0])
        # Where a walk starts is what the offset of a fit is.
        found = filter_gains(seen, np.diag([1.0, 0.0]), drive, np.zeros((2, 2)), 1.0)
        yield Whitening(found[0], found[1], np.diag([1.0, 0.0]), found[2])


def _filter(seen: np.ndarray, step: np.ndarray, covariance: np.ndarray, rest: float) -> Whitening:
    """Return the filter of a stationary process with this covariance, and white noise."""
    drive = covariance - step @ covariance @ step.T
    root, gain, log_determinant = filter_gains(
        seen, step, drive, covariance, max(rest, _LEAST_WHITE)
    )
    return Whitening(root, gain, step, log_determinant)
