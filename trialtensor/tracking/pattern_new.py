"""New activity beside components that may rotate, and what it adds to their patterns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from trialtensor.tracking.pattern_drift import Drift
from trialtensor.tracking.pattern_runs import Runs, deviations, difference, run_weights

N_ALTERNATIONS = 40
N_REWEIGHTINGS = 20
ROUNDING = 1e-13
SHARE = 0.2  # of a change of components that may have another time course without being new


def new_patterns(
    runs: Runs, drift: Drift, limit: float, alpha: float, n_null: int, rng: np.random.Generator
) -> tuple[float, np.ndarray]:
    """Test whether late activity has time courses that components lack.

    That is invisible to any gain or rotation of components. The null is noise and drift, and a
    fifth of how components change: activity that saturates changes its time course with its
    strength.

    Parameters
    ----------
    runs : Runs
    drift : Drift
    limit : float
        P value up to which new patterns are returned.
    alpha : float
        Their singular values exceed all but this share of the null.
    n_null : int
    rng : Generator

    Returns
    -------
    p_value : float
    neurons : (n_neurons, n_new) array
        Their patterns of neurons, of unit length.
    """
    change = difference(runs.beyond, runs.is_late)
    left, values, right = np.linalg.svd(change, full_matrices=False)
    known = difference(runs.patterns, runs.is_late) @ runs.courses.T
    least = min(SHARE * float(np.linalg.norm(known, 2)), values[0])
    weak = least * np.outer(left[:, 0], right[0])
    noise = deviations(runs.beyond, runs.is_late)
    early = runs.beyond[~runs.is_late].mean(axis=0)
    weights = run_weights(runs.is_late, n_null, rng)
    wandered = drift.draws(n_null, len(change), rng)
    null = np.array(
        [
            _largest(weak + np.tensordot(w, noise, 1) + d[:, None] * early)
            for w, d in zip(weights, wandered, strict=True)
        ]
    )
    # Rounding of runs that don't differ isn't new.
    rounding = ROUNDING * np.abs(runs.means).max(initial=0) * np.sqrt(runs.means[0].size)
    p_value = float((1 + np.sum(null >= values[0] - rounding)) / (1 + n_null))
    if p_value > limit:
        return p_value, left[:, :0]
    return p_value, left[:, : max(int(np.sum(values > np.quantile(null, 1 - alpha))), 1)]


def _largest(matrix: np.ndarray) -> float:
    """Return the largest singular value."""
    small = matrix.T @ matrix if matrix.shape[0] > matrix.shape[1] else matrix @ matrix.T
    return float(np.sqrt(max(np.linalg.eigvalsh(small)[-1], 0.0)))


@dataclass(frozen=True, eq=False)
class Explained:
    """Late activity as new activity and components, of which some are free to rotate.

    Attributes
    ----------
    free : tuple of int
        Components with any neurons.
    neurons, times : (n_neurons, n_new) and (n_times, n_new) arrays
        New activity; time courses apart from those of free components.
    left : float
        Squares left.
    """

    free: tuple[int, ...]
    neurons: np.ndarray
    times: np.ndarray
    left: float


def explain(runs: Runs, free: tuple[int, ...], start: np.ndarray) -> Explained:
    """Fit late activity by new activity beside components with their early neurons.

    Components keep their early patterns, with a gain, apart from ``free`` ones; new activity has
    any neurons and time courses, so its overlap with the courses of components is found too.
    Both are solved for in turn from ``start``, new neurons ``(n_neurons, n_new)``.
    """
    n_new = start.shape[1]
    kept = [r for r in range(runs.courses.shape[1]) if r not in free]
    apart = apart_from(runs.courses[:, list(free)])
    early, courses = runs.early_patterns[:, kept], apart @ runs.courses[:, kept]
    late = (runs.late - runs.unexplained) @ apart
    gains = np.array([overlap(early[:, k], runs.late_patterns[:, r], start)[0]
                      for k, r in enumerate(kept)])  # fmt: skip
    before = np.inf
    for _ in range(N_ALTERNATIONS):
        rest = late - (early * gains) @ courses.T
        left, values, right = np.linalg.svd(rest, full_matrices=False)
        new = (left[:, :n_new] * values[:n_new]) @ right[:n_new]
        squares = float(np.sum(values[n_new:] ** 2))
        if not n_new or squares >= before * (1 - 1e-6):
            break
        before = squares
        gains = gains_of((late - new)[None], early, courses)[0]
    return Explained(free, left[:, :n_new], right[:n_new].T, squares)


def gains_of(means: np.ndarray, early: np.ndarray, courses: np.ndarray) -> np.ndarray:
    """Return gains ``(n_means, R)`` of patterns and courses by least squares."""
    gram = (early.T @ early) * (courses.T @ courses)
    products = np.einsum("nr,unt,tr->ur", early, means, courses, optimize=True)
    return np.asarray(products @ np.linalg.pinv(gram, hermitian=True))


def apart_from(courses: np.ndarray) -> np.ndarray:
    """Return the projection ``(n_times, n_times)`` that removes some courses."""
    basis = scipy.linalg.orth(courses)
    return np.asarray(np.eye(len(courses)) - basis @ basis.T)


def overlap(
    early: np.ndarray, late: np.ndarray, neurons: np.ndarray, *, robust: bool = False
) -> np.ndarray:
    """Regress a late pattern on its early one and on new neurons: gain, then overlap.

    Of a component that rotates, many neurons may still be as they were: least absolute deviations
    (``robust``) go by those.
    """
    columns = np.column_stack([early, neurons])
    found = np.linalg.lstsq(columns, late, rcond=None)[0]
    for _ in range(N_REWEIGHTINGS if robust and neurons.shape[1] else 0):
        rest = np.abs(late - columns @ found)
        weights = 1 / np.sqrt(np.maximum(rest, 0.1 * np.sqrt(np.mean(rest**2)) + 1e-200))
        weights /= weights.max()
        found = np.linalg.lstsq(columns * weights[:, None], late * weights, rcond=None)[0]
    return np.asarray(found)
