"""From the best transitions of each number to what is reported of them."""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from trialtensor.kernels.transition_scans import transition_shape
from trialtensor.tracking.transitions.calibration import p_value_of
from trialtensor.tracking.transitions.outliers import innovations
from trialtensor.tracking.transitions.posterior import Sample, sample
from trialtensor.tracking.transitions.problem import Problem, Solved
from trialtensor.tracking.transitions.relabelling import relabelled
from trialtensor.tracking.transitions.result import Draws, Transitions
from trialtensor.tracking.transitions.search import Search, Transition
from trialtensor.tracking.transitions.tabulating import tabulate

WANDERING = 0.98  # correlation from which noise doesn't return in a session
FAR = 0.25  # of the largest transition: noise that stays closer can't be taken for it


def describe(
    problem: Problem,
    solved: Solved,
    alpha: float,
    level: float,
    n_draws: int,
    rng: np.random.Generator,
) -> Transitions:
    """Return the result: decide, draw from the posterior, and summarise."""
    search, solutions = problem.search, solved.solutions
    evidence = np.array([each.log_evidence for each in solutions])
    log_odds = float(logsumexp(evidence[1:]) - evidence[0]) if len(evidence) > 1 else -np.inf
    varies = np.nanmax(np.abs(problem.values)) > 0
    p_value = p_value_of(log_odds, search.prior.n_observed) if varies else 1.0
    reported = p_value <= alpha
    best = solutions[1 + int(np.argmax(evidence[1:]))] if len(evidence) > 1 else solutions[0]
    p_any = float(1 - np.exp(evidence[0] - logsumexp(evidence)))
    changing = relabelled(sample(search, best.transitions, n_draws, rng), best.transitions)
    still = sample(search, [], n_draws, rng)
    # What is reported is taken for true; otherwise the course is that of either.
    n_changing = n_draws if reported else round(n_draws * p_any)
    course = _courses(problem, changing, n_changing, still)
    tails = [(1 - level) / 2, (1 + level) / 2]
    draws = Draws(changing.onsets, changing.taus, _sizes(problem, changing.amplitudes))
    noise = changing if p_any > 0.5 else still
    mean = course.mean(axis=0)
    offsets = _offsets(problem, noise)
    return Transitions(
        table=tabulate(search, best.transitions if reported else [], draws, tails),
        probability=p_any,
        probabilities=np.exp(evidence - logsumexp(evidence)),
        p_value=p_value,
        wanders=bool(varies) and _wanders(search, changing, still, p_any),
        course=mean,
        band=np.quantile(course, tails, axis=0),
        offsets=offsets,
        noise_sd=_spread(problem, mean + offsets),
        autocorrelation=_average(search, noise, "autocorrelation"),
        # By the trials that they leave: unlikely kinds that inflate much count little.
        inflation=_average(search, noise, "inflation", power=-1),
        diagnostics=_diagnostics(search, best.transitions, solved.n_outliers),
        draws=draws,
        alpha=alpha,
        level=level,
        log_odds=log_odds,
    )


def _spread(problem: Problem, course: np.ndarray) -> np.ndarray:
    """Return the standard deviation of trials about the course, in the units given."""
    own = problem.values @ problem.turn
    series = np.stack([u.levels(own[:, s]) for s, u in enumerate(problem.units)], axis=1)
    return np.asarray(np.nanstd(series - course, axis=0))


def _average(search: Search, drawn: Sample, name: str, power: int = 1) -> np.ndarray:
    """Return the posterior mean, of a power, of a property of the noise of each series."""
    n = len(search.prior.counts)
    kinds = [each.filters.kinds for each in search.series]
    return np.array(
        [
            float(np.mean(getattr(k, name)(n)[drawn.kinds[:, s]] ** power) ** power)
            for s, k in enumerate(kinds)
        ]
    )


def _diagnostics(
    search: Search, transitions: list[Transition], n_outliers: int
) -> dict[str, float]:
    """Return what is left that neither the course nor slow noise predicts."""
    columns, lags, ratios = search.columns(transitions), [0.0], [1.0]
    for each in search.series:
        rest = innovations(each, columns)[each.filters.seen]
        size = float(rest @ rest)
        if size > 0:
            lags.append(float(rest[1:] @ rest[:-1]) / size)
            first, second = np.array_split(rest, 2)
            known = min(first.std(), second.std()) > 0
            ratios.append(float(second.std() / first.std()) if known else 1.0)
    return {
        "lag_1": max(lags, key=abs),
        "outliers": float(n_outliers),
        "spread_ratio": max(ratios, key=lambda ratio: abs(np.log(ratio))),
    }


def _wanders(search: Search, changing: Sample, still: Sample, p_any: float) -> bool:
    """Return whether noise that doesn't return is likely, and far-ranging beside transitions."""
    n = len(search.prior.counts)
    for s, each in enumerate(search.series):
        kinds = each.filters.kinds
        slow = kinds.walks | (kinds.rho >= WANDERING)
        share = (1 - p_any) * np.mean(slow[still.kinds[:, s]])
        amplitudes = np.abs(changing.amplitudes[:, :, s]).max(axis=1, initial=0.0)
        range_of = np.sqrt(changing.variance[:, s] * kinds.wandering(n)[changing.kinds[:, s]])
        far = range_of > FAR * amplitudes
        share += p_any * np.mean(slow[changing.kinds[:, s]] & far)
        if share > 0.5:
            return True
    return False


def _courses(problem: Problem, changing: Sample, n_changing: int, still: Sample) -> np.ndarray:
    """Return draws of the course, ``(n_draws, n_trials, n_series)``, in the units given."""
    n_trials = len(problem.values)
    course = np.repeat(still.levels[:, :1], n_trials, axis=1)
    for draw in range(n_changing):
        course[draw] = changing.levels[draw, 0]
        for i in range(changing.onsets.shape[1]):
            shape = transition_shape(changing.onsets[draw, i], changing.taus[draw, i], n_trials)
            course[draw] += shape[:, None] * changing.amplitudes[draw, i]
    own = course @ problem.turn
    return np.stack([unit.levels(own[..., s]) for s, unit in enumerate(problem.units)], axis=-1)


def _offsets(problem: Problem, drawn: Sample) -> np.ndarray:
    """Return what conditions add to each trial, ``(n_trials, n_series)``, in the units given."""
    levels = drawn.levels[:, 1:].mean(axis=0)
    return _sizes(problem, np.tensordot(problem.base[1:], levels, axes=(0, 0)))


def _sizes(problem: Problem, amplitudes: np.ndarray) -> np.ndarray:
    own = amplitudes @ problem.turn
    return np.stack([unit.sizes(own[..., s]) for s, unit in enumerate(problem.units)], axis=-1)
