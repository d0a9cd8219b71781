"""What neurons still share in the residuals of a model: a component that it lacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from trialtensor.data.shown import OneLine, is_least
from trialtensor.selection.residual_arrays import Residuals
from trialtensor.selection.slow_nulls import cosines_of

# A warning should be right: of models with all components one in a hundred gets it.
ALPHA = 0.01
_N_SURROGATES = 199
# More slow courses and time bins than that are left out, for speed.
_MOST_COURSES = 150
_MOST_TIMES = 30
# Of a course that is constant, as a slow one with another number gives it.
_N_SLOWEST = 5
_FEWEST = 4


class TooFewComponentsWarning(UserWarning):
    """Neurons share something that the model lacks."""


@dataclass(frozen=True, repr=False)
class SharedStructure(OneLine):
    """The largest part of the residuals that neurons share.

    Attributes
    ----------
    share : float
        Of the residuals' variance, every neuron with the same weight.
    expected : float
        The same share if neurons share nothing, on average.
    p_value : float
        How often neurons that share nothing have as large a part in common. At least 0.005, from
        199 surrogates; NaN with too little data.
    """

    share: float
    expected: float
    p_value: float

    def at_floor(self, name: str = "p_value") -> bool:
        """Return whether the p value is the smallest possible."""
        return bool(is_least(self.p_value, 1 / (1 + _N_SURROGATES)))

    @property
    def is_shared(self) -> bool:
        """True if neurons share more than by chance, at the 1 % level."""
        return bool(self.p_value <= ALPHA)


def shared_structure(residuals: Residuals, leave_out: Sequence[int] = ()) -> SharedStructure:
    """Test whether neurons share a pattern over trials and times in the residuals.

    Each neuron's residuals are a sum of cosines over trials. The statistic is the largest singular
    value of neurons x (cosines and times). In surrogates every cosine of every neuron has a random
    sign, and the mean over trials is that of another slow cosine. So a neuron keeps its noise, its
    smoothness in time and how it drifts over trials, and only what neurons share is lost. Neurons
    and trials are scaled to the same variance first.

    Parameters
    ----------
    residuals : Residuals
    leave_out : ints
        Neurons that are known to stand out.

    Returns
    -------
    SharedStructure

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> noise = rng.standard_normal((50, 20, 10))
    >>> shared_structure(Residuals.of(noise)).is_shared
    False
    >>> noise += rng.standard_normal((50, 1, 1)) * rng.standard_normal((1, 20, 1))
    >>> shared_structure(Residuals.of(noise)).is_shared
    True
    """
    pieces = list(_pieces(residuals, leave_out))
    if not pieces:
        return SharedStructure(np.nan, np.nan, np.nan)
    # The same every time: a report must not change when it is made again.
    rng = np.random.default_rng(0)
    total = sum(np.sum(np.square(each)) for each in pieces)
    found = sum(map(_largest, pieces)) / total
    null = np.array(
        [sum(_largest(_surrogate(each, rng)) for each in pieces) for _ in range(_N_SURROGATES)]
    )
    null /= total
    p_value = (1 + np.sum(null >= found)) / (1 + len(null))
    return SharedStructure(float(found), float(null.mean()), float(p_value))


def _pieces(residuals: Residuals, leave_out: Sequence[int]) -> Iterator[np.ndarray]:
    """Yield cosines over trials of each array, (n_courses, n_neurons, n_times), of unit variance.

    Trials and neurons without data are left out.
    """
    for values, _, neurons in residuals:
        kept = values[:, ~np.isin(neurons, leave_out)]
        seen = np.isfinite(kept)
        kept, seen = kept[seen.any(axis=(1, 2))], seen[seen.any(axis=(1, 2))]
        kept, seen = kept[:, seen.any(axis=(0, 2))], seen[:, seen.any(axis=(0, 2))]
        if min(kept.shape[:2], default=0) < _FEWEST:
            continue
        evened = _evened(np.where(seen, kept, 0).astype(np.float64), seen)
        if evened.any():
            yield _slowest(_main_times(evened))


def _evened(values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Give neurons the same variance, and trials."""
    for axes in ((0, 2), (1, 2)):
        power = np.sum(values**2, axis=axes, keepdims=True)
        mean = power / np.maximum(seen.sum(axis=axes, keepdims=True), 1)
        values = values / np.sqrt(np.where(mean > 0, mean, 1))
    return values


def _main_times(values: np.ndarray) -> np.ndarray:
    """Return values on the time courses with the most variance."""
    if values.shape[2] <= _MOST_TIMES:
        return values
    gram = np.tensordot(values, values, axes=((0, 1), (0, 1)))
    return np.asarray(values @ np.linalg.eigh(gram)[1][:, -_MOST_TIMES:])


def _slowest(values: np.ndarray) -> np.ndarray:
    """Return cosines over trials: the slow half of what is kept, and faster ones evenly spaced."""
    cosines = cosines_of(values)
    n = len(cosines)
    if n <= _MOST_COURSES:
        return cosines
    slow = np.arange(_MOST_COURSES // 2)
    fast = np.linspace(len(slow), n - 1, _MOST_COURSES - len(slow)).astype(int)
    return cosines[np.concatenate([slow, fast])]


def _surrogate(cosines: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    n, n_neurons, _ = cosines.shape
    drawn = cosines.copy()
    slow = rng.integers(1, min(_N_SLOWEST, n - 1) + 1, size=n_neurons)
    drawn[0] = cosines[slow, np.arange(n_neurons)]
    drawn *= rng.choice([-1.0, 1.0], size=(n, n_neurons, 1))
    return drawn


def _largest(cosines: np.ndarray) -> float:
    """Return the largest squared singular value of neurons x (cosines and times)."""
    rows = cosines.transpose(1, 0, 2).reshape(cosines.shape[1], -1)
    gram = rows @ rows.T if len(rows) <= rows.shape[1] else rows.T @ rows
    return float(np.linalg.eigvalsh(gram)[-1])
