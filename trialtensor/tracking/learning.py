"""Learning curves of a trial series: constant, line, one or two exponentials."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.optimize
import scipy.stats

from trialtensor.data.shown import OneLine
from trialtensor.models.parameters import check_share
from trialtensor.tracking.noise import fit_noise
from trialtensor.tracking.series import Unit, check_one_series, in_own_unit

# Parameters of the mean, and how many trials each needs.
N_PARAMETERS = {"constant": 1, "linear": 2, "exponential": 3, "two-exponential": 5}
TRIALS_A_PARAMETER = 4
N_GRID = 40
# Shorter than this is over within a trial; two processes must differ to be two.
SHORTEST = 0.5
SHORTER = (0.2, 0.1, 0.02)
MIN_RATIO = 2.0
# Share of the sum of squares that counts as rounding: residuals of a ten-billionth.
ROUNDING = 1e-20
# Without more noise than this share, the search goes on to rounding.
NEARLY_EXACT = 0.05


@dataclass(frozen=True, eq=False, repr=False)
class LearningFit(OneLine):
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


@dataclass(frozen=True, eq=False, repr=False)
class LearningCurve(OneLine):
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
    models = _checked_models(models)
    check_share("level", level)
    largest = max(models, key=lambda name: N_PARAMETERS[name])
    needed = trials_needed(largest)
    try:
        y = check_one_series(values, "values", needed)
    except ValueError as error:
        if "at least" not in str(error):
            raise
        raise ValueError(f"{error}; the model {largest!r} needs as many") from None
    y, unit = in_own_unit(y)
    problem = _Problem(y)
    found = {name: _time_constants(problem, name) for name in models}
    sse = {
        name: max(problem.solve(tau, name == "linear")[0], problem.rounding)
        for name, tau in found.items()
    }
    n_effective = float(problem.n)
    if min(sse.values()) > problem.rounding:
        rest = y - problem.solve(found[largest], largest == "linear")[2]
        n_effective = problem.n / max(fit_noise(rest).inflation, 1.0)
    variance = sse[largest] / max(problem.n - N_PARAMETERS[largest], 1)
    cutoff = variance * problem.n / n_effective * scipy.stats.chi2.ppf(level, 1)
    bic = {
        name: n_effective * np.log(sse[name]) + N_PARAMETERS[name] * np.log(n_effective)
        for name in models
    }
    lowest = min(bic.values())
    fits = {
        name: _describe(problem, name, found[name], bic[name] - lowest, cutoff, unit)
        for name in models
    }
    best = min(bic, key=lambda name: (bic[name], N_PARAMETERS[name]))
    return LearningCurve(fits[best], fits, level, n_effective)


def _checked_models(models: Any) -> list[str]:
    names = [models] if isinstance(models, str) or not isinstance(models, Iterable) else [*models]
    unknown = [name for name in names if name not in N_PARAMETERS]
    if unknown or not names:
        raise ValueError(
            f"models: expected some of {', '.join(N_PARAMETERS)}, got "
            f"{', '.join(map(str, names)) or 'none'}"
        )
    return names


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
        # What is left by a model that is exact; more than the data's own rounding, because
        # exponentials that resemble each other are not solved for more exactly.
        self.rounding = max(ROUNDING * float(self.y @ self.y), 1e-300)
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
    if problem.loss(best) < NEARLY_EXACT * float(problem.y @ problem.y):
        best = _exactly(problem, best)
    return np.exp(np.sort(best))


def _exactly(problem: _Problem, start: np.ndarray) -> np.ndarray:
    """Go on to the minimum by least squares, which converge to rounding without noise.

    A simplex stops nearby, and what it leaves would look like a second exponential.
    """

    def residuals(log_taus: np.ndarray) -> np.ndarray:
        return problem.y - problem.solve(np.exp(log_taus))[2][problem.seen]

    tight = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15, "max_nfev": 100}
    at = np.sort(start)
    starts = [at]
    if len(at) == 1 and at[0] < np.log(1.5 * SHORTEST):
        # Over before the second trial: what is left there is too small to lead further down.
        starts += [np.log([tau]) for tau in SHORTER]
    ends = [
        np.sort(scipy.optimize.least_squares(residuals, each, jac="3-point", **tight).x)
        for each in starts
    ]
    found = min(ends, key=lambda end: problem.solve(np.exp(end))[0])
    # Without noise a time constant is certain even where it is very short or long.
    exact = problem.solve(np.exp(found))[0] <= problem.rounding
    return found if exact or problem.loss(found) < problem.loss(at) else at


def _describe(
    problem: _Problem, model: str, taus: np.ndarray, bic: float, cutoff: float, unit: Unit
) -> LearningFit:
    sse, coefficients, fitted = problem.solve(taus, model == "linear")
    plateau = fitted[-1] if model in ("constant", "linear") else coefficients[0]
    intervals = np.array([_interval(problem, taus, i, sse + cutoff) for i in range(len(taus))])
    return LearningFit(
        model,
        float(bic),
        float(unit.levels(fitted[0])),
        float(unit.levels(plateau)),
        unit.sizes(coefficients[1:]) if len(taus) else np.zeros(0),
        taus,
        intervals.reshape(-1, 2),
        unit.levels(fitted),
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
    shortest, longest = np.log(SHORTEST), np.log(problem.longest)
    for stop, edge in ((min(shortest, centre - 1), 0.0), (max(longest, centre + 1), np.inf)):
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
