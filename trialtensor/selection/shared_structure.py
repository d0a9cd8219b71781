"""What neurons still share in the residuals of a model, and which components are no more than that.

Too few components leave something that neurons share; too many describe noise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from trialtensor.data.shown import OneLine, is_least
from trialtensor.selection.residual_arrays import Residuals
from trialtensor.selection.slow_nulls import cosines_of, courses_of
from trialtensor.solvers.compression import leading_basis

# A warning should be right: of models with all components one in a hundred gets it.
ALPHA = 0.01
# A component should be no worse than what noise gives in one of twenty cases.
_BEYOND = 0.95
_N_SURROGATES = 99
# More than that are left out, for speed: what neurons share is seen in so many.
_MOST_COURSES = 150
_MOST_TRIALS = 300
_MOST_NEURONS = 200
_MOST_TIMES = 30
# From here on, as times of all frequencies are, the Gram matrix of times would take too much.
_LONG = 2000
# Of a course that is constant, as a slow one with another number gives it.
_N_SLOWEST = 5
_FEWEST = 4
# Of the noise of a neuron that a loading takes almost whole.
_LEAST_LEFT = 0.02


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
        How often neurons that share nothing have as large a part in common. At least 0.01, from
        99 surrogates; NaN with too little data.
    as_noise : tuple of str
        Names of components that, put back into the residuals, give neurons no larger a part in
        common than the 95th percentile of those surrogates.
    """

    share: float
    expected: float
    p_value: float
    as_noise: tuple[str, ...] = ()

    def at_floor(self, name: str = "p_value") -> bool:
        """Return whether the p value is the smallest possible."""
        return bool(is_least(self.p_value, 1 / (1 + _N_SURROGATES)))

    @property
    def is_shared(self) -> bool:
        """True if neurons share more than by chance, at the 1 % level."""
        return bool(self.p_value <= ALPHA)


def shared_structure(
    residuals: Residuals,
    leave_out: Sequence[int] = (),
    components: Iterable[tuple[str, Sequence[np.ndarray]]] = (),
    loadings: np.ndarray | None = None,
) -> SharedStructure:
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
    components : iterable of (name, list of arrays)
        What each component adds to each array of the data.
    loadings : (n_neurons, R) array, optional
        Of neuron-slicing components, which take all that lies along them out of the residuals;
        it is taken out of the surrogates as well.

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
    pieces = list(_pieces(residuals, leave_out, loadings))
    if not pieces:
        return SharedStructure(np.nan, np.nan, np.nan)
    # The same every time: a report must not change when it is made again.
    rng = np.random.default_rng(0)
    arrays = [values for values, _, _ in residuals]
    left = [piece.courses(arrays[piece.index]) for piece in pieces]
    total = sum(float(np.sum(np.square(each))) for each in left)
    found = sum(map(_largest, left))
    pairs = list(zip(pieces, left, strict=True))
    null = np.array(
        [sum(_largest(p.surrogate(each, rng)) for p, each in pairs) for _ in range(_N_SURROGATES)]
    )
    p_value = float((1 + np.sum(null >= found)) / (1 + len(null)))
    most = np.quantile(null, _BEYOND) / total
    as_noise = tuple(name for name, added in components if _with(added, left, pieces) <= most)
    return SharedStructure(found / total, float(null.mean()) / total, p_value, as_noise)


def _with(
    added: Sequence[np.ndarray], left: Sequence[np.ndarray], pieces: Sequence[_Piece]
) -> float:
    """Return the share that is shared of residuals with a component put back."""
    pairs = zip(left, pieces, strict=True)
    whole = [each + piece.courses(added[piece.index]) for each, piece in pairs]
    return sum(map(_largest, whole)) / sum(float(np.sum(np.square(each))) for each in whole)


