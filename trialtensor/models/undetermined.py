"""What the data say about missing entries: as arrays of a fitted model, and as a warning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.models.fitted import Fitted, Named
from trialtensor.solvers import contraction
from trialtensor.solvers.determination import Determination, determination
from trialtensor.solvers.result import Factors
from trialtensor.solvers.ridge import RidgeScale, row_grams, row_strengths
from trialtensor.solvers.runs import RestartResult


# Restarts whose losses differ by less than this over the number of observed entries (20 in log
# likelihood), and at most by the second number, could both be right.
_ALIKE, _ALIKE_AT_MOST = 40.0, 0.01


@dataclass(frozen=True, eq=False)
class Judged:
    """How far observed entries determine a fit.

    Attributes
    ----------
    determination : Determination
    levels : tuple of float
        Strength of the ridge on an undetermined row of each array, in balanced factors.
    """

    determination: Determination
    levels: tuple[float, ...]


def judge(
    problem: Any,
    factors: Sequence[np.ndarray],
    scale: RidgeScale,
    grams_of: Callable[..., Any] = row_grams,
) -> Judged:
    """Judge a fit with missing entries by the factors that its solver returned.

    Parameters
    ----------
    problem : object with ``sweep`` and ``weighted``
    factors : tuple of arrays
    scale : RidgeScale
    grams_of : callable, optional
        See :func:`trialtensor.solvers.ridge.minimise_missing`.
    """
    grams, loss = grams_of(problem, factors)
    n_parameters = sum(factors[mode].size for mode in grams)
    times = scale.strength(loss, n_parameters)
    levels = tuple(times * level for level in scale.levels)
    strengths = [
        row_strengths(*grams[mode], level) if mode in grams else np.zeros(1)
        for mode, level in enumerate(levels)
    ]
    found = determination(grams, factors, strengths, scale.noise(loss, n_parameters))
    return Judged(found, levels)


def largest_missing(X: np.ndarray, observed: np.ndarray, factors: Factors) -> float:
    """Return the largest size of the model where entries are missing, relative to the data's.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array
    observed : bool array of the same shape
    factors : three (n_axis, R) arrays
    """
    trial, neuron, time = factors
    largest = data = 0.0
    for part in contraction.trial_chunks(X.shape):
        model = np.abs(contraction.reconstruct((trial[part], neuron, time)))
        largest = max(largest, float(np.max(model, initial=0, where=~observed[part])))
        data = max(data, float(np.abs(X[part]).max()))
    return largest / data


def disagreement(
    found: Sequence[RestartResult[Any]],
    n_observed: int,
    told: Callable[[Any, slice], np.ndarray],
    missing: Callable[[slice], np.ndarray],
    parts: Sequence[slice],
) -> float:
    """Return how far a nearly equal restart differs from the best where entries are missing.

    Parameters
    ----------
    found : list of RestartResult
        Best first.
    n_observed : int
    told : callable
        ``told(factors, part)``: what a restart says of some trials.
    missing : callable
        ``missing(part)``: which entries of those trials are missing.
    parts : list of slices
        Trials, a few at a time.

    Returns
    -------
    float
        Sum of squared differences relative to that of the best one's predictions, the largest over
        restarts whose loss the noise can't tell from the lowest; 0 if there is no such restart.
    """
    best, *others = found
    limit = best.result.loss * (1 + min(_ALIKE_AT_MOST, _ALIKE / n_observed))
    rivals = [other for other in others if other.result.loss <= limit]
    apart, size = np.zeros(len(rivals)), 0.0
    for part in parts if rivals else ():
        where = missing(part)
        known = told(best.result.factors, part)[where].astype(np.float64)
        size += float(known @ known)
        for i, rival in enumerate(rivals):
            difference = told(rival.result.factors, part)[where] - known
            apart[i] += float(difference @ difference)
    return float(apart.max() / size) if len(rivals) and size > 0 else 0.0


def about_missing(
    judged: Judged, largest: float, apart: float, shares: dict[str, np.ndarray]
) -> dict[str, Named]:
    """Name what a fitted model keeps of a judgement.

    Parameters
    ----------
    judged : Judged
    largest, apart : float
        From `largest_missing` and `disagreement`.
    shares : dict
        Axis -> share of each of its rows that is uncertain.
    """
    return {
        "missing_noise_share": Named((), judged.determination.noise_share),
        "largest_missing": Named((), largest),
        "missing_disagreement": Named((), apart),
        **{f"{axis}_undetermined": Named((axis,), share) for axis, share in shares.items()},
    }


def ridge_of(fitted: Fitted, name: str = "trial_ridge") -> Any:
    """Return the ridge on trials that the data hardly determine; None if the model has none.

    Parameters
    ----------
    fitted : Fitted
    name : str
    """
    named = fitted.arrays.get(name)
    return None if named is None else named.values
