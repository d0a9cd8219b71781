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
    predicted : (n_trials,) array
    """

    score: float
    null: np.ndarray
    predicted: np.ndarray

    @property
    def p_value(self) -> float:
        """Share of surrogates that are decoded as well, and the variable itself."""
        return float((1 + np.sum(self.null >= self.score)) / (1 + len(self.null)))


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
    cosines (`CourseSurrogates`): as slow, and as different between cues.

    Parameters
    ----------
    rates : (n_trials, n_cells) array
    target : (n_trials,) array
    block : (n_trials,) array
    cue : (n_trials,) array
        Each as often as the others within every turn of all cues.
    n_surrogates : int
        0 for none.
    seed : int

    Returns
    -------
    Decoded
    """
    rng = np.random.default_rng(seed)
    drawn = [target, *surrogates_of(target, cue, n_surrogates, rng)]
    predicted = held_out(rates, np.stack(drawn, axis=1), block)
    scores = [_correlation(p, y) for p, y in zip(predicted.T, drawn, strict=True)]
    return Decoded(scores[0], np.array(scores[1:]), predicted[:, 0])


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
    places = [np.flatnonzero(cue == each) for each in np.unique(cue)]
    length = min(map(len, places))
    if any(len(each) > length for each in places):
        raise ValueError("cue: expected each as often as the others")
    courses = CourseSurrogates(np.stack([target[each] for each in places], axis=1))
    drawn = []
    for _ in range(n):
        found, surrogate = np.empty(len(target)), courses.draw(rng)
        for column, each in enumerate(places):
            found[each] = surrogate[:, column]
        drawn.append(found)
    return drawn


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    if np.ptp(a) < 1e-12 or np.ptp(b) < 1e-12:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])
