"""Learning curves of a trial series: constant, line, one or two exponentials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.optimize
import scipy.stats

from trialtensor.models.parameters import check_share
from trialtensor.tracking.noise import fit_noise
from trialtensor.tracking.series import check_one_series

# Parameters of the mean, and how many trials each needs.
N_PARAMETERS = {"constant": 1, "linear": 2, "exponential": 3, "two-exponential": 5}
TRIALS_A_PARAMETER = 4
N_GRID = 40
# Shorter than this is over within a trial; two processes must differ to be two.
SHORTEST = 0.5
MIN_RATIO = 2.0


@dataclass(frozen=True, eq=False)
class LearningFit:
    """One of the models of a learning curve.

    Attributes
    ----------
    model : str
    bic : float
        Relative to that of the best model.
    start, plateau : float
        Value at the first trial, and asymptote of the exponentials; for a line, its ends.
    amplitudes : (n_exponentials,) array
        Total change of each exponential: ``start = plateau - sum(amplitudes)``.
    time_constants : (n_exponentials,) array
        In trials, fastest first.
    time_constant_intervals : (n_exponentials, 2) array
        Infinite where the data only bound it from below.
    fitted : (n_trials,) array
    """

    model: str
    bic: float
    start: float
    plateau: float
    amplitudes: np.ndarray
    time_constants: np.ndarray
    time_constant_intervals: np.ndarray
    fitted: np.ndarray

    @property
    def slope(self) -> float:
        """Mean change per trial from the first to the last."""
        return float((self.fitted[-1] - self.fitted[0]) / max(len(self.fitted) - 1, 1))


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """The preferred model of a learning curve, and all candidates.

    Attributes
    ----------
    best : LearningFit
        The model with the lowest BIC.
    fits : dict of str -> LearningFit
    level : float
        Of the intervals.
    n_effective : float
        Effective number of independent trials.
    """

    best: LearningFit
    fits: dict[str, LearningFit]
    level: float
    n_effective: float


def learning_curve(
    values: Any,
    *,
    models: Sequence[str] = ("constant", "linear", "exponential", "two-exponential"),
    level: float = 0.9,
) -> LearningCurve:
    """Fit models of learning to a series that starts with it, and choose by BIC.

    An exponential is ``plateau - amplitude * exp(-trial / time_constant)``. For given time
    constants the rest is linear least squares, so only they are searched for, on a grid and then
    by a simplex. Trials with correlated noise are worth fewer: BIC and intervals count
    ``n / inflation`` trials, where the inflation is how much more the mean of many trials varies
    than it would with independent ones.

    Parameters
    ----------
    values : (n_trials,) array
        From the first trial that can show learning; NaN is missing.
    models : sequence of str
        Models to try.
    level : float
        Of the intervals: time constants for which the best fit is not significantly
        worse (profile likelihood).

    Returns
    -------
    LearningCurve

    Raises
    ------
    ValueError
        For fewer trials with a value than four for each parameter of the largest model (20 for two
        exponentials, 12 for one), or an unknown model.

    References
    ----------
    Golub & Pereyra 1973 for separating linear parameters; Schwarz 1978 for BIC; Newell & Rosenbloom
    1981 on the form of learning curves.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = 1 - np.exp(-np.arange(150) / 10) + rng.normal(scale=0.02, size=150)
    >>> found = learning_curve(y)
    >>> found.best.model, found.best.time_constants.round(0).tolist()
    ('exponential', [10.0])
    """
    unknown = set(models) - set(N_PARAMETERS)
    if unknown or not models:
        raise ValueError(
            f"models: expected some of {', '.join(N_PARAMETERS)}, got {', '.join(models) or 'none'}"
        )
    check_share("level", level)
    largest = max(models, key=lambda name: N_PARAMETERS[name])
    needed = trials_needed(largest)
    try:
        y = check_one_series(values, "values", needed)
    except ValueError as error:
        if "at least" not in str(error):
            raise
        raise ValueError(f"{error}; the model {largest!r} needs as many") from None
    problem = _Problem(y)
    found = {name: _time_constants(problem, name) for name in models}
    sse = {name: problem.solve(tau, name == "linear")[0] for name, tau in found.items()}
    rest = y - problem.solve(found[largest], largest == "linear")[2]
    noise = fit_noise(rest)
    n_effective = problem.n / max(noise.inflation, 1.0)
    variance = sse[largest] / max(problem.n - N_PARAMETERS[largest], 1)
    cutoff = variance * problem.n / n_effective * scipy.stats.chi2.ppf(level, 1)
    floor = 1e-20 * max(float(np.nansum(y**2)), 1e-300)
    bic = {
        name: n_effective * np.log(max(sse[name], floor)) + N_PARAMETERS[name] * np.log(n_effective)
        for name in models
    }
    lowest = min(bic.values())
    fits = {
        name: _describe(problem, name, found[name], bic[name] - lowest, cutoff) for name in models
    }
    return LearningCurve(fits[min(bic, key=lambda m: bic[m])], fits, level, n_effective)


def trials_needed(model: str) -> int:
    """Return how many trials with a value a model of a learning curve needs.

    Examples
    --------
    >>> trials_needed("linear"), trials_needed("exponential"), trials_needed("two-exponential")
    (8, 12, 20)
    """
    return max(TRIALS_A_PARAMETER * N_PARAMETERS[model], 8)


class _Problem:
    """Least squares for given time constants; its search space."""

    def __init__(self, y: np.ndarray) -> None:
        self.trials = np.arange(len(y), dtype=float)
        self.seen = np.isfinite(y)
        self.y = y[self.seen]
        self.n = int(self.seen.sum())
        # A constant much longer than the series can't be told from a line.
        self.longest = 3.0 * len(y)
        self.grid = np.geomspace(SHORTEST, self.longest, N_GRID)

    def design(self, taus: np.ndarray, linear: bool) -> np.ndarray:
        columns = [np.ones_like(self.trials)]
        if linear:
            columns.append(self.trials)
        # Measured from the plateau, so that an amplitude is how far it goes.
        columns += [-np.exp(-self.trials / tau) for tau in taus]
        return np.stack(columns, axis=1)

    def solve(self, taus: np.ndarray, linear: bool = False) -> tuple[float, np.ndarray, np.ndarray]:
        """Return the sum of squared errors, coefficients, and fitted values of all trials."""
        design = self.design(taus, linear)
        coefficients = np.linalg.lstsq(design[self.seen], self.y, rcond=None)[0]
        fitted = design @ coefficients
        return float(np.sum((self.y - fitted[self.seen]) ** 2)), coefficients, fitted

    def loss(self, log_taus: np.ndarray) -> float:
        """Return the loss for a search without bounds: infinite outside."""
        taus = np.exp(np.sort(log_taus))
        if taus[0] < SHORTEST or taus[-1] > self.longest:
            return np.inf
        if len(taus) == 2 and taus[1] < MIN_RATIO * taus[0]:
            return np.inf
        return self.solve(taus)[0]


def _time_constants(problem: _Problem, model: str) -> np.ndarray:
    if model in ("constant", "linear"):
        return np.zeros(0)
    logs = np.log(problem.grid)
    if model == "exponential":
        starts = [np.array([log]) for log in logs]
    else:
        coarse = logs[::3]
        starts = [np.array([a, b]) for a in coarse for b in coarse if b > a + np.log(MIN_RATIO)]
    losses = [problem.loss(start) for start in starts]
    return _polish(problem, starts[int(np.argmin(losses))])


def _polish(problem: _Problem, start: np.ndarray) -> np.ndarray:
    simplex = np.vstack([start, start + 0.1 * np.eye(len(start))])
    found = scipy.optimize.minimize(
        problem.loss,
        start,
        method="Nelder-Mead",
        options={"initial_simplex": simplex, "xatol": 1e-4, "fatol": 1e-12 * problem.loss(start)},
    )
    best = found.x if found.fun <= problem.loss(start) else start
    return np.exp(np.sort(best))


def _describe(
    problem: _Problem, model: str, taus: np.ndarray, bic: float, cutoff: float
) -> LearningFit:
    sse, coefficients, fitted = problem.solve(taus, model == "linear")
    plateau = fitted[-1] if model in ("constant", "linear") else coefficients[0]
    intervals = np.array([_interval(problem, taus, i, sse + cutoff) for i in range(len(taus))])
    return LearningFit(
        model,
        float(bic),
        float(fitted[0]),
        float(plateau),
        coefficients[1:] if len(taus) else np.zeros(0),
        taus,
        intervals.reshape(-1, 2),
        fitted,
    )


def _interval(problem: _Problem, taus: np.ndarray, which: int, limit: float) -> tuple[float, float]:
    """Find where the profile loss of a time constant crosses the limit on either side."""
    others = np.log(np.delete(taus, which))
    coarse = np.log(problem.grid[::2])

    def profile(log_tau: float) -> float:
        if not len(others):
            return problem.solve(np.exp([log_tau]))[0] - limit
        beyond = coarse > log_tau + np.log(MIN_RATIO)
        before = coarse < log_tau - np.log(MIN_RATIO)
        free = coarse[beyond if which == 0 else before]
        candidates = [*free, *others]
        return min(problem.loss(np.array([log_tau, other])) for other in candidates) - limit

    centre = np.log(taus[which])
    ends = []
    for stop, edge in ((np.log(SHORTEST), 0.0), (np.log(problem.longest), np.inf)):
        steps = np.linspace(centre, stop, 30)[1:]
        inner, outer = centre, None
        for step in steps:
            if profile(step) > 0:
                outer = step
                break
            inner = step
        if outer is None:
            ends.append(edge)
            continue
        for _ in range(25):
            middle = (inner + outer) / 2
            inner, outer = (inner, middle) if profile(middle) > 0 else (middle, outer)
        ends.append(float(np.exp((inner + outer) / 2)))
    return ends[0], ends[1]
