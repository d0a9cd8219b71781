"""Decode what is known of trials from activity, in blocks that were held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from trialtensor.selection.slow_nulls import CourseSurrogates

# Of standardised rates: a few dozen cells of a few modules are nearly collinear.
_PENALTY = 30.0


@dataclass(frozen=True, eq=False)
class Decoded:
    """How well a variable is decoded, and how well courses that are as slow would be.

    Attributes
    ----------
    score : float
        Correlation of the variable with what is decoded in blocks that were held out.
    null : (n_surrogates,) array
        Of surrogates of the variable, each decoded anew.
    shifted : (n_surrogates,) array
        Of the variable, moved along the session.
    predicted : (n_trials,) array
    """

    score: float
    null: np.ndarray
    shifted: np.ndarray
    predicted: np.ndarray

    @property
    def p_value(self) -> float:
        """Share of surrogates, or of shifts if that is larger, that are decoded as well."""
        return max(
            float((1 + np.sum(null >= self.score)) / (1 + len(null)))
            for null in (self.null, self.shifted)
        )


def decode(
    rates: np.ndarray,
    target: np.ndarray,
    block: np.ndarray,
    cue: np.ndarray,
    *,
    n_surrogates: int = 199,
    seed: int = 0,
) -> Decoded:
    """Decode a variable by ridge regression, each block by the others.

    Values are slow, and so is much in activity that has nothing to do with them. A surrogate is
    the course of the variable, of all cues alike, with random signs of all but its slowest
    cosines (`CourseSurrogates`): as slow, and as different between cues. And the course itself is
    moved along the session, with its end at the beginning.

    Parameters
    ----------
    rates : (n_trials, n_cells) array
    target : (n_trials,) array
    block : (n_trials,) array
    cue : (n_trials,) array
        Each as often as the others.
    n_surrogates : int
        Of both kinds; 0 for none.
    seed : int

    Returns
    -------
    Decoded
    """
    rng = np.random.default_rng(seed)
    drawn = surrogates_of(target, cue, n_surrogates, rng)
    moved = shifts_of(target, cue, n_surrogates, rng)
    targets = np.stack([target, *drawn, *moved], axis=1)
    predicted = held_out(rates, targets, block)
    scores = np.array([_correlation(*each) for each in zip(predicted.T, targets.T, strict=True)])
    parts = np.split(scores[1:], [len(drawn)])
    return Decoded(float(scores[0]), parts[0], parts[1], predicted[:, 0])


def held_out(rates: np.ndarray, targets: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Predict trials of each block by what was fitted to all others.

    Means are those of all trials: the mean of the others is low where that of the block is high,
    and what can't be decoded at all would be predicted the wrong way round.

    Parameters
    ----------
    rates : (n_trials, n_cells) array
    targets : (n_trials, n_targets) array
    block : (n_trials,) array

    Returns
    -------
    (n_trials, n_targets) array
    """
    predicted = np.empty(targets.shape)
    rates, targets = StandardScaler().fit_transform(rates), targets - targets.mean(0)
    for each in np.unique(block):
        out = block == each
        model = Ridge(_PENALTY, fit_intercept=False).fit(rates[~out], targets[~out])
        predicted[out] = model.predict(rates[out]).reshape(-1, targets.shape[1])
    return predicted


def surrogates_of(
    target: np.ndarray, cue: np.ndarray, n: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """Draw courses of a variable that are as slow, for all cues together.

    Parameters
    ----------
    target, cue : (n_trials,) arrays
    n : int
    rng : numpy.random.Generator

    Returns
    -------
    list of (n_trials,) arrays
    """
    by_cue, places = _by_cue(target, cue)
    courses = CourseSurrogates(by_cue)
    return [_in_order(courses.draw(rng), places) for _ in range(n)]


def shifts_of(
    target: np.ndarray, cue: np.ndarray, n: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """Move the course of a variable along the session, by a tenth of it or more, of all cues.

    Parameters
    ----------
    target, cue : (n_trials,) arrays
    n : int
    rng : numpy.random.Generator

    Returns
    -------
    list of (n_trials,) arrays
    """
    by_cue, places = _by_cue(target, cue)
    least = max(1, len(by_cue) // 10)
    steps = rng.integers(least, len(by_cue) - least + 1, n)
    return [_in_order(np.roll(by_cue, step, axis=0), places) for step in steps]


def _by_cue(target: np.ndarray, cue: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """(n_turns, n_cues) courses of each cue, and the trials that they are of."""
    places = [np.flatnonzero(cue == each) for each in np.unique(cue)]
    if len({len(each) for each in places}) > 1:
        raise ValueError(
            f"cue: expected each as often as the others, got {[len(each) for each in places]}"
        )
    return np.stack([target[each] for each in places], axis=1), places


def _in_order(by_cue: np.ndarray, places: list[np.ndarray]) -> np.ndarray:
    found = np.empty(by_cue.size)
    for column, trials in zip(by_cue.T, places, strict=True):
        found[trials] = column
    return found


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    if np.ptp(a) < 1e-12 or np.ptp(b) < 1e-12:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])