@dataclass(frozen=True, eq=False)
class _Piece:
    """One array of residuals without what has no data, and how it is scaled.

    Attributes
    ----------
    index : int
        Of the array.
    seen : (n_trials, n_neurons, n_times) bool array
        Of all trials and neurons.
    trials, neurons : int arrays
        Those with data.
    scale : (n_trials, n_neurons, 1) array
        Standard deviation of the noise; of those with data.
    times : (n_times, n) array
        Time courses with most of the variance.
    together : list of (neurons, trials)
        Neurons that were recorded on the same trials, and those. Empty if nothing is missing.
    along : (n_neurons, R) array or None
        Orthonormal directions that the residuals don't have.
    """

    index: int
    seen: np.ndarray
    trials: np.ndarray
    neurons: np.ndarray
    scale: np.ndarray
    times: np.ndarray
    together: list[tuple[np.ndarray, np.ndarray]]
    along: np.ndarray | None

    def courses(self, values: np.ndarray) -> np.ndarray:
        """Return scaled values as (n_courses, n_neurons, n) cosines over trials.

        With missing entries, as (n_trials, n_neurons, n) values.
        """
        values = values.reshape(self.seen.shape)
        known = np.where(self.seen, np.nan_to_num(values), 0)[np.ix_(self.trials, self.neurons)]
        scaled = (known / self.scale) @ self.times
        return scaled if self.together else _main_courses(cosines_of(scaled))

    def surrogate(self, courses: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return courses whose neurons share nothing, and lack the same entries.

        Parameters
        ----------
        courses : as returned by ``courses``
        rng : numpy.random.Generator
        """
        drawn = _with_signs(courses, rng) if not self.together else self._masked(courses, rng)
        if self.along is not None:
            # As the fit does: the noise of all neurons, less what lies along the loadings.
            scale, left = self.scale.mean(axis=0), 1 - np.sum(self.along**2, axis=1, keepdims=True)
            noise = drawn * scale / np.sqrt(np.maximum(left, _LEAST_LEFT))
            drawn = (noise - self.along @ (self.along.T @ noise)) / scale
            drawn *= np.sqrt(np.sum(courses**2) / max(float(np.sum(drawn**2)), 1e-300))
        return drawn

    def _masked(self, courses: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        drawn = np.zeros_like(courses)
        for neurons, trials in self.together:
            inside = np.ix_(trials, neurons)
            drawn[inside] = courses_of(_with_signs(cosines_of(courses[inside]), rng))
        drawn *= courses != 0
        power, own = (np.sum(each**2, axis=(0, 2), keepdims=True) for each in (drawn, courses))
        return np.asarray(drawn * np.sqrt(own / np.where(power > 0, power, 1)))


def _main_courses(cosines: np.ndarray) -> np.ndarray:
    """Return the slowest cosines of many, and faster ones evenly spaced."""
    n = len(cosines)
    if n <= _MOST_COURSES:
        return cosines
    slow = np.arange(_MOST_COURSES // 2)
    fast = np.linspace(len(slow), n - 1, _MOST_COURSES - len(slow)).astype(int)
    return np.asarray(cosines[np.concatenate([slow, fast])])


def _pieces(
    residuals: Residuals, leave_out: Sequence[int], loadings: np.ndarray | None
) -> Iterator[_Piece]:
    for index, (values, _, places) in enumerate(residuals):
        seen = np.isfinite(values) & ~np.isin(places, leave_out)[:, None]
        trials, neurons = (np.flatnonzero(seen.any(axis=axes)) for axes in ((1, 2), (0, 2)))
        neurons = _spaced(neurons, _MOST_NEURONS)
        complete = bool(seen[np.ix_(trials, neurons)].all())
        trials = trials if complete else _spaced(trials, _MOST_TRIALS)
        inside = np.ix_(trials, neurons)
        if min(len(trials), len(neurons)) < _FEWEST or not seen[inside].any():
            continue
        left = np.where(seen, values, 0)[inside].astype(np.float64)
        scale = _scale(left, seen[inside])
        if left.any():
            times = _main_times(left / scale) if complete else _neighbours(left.shape[2])
            together = [] if complete else _together(seen[inside].any(axis=2))
            along = None
            if loadings is not None:
                along = np.linalg.qr(np.nan_to_num(loadings[neurons]))[0]
            yield _Piece(index, seen, trials, neurons, scale, times, together, along)


def _spaced(places: np.ndarray, most: int) -> np.ndarray:
    """Return all of some indices, or as many evenly spaced ones."""
    if len(places) <= most:
        return places
    return np.asarray(places[np.linspace(0, len(places) - 1, most).astype(int)])


def _neighbours(n_times: int) -> np.ndarray:
    """Return a basis that averages neighbouring bins where there are many."""
    group = np.arange(n_times) * min(n_times, _MOST_TIMES) // n_times
    basis = (group[:, None] == np.arange(group[-1] + 1)).astype(float)
    return np.asarray(basis / np.sqrt(basis.sum(axis=0)))


def _together(recorded: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Group the neurons that were recorded on the same trials, (n_trials, n_neurons) bool."""
    patterns, group = np.unique(recorded, axis=1, return_inverse=True)
    group = group.ravel()
    return [(np.flatnonzero(group == g), np.flatnonzero(each)) for g, each in enumerate(patterns.T)]


def _scale(values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return what gives neurons the same variance, and then trials."""
    whole = np.ones((1, 1, 1))
    for axes in ((0, 2), (1, 2)):
        power = np.sum(np.square(values / whole), axis=axes, keepdims=True)
        mean = power / np.maximum(seen.sum(axis=axes, keepdims=True), 1)
        whole = whole * np.sqrt(np.where(mean > 0, mean, 1))
    return whole


def _main_times(values: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of the time courses with the most variance."""
    n_times = values.shape[2]
    if n_times <= _MOST_TIMES:
        return np.eye(n_times)
    if n_times > _LONG:
        return leading_basis(values, 2, _MOST_TIMES)
    gram = np.tensordot(values, values, axes=((0, 1), (0, 1)))
    return np.asarray(np.linalg.eigh(gram)[1][:, -_MOST_TIMES:])


def _with_signs(cosines: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    n, n_neurons, _ = cosines.shape
    drawn = cosines.copy()
    if n > 1:
        slow = rng.integers(1, min(_N_SLOWEST, n - 1) + 1, size=n_neurons)
        drawn[0] = cosines[slow, np.arange(n_neurons)]
    drawn *= rng.choice([-1.0, 1.0], size=(n, n_neurons, 1))
    return drawn


def _largest(courses: np.ndarray) -> float:
    """Return the largest squared singular value of neurons x (courses and times)."""
    rows = courses.transpose(1, 0, 2).reshape(courses.shape[1], -1)
    gram = rows @ rows.T if len(rows) <= rows.shape[1] else rows.T @ rows
    return float(np.linalg.eigvalsh(gram)[-1])
