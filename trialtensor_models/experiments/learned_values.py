"""The values that choices and rewards alone tell of: a Rescorla-Wagner learner, fitted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

# A learner that never explores, and one that learns nothing or forgets all, can't be told apart.
_BOUNDS = ((0.05, 0.9), (0.0, 12.0))
_STARTS = ((0.1, 2.0), (0.3, 4.0), (0.6, 2.0))


@dataclass(frozen=True, eq=False)
class Values:
    """Values before each trial.

    Attributes
    ----------
    rate, inverse_temperature : float
        Of the learner that makes the choices most likely.
    left, right : (n_trials,) arrays
        Expected reward of either answer to the cue of the trial.
    """

    rate: float
    inverse_temperature: float
    left: np.ndarray
    right: np.ndarray

    @property
    def signed(self) -> np.ndarray:
        """(n_trials,) value of the right answer less that of the left one."""
        return self.right - self.left

    @property
    def expected(self) -> np.ndarray:
        """(n_trials,) expected reward, with either answer as often as it is chosen."""
        share = 1 / (1 + np.exp(-self.inverse_temperature * self.signed))
        return share * self.right + (1 - share) * self.left


def fit_values(cue: np.ndarray, choice: np.ndarray, reward: np.ndarray) -> Values:
    """Fit a learner of two answers to each cue (Rescorla & Wagner 1972) by maximum likelihood.

    Parameters
    ----------
    cue : (n_trials,) int array
    choice : (n_trials,) array
        -1 is left, 1 right.
    reward : (n_trials,) array

    Returns
    -------
    Values

    Raises
    ------
    ValueError
        If choices aren't -1 or 1, or the arrays differ in length.

    Examples
    --------
    >>> cue = np.zeros(40, dtype=int)
    >>> choice = np.resize([1, 1, 1, -1], 40)
    >>> found = fit_values(cue, choice, (choice > 0).astype(float))
    >>> bool(found.signed[-1] > 0.5)
    True
    """
    cue, choice, reward = np.asarray(cue), np.asarray(choice), np.asarray(reward, dtype=float)
    if not cue.shape == choice.shape == reward.shape or cue.ndim != 1:
        raise ValueError(
            "cue, choice, reward: expected one each for the same trials, got shapes "
            f"{cue.shape}, {choice.shape} and {reward.shape}"
        )
    if not np.isin(choice, (-1, 1)).all():
        raise ValueError(f"choice: expected -1 or 1, got {np.unique(choice).tolist()}")
    fits = [minimize(_surprise, start, (cue, choice, reward), bounds=_BOUNDS) for start in _STARTS]
    rate, inverse = min(fits, key=lambda fit: fit.fun).x
    return Values(float(rate), float(inverse), *_values(rate, cue, choice, reward).T)


def values_of(learner: Values, cue: np.ndarray, choice: np.ndarray, reward: np.ndarray) -> Values:
    """Find the values that a learner would have had.

    Parameters
    ----------
    learner : Values
        Its rate and inverse temperature are used.
    cue, choice, reward : (n_trials,) arrays

    Returns
    -------
    Values
    """
    values = _values(learner.rate, cue, choice, reward)
    return Values(learner.rate, learner.inverse_temperature, *values.T)


def _values(rate: float, cue: np.ndarray, choice: np.ndarray, reward: np.ndarray) -> np.ndarray:
    """(n_trials, 2) values of both answers before each trial."""
    table = np.full((int(cue.max()) + 1, 2), 0.5)
    values = np.empty((len(cue), 2))
    for k, (c, a) in enumerate(zip(cue.tolist(), (choice > 0).astype(int).tolist(), strict=True)):
        values[k] = table[c]
        table[c, a] += rate * (reward[k] - table[c, a])
    return values


def _surprise(
    parameters: np.ndarray, cue: np.ndarray, choice: np.ndarray, reward: np.ndarray
) -> float:
    left, right = _values(parameters[0], cue, choice, reward).T
    return float(np.logaddexp(0, -parameters[1] * (right - left) * choice).mean())
