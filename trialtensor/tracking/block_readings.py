"""What a course is in blocks of trials, whatever the transitions and the noise.

Draws of transitions and noise say when and how fast a series changes; how far, and how surely, is
worked out for each draw: a distribution of Student's, and a mixture of them over draws.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import scipy.signal
from scipy.special import logsumexp

from trialtensor.kernels.slow_noise import whiten
from trialtensor.tracking.mixtures import Mixtures
from trialtensor.tracking.transitions.evidence import Filters
from trialtensor.tracking.transitions.posterior import sample
from trialtensor.tracking.transitions.problem import Problem, solve
from trialtensor.tracking.transitions.search import Transition

N_DRAWS = 200
NEGLIGIBLE = 1e-12  # weight of a draw


@dataclass(frozen=True, eq=False)
class Readings:
    """Quantities to be read off a course.

    Attributes
    ----------
    means : (n_readings, n_trials) array
        Weights of trials: those of a block, each as much as any other, or a difference of such.
    courses : (n_readings, n_trials) array
        Weights of trials at which transitions are read, the same as above for what a block is on
        average.
    by_means : bool
        Whether to begin with averages of trials. They are right whatever the course is, but for
        labels that take turns, neighbours say more.
    """

    means: np.ndarray
    courses: np.ndarray
    by_means: bool


@dataclass(frozen=True, eq=False)
class Draw:
    """A likely course and noise: transitions, kind of noise, and how likely they are."""

    columns: np.ndarray
    filters: Filters
    kind: int
    weight: float


def draws_of(problems: list[Problem], max_transitions: int, rng: np.random.Generator) -> list[Draw]:
    """Return draws from the posterior of one series, with transitions and without.

    Each problem is one idea of where transitions may begin, as likely as the others. Draws that
    are alike are one, with the weight of all.
    """
    draws: list[Draw] = []
    odds = [0.0]
    for problem in problems:
        solutions = solve(problem, max_transitions).solutions
        best = max(solutions[1:], key=lambda each: each.log_evidence, default=solutions[0])
        of_any = [-np.inf, *(each.log_evidence for each in solutions[1:])]
        odds.append(float(logsumexp(of_any)) - solutions[0].log_evidence - np.log(len(problems)))
        draws += _sampled(problem, best.transitions, odds[-1], rng)
    draws += _without_transitions(problems[0])
    total = logsumexp(odds)
    shares = [replace(draw, weight=float(np.exp(draw.weight - total))) for draw in draws]
    return [draw for draw in shares if draw.weight > NEGLIGIBLE]


def _without_transitions(problem: Problem) -> list[Draw]:
    """Return every kind of noise, with logarithms of their weights."""
    nothing = problem.search.columns([])
    evidence = problem.search.series[0].kinds(nothing)
    filters = problem.search.series[0].filters
    weights = evidence - logsumexp(evidence)
    return [Draw(nothing, filters, kind, weight) for kind, weight in enumerate(weights.tolist())]


def _sampled(
    problem: Problem, transitions: list[Transition], log_weight: float, rng: np.random.Generator
) -> list[Draw]:
    """Return draws given the number of transitions, with logarithms of their weights."""
    if log_weight == -np.inf:
        return []
    search = problem.search
    drawn = sample(search, transitions, N_DRAWS, rng)
    counts: Counter[tuple[tuple[Transition, ...], int]] = Counter()
    for onsets, taus, kinds in zip(drawn.onsets, drawn.taus, drawn.kinds, strict=True):
        each = sorted(zip(onsets.tolist(), taus.tolist(), strict=True))
        counts[tuple(each), int(kinds[0])] += 1
    filters = search.series[0].filters
    return [
        Draw(search.columns(list(which)), filters, kind, log_weight + np.log(count / N_DRAWS))
        for (which, kind), count in counts.items()
    ]


def read(problem: Problem, draws: list[Draw], readings: Readings) -> Mixtures:
    """Return what is known of each reading, in units of the search."""
    y = np.nan_to_num(problem.values[:, 0])
    n_base = len(problem.base)
    own = _variances_of_means(draws, readings)
    middles, widths, degrees = [], [], []
    for draw in draws:
        columns = np.vstack([problem.base, draw.columns])
        at_means, at_courses = readings.means @ columns.T, readings.courses @ columns.T
        # Levels are the same wherever in a block they are read.
        at_courses[:, :n_base] = at_means[:, :n_base]
        fit = _least_squares(columns, y, draw.filters.gains[draw.kind])
        middle, variance = at_courses @ fit.coefficients, fit.of(at_courses)
        if readings.by_means:
            middle += readings.means @ y - at_means @ fit.coefficients
            variance += own[id(draw.filters), draw.kind] - fit.of(at_means)
        middles.append(middle)
        widths.append(np.sqrt(np.maximum(variance, 0.0) * fit.variance))
        degrees.append(fit.degrees)
    weights = np.array([draw.weight for draw in draws])
    return Mixtures(
        weights / weights.sum(), np.array(middles).T, np.array(widths).T, np.array(degrees)
    )


def _variances_of_means(draws: list[Draw], readings: Readings) -> dict[tuple[int, int], np.ndarray]:
    """Return variances of averages of trials, by noise."""
    found: dict[tuple[int, int], np.ndarray] = {}
    for draw in draws if readings.by_means else []:
        key = id(draw.filters), draw.kind
        if key not in found:
            found[key] = variances(readings.means, draw.filters, draw.kind)
    return found


def n_independent(draws: list[Draw]) -> float:
    """Return how many independent trials say as much of a level as those of a series."""
    total = 0.0
    for draw in draws:
        seen = draw.filters.seen
        total += draw.weight * seen.sum() / draw.filters.kinds.inflation(len(seen))[draw.kind]
    return total


@dataclass(frozen=True, eq=False)
class _Fit:
    coefficients: np.ndarray
    root: np.ndarray
    variance: float
    degrees: int

    def of(self, directions: np.ndarray) -> np.ndarray:
        """Return variances of combinations of coefficients, for noise of unit variance."""
        return np.sum((directions @ self.root) ** 2, axis=1)


def _least_squares(columns: np.ndarray, y: np.ndarray, gains: np.ndarray) -> _Fit:
    """Fit columns under a kind of noise. Those that add nothing to others get a share each."""
    rows, target = whiten(gains, columns), whiten(gains, y[None])[0]
    left, sizes, right = np.linalg.svd(rows.T, full_matrices=False)
    used = sizes > 1e-10 * sizes[0]
    root = right[used].T / sizes[used]
    coefficients = root @ (left[:, used].T @ target)
    rest = target - coefficients @ rows
    degrees = max(int(np.count_nonzero(gains[2])) - int(used.sum()), 1)
    return _Fit(coefficients, root, float(rest @ rest) / degrees, degrees)


def variances(weights: np.ndarray, filters: Filters, kind: int) -> np.ndarray:
    """Return variances of weighted sums of trials under a kind of noise of unit size.

    Parameters
    ----------
    weights : (n_sums, n_trials) array
        0 for trials without a value.
    filters : Filters
    kind : int

    Returns
    -------
    (n_sums,) array
    """
    kinds, first = filters.kinds, int(np.argmax(filters.seen))
    # Trials without a value have the spread of the last that has one.
    last = np.maximum.accumulate(np.where(filters.seen, np.arange(len(filters.seen)), first))
    scale = filters.spread[last] ** 2
    # How much of the slow noise that comes with a trial is in the sum.
    reach = scipy.signal.lfilter([1.0], [1.0, -kinds.rho[kind]], weights[:, ::-1])[:, ::-1]
    slow = kinds.start[kind] * scale[first] * reach[:, first] ** 2
    slow += kinds.new[kind] * (reach[:, first + 1 :] ** 2 @ scale[first:-1])
    return np.asarray(slow + kinds.white[kind] * (weights**2 @ scale))
