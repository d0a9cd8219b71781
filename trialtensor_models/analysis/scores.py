"""Scores with what chance gives beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import subspace_angles
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata

from trialtensor.alignment.factors import unrelated
from trialtensor.data.arrays import as_floats, column_exponents, exponent_of, scaled, whole
from trialtensor.data.parameters import REPEATS, check_instance, check_whole, generator
from trialtensor.data.shown import is_least, p_equation
from trialtensor.selection.slow_nulls import CourseSurrogates
from trialtensor.solvers.matching import match_components
from trialtensor.solvers.result import Factors
from trialtensor_models.analysis.known import known_rows

N_SHUFFLES = 200
ROUNDING = 1e-13  # a column that varies by less is constant


@dataclass(frozen=True, eq=False, repr=False)
class Score:
    """A score and its null.

    Attributes
    ----------
    value : float
    null : (n_shuffles,) array
        The same score of what is unrelated.
    what : str
        What was shuffled, or drawn as slow as it is.
    """

    value: float
    null: np.ndarray
    what: str

    def __repr__(self) -> str:
        p = p_equation(self.p_value, bool(is_least(self.p_value, self.least_p)))
        return f"Score({self.value:.3g}, 95 % of the null below {self.chance:.3g}, {p})"

    @property
    def chance(self) -> float:
        """The 95th percentile of the null."""
        return float(np.quantile(self.null, 0.95))

    @property
    def p_value(self) -> float:
        """Share of the null that is at least as large, the score itself counted in.

        At least ``1 / (n_shuffles + 1)``; NaN where there is no score, as of a constant curve.
        """
        if np.isnan(self.value):
            return float("nan")
        return float((1 + np.sum(self.null >= self.value)) / (1 + len(self.null)))

    @property
    def least_p(self) -> float:
        """Smallest p value that the number of shuffles allows."""
        return 1 / (1 + len(self.null))


def learning_score(
    trial_factors: np.ndarray,
    curve: np.ndarray,
    *,
    n_shuffles: int = N_SHUFFLES,
    random_state: int | np.random.Generator | None = None,
) -> Score:
    """R² of a planted learning curve on all trial factors together, and of curves like it.

    Trial factors of some models (SliceTCA) are only known up to a rotation, and the unit and zero
    of a factor are a choice; the regression has both. R² is adjusted for the number of factors.

    Two courses that are slow correlate by chance, so shuffled trials would be no null: it is that
    of surrogates of the curve that are as slow, and as variable in every part of the session
    (`trialtensor.selection.slow_nulls.CourseSurrogates`).

    Parameters
    ----------
    trial_factors : (n_trials, n_components) array
        Trials that are missing (NaN or masked) here or in the curve are left out.
    curve : (n_trials,) array
    n_shuffles : int
    random_state : int, Generator or None

    Examples
    --------
    >>> curve = 0.9 ** np.arange(60)
    >>> noise = np.random.default_rng(0).standard_normal((60, 2))
    >>> score = learning_score(np.column_stack([3 - curve, noise]), curve, random_state=0)
    >>> round(score.value, 3), score.p_value < 0.05
    (1.0, True)
    """
    trial_factors, curve = known_rows(trial_factors=trial_factors, curve=curve)
    basis, curve = _basis(trial_factors), _curve(curve)
    check_whole("n_shuffles", n_shuffles, 1, REPEATS)
    rng = generator(random_state)
    like_it = CourseSurrogates(curve)
    null = [adjusted_r2(basis, like_it.draw(rng)) for _ in range(n_shuffles)]
    return Score(adjusted_r2(basis, curve), np.array(null), "trials")


def one_factor_scores(
    trial_factors: np.ndarray,
    curves: np.ndarray,
    *,
    n_shuffles: int = N_SHUFFLES,
    random_state: int | np.random.Generator | None = None,
) -> list[Score]:
    """Squared correlation of each curve with the one factor that it is matched to.

    Each curve gets another factor (Hungarian matching), also in the null, which so is that of the
    best of so many factors. The null is that of `learning_score`: surrogates of the factors that
    are as slow, all of them together.

    Parameters
    ----------
    trial_factors : (n_trials, n_components) array
        Trials that are missing (NaN or masked) here or in a curve are left out.
    curves : (n_trials, n_curves) array
        Not more curves than components.
    """
    trial_factors, curves = known_rows(trial_factors=trial_factors, curves=curves)
    check_whole("n_shuffles", n_shuffles, 1, REPEATS)
    rng = generator(random_state)
    found = matched_r2(trial_factors, curves)
    like_them = CourseSurrogates(_centred(trial_factors))
    null = np.array([matched_r2(like_them.draw(rng), curves) for _ in range(n_shuffles)])
    return [Score(float(value), each, "trials") for value, each in zip(found, null.T, strict=True)]


def factor_score(
    found: Factors,
    planted: Factors,
    *,
    n_shuffles: int = N_SHUFFLES,
    random_state: int | np.random.Generator | None = None,
) -> Score:
    """Factor match score of TCA components with planted ones, and of components like them.

    Those have shuffled neurons, time courses at another time, and courses over trials that are as
    slow as those that were found.

    Parameters
    ----------
    found, planted : tuples of three (n_axis, n_components) arrays
        Trial, neuron and time factors. Rows that are missing (NaN or masked) in either are left
        out.
    n_shuffles : int
    random_state : int, Generator or None

    Returns
    -------
    Score
    """
    found, planted = _factors(found, "found"), _factors(planted, "planted")
    trial, neuron, time = (
        known_rows(found=own, planted=other) for own, other in zip(found, planted, strict=True)
    )
    found, planted = ((trial[i], neuron[i], time[i]) for i in (0, 1))
    check_whole("n_shuffles", n_shuffles, 1, REPEATS)
    rng = generator(random_state)
    like_them = [CourseSurrogates(column) for column in _unit(found[0]).T]
    null = [
        match_components(planted, _unrelated(found, like_them, rng))[1] for _ in range(n_shuffles)
    ]
    return Score(match_components(planted, found)[1], np.array(null), "trials, neurons and times")


def subspace_score(
    found: np.ndarray,
    planted: np.ndarray,
    *,
    n_shuffles: int = N_SHUFFLES,
    random_state: int | np.random.Generator | None = None,
) -> Score:
    """Mean squared cosine of the principal angles between two subspaces, and of shuffled neurons.

    Parameters
    ----------
    found, planted : (n_neurons, n_directions) arrays
        Columns that span them; the smaller number of directions counts. Neurons that are missing
        (NaN or masked) in either are left out.

    Examples
    --------
    >>> A = np.random.default_rng(0).standard_normal((50, 2))
    >>> score = subspace_score(A @ [[1, 2], [0, 1]], A, random_state=0)
    >>> round(score.value, 6), score.chance < 0.2
    (1.0, True)
    """
    found, planted = known_rows(found=found, planted=planted)
    check_whole("n_shuffles", n_shuffles, 1, REPEATS)
    rng = generator(random_state)
    null = [subspace_overlap(rng.permutation(found), planted) for _ in range(n_shuffles)]
    return Score(subspace_overlap(found, planted), np.array(null), "neurons")


def region_score(
    strength: np.ndarray,
    inside: np.ndarray,
    *,
    n_shuffles: int = N_SHUFFLES,
    random_state: int | np.random.Generator | None = None,
) -> Score:
    """Area under the ROC curve: does a neuron's part in a component tell whether it is in a region?

    Parameters
    ----------
    strength : (n_neurons,) array
        Neurons without a value (NaN or masked) are left out.
    inside : (n_neurons,) bool array
        True in the region.

    Examples
    --------
    >>> region_score(np.arange(6.0), np.arange(6) > 2, random_state=0).value
    1.0
    """
    strength, inside = _known_neurons(strength, inside)
    check_whole("n_shuffles", n_shuffles, 1, REPEATS)
    rng = generator(random_state)
    null = [_area(strength, rng.permutation(inside)) for _ in range(n_shuffles)]
    return Score(_area(strength, inside), np.array(null), "neurons")


def adjusted_r2(basis: np.ndarray, curve: np.ndarray) -> float:
    """R² of a curve on orthonormal columns that hold the constant, for its degrees of freedom."""
    n, taken = basis.shape
    total = np.sum((curve - curve.mean()) ** 2) / (n - 1)
    if not total > ROUNDING**2 * np.sum(curve**2):
        return float("nan")
    left = np.sum((curve - basis @ (basis.T @ curve)) ** 2) / (n - taken)
    return float(1 - left / total)


def matched_r2(trial_factors: np.ndarray, curves: np.ndarray) -> np.ndarray:
    """(n_curves,) squared correlations of curves with the factors that they are matched to."""
    squared = np.nan_to_num(_correlations(trial_factors, curves)) ** 2
    rows, columns = linear_sum_assignment(squared, maximize=True)
    return squared[rows, columns][np.argsort(columns)]


def _factors(given: Factors, name: str) -> Factors:
    """Return three matrices of numbers."""
    check_instance(name, given, Sequence, "trial, neuron and time factors")
    if len(given) != 3:
        raise ValueError(f"{name}: expected trial, neuron and time factors, got {len(given)}")
    trial, neuron, time = (as_floats(each, name) for each in given)
    return trial, neuron, time


def _unrelated(
    factors: Factors, courses: Sequence[CourseSurrogates], rng: np.random.Generator
) -> Factors:
    trial = np.column_stack([course.draw(rng) for course in courses])
    return trial, rng.permutation(factors[1]), unrelated(factors[2], "time", rng)


def _unit(columns: np.ndarray) -> np.ndarray:
    """Return columns in units in which no square overflows."""
    return np.asarray(scaled(columns, -column_exponents(columns)))


def _correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    a, b = _centred(first), _centred(second)
    size = np.linalg.norm(a, axis=0)[:, None] * np.linalg.norm(b, axis=0)
    return np.divide(a.T @ b, size, out=np.zeros((a.shape[1], b.shape[1])), where=size > 0)


def _basis(trial_factors: np.ndarray) -> np.ndarray:
    n, n_factors = trial_factors.shape
    if n <= n_factors + 2:
        raise ValueError(
            f"trial_factors: {n_factors} factors need at least {n_factors + 3} trials, got {n}"
        )
    # Centred and in units of their own: the scale of a factor is a choice.
    return _orthonormal(np.column_stack([np.ones(n) / np.sqrt(n), _centred(trial_factors)]))


def _curve(values: np.ndarray) -> np.ndarray:
    curve = as_floats(values, "curve")
    if curve.ndim != 1:
        raise ValueError(f"curve: expected (n_trials,), got shape {curve.shape}")
    return np.asarray(scaled(curve, -exponent_of(curve)))


def _centred(columns: np.ndarray) -> np.ndarray:
    """Return columns about their means, of length 1; zeros for constants."""
    values = _unit(columns)
    rest = values - values.mean(axis=0)
    size = np.linalg.norm(rest, axis=0)
    varies = size > ROUNDING * np.linalg.norm(values, axis=0)
    return np.divide(rest, size, out=np.zeros_like(rest), where=varies)


def _orthonormal(columns: np.ndarray) -> np.ndarray:
    left, values, _ = np.linalg.svd(columns, full_matrices=False)
    return left[:, values > 1e-10 * values.max(initial=0)]


def subspace_overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Mean squared cosine of the principal angles between the spans of two sets of columns.

    Parameters
    ----------
    first, second : (n, n_columns) arrays
        Rows that are missing (NaN or masked) in either are left out.

    Returns
    -------
    float
    """
    first, second = known_rows(first=first, second=second)
    return float(np.mean(np.cos(subspace_angles(first, second)) ** 2))


def _known_neurons(strength: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    strength, inside = as_floats(strength, "strength"), whole(inside, "inside")
    if inside.dtype != bool or inside.shape != strength.shape:
        raise ValueError(
            f"inside: expected True or False for each of {strength.size} neurons, got "
            f"{inside.dtype} of shape {inside.shape}"
        )
    known = ~np.isnan(strength)
    return strength[known], inside[known]


def _area(strength: np.ndarray, inside: np.ndarray) -> float:
    n = int(inside.sum())
    pairs = n * (inside.size - n)
    if not pairs:
        raise ValueError("inside: expected neurons in the region and outside of it")
    return float((rankdata(strength)[inside].sum() - n * (n + 1) / 2) / pairs)
