"""Learning curves of a trial series: constant, line, one or two exponentials."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import chi2

from trialtensor.data.shown import OneLine
from trialtensor.models.parameters import check_share
from trialtensor.tracking.learning_evidence import LearningEvidence, Posterior
from trialtensor.tracking.series import Unit, check_one_series, in_own_unit
from trialtensor.tracking.transitions.prior import SHORT_START, log_prior_of_number

# Parameters of the mean, and how many trials each needs.
N_PARAMETERS = {"constant": 1, "linear": 2, "exponential": 3, "two-exponential": 5}
TRIALS_A_PARAMETER = 4
NONE, ONE, TWO = "constant", "exponential", "two-exponential"
# Prior log odds of no learning against some, and of one exponential against two: this over the
# root of the number of trials, since few trials of slow noise say little of how slow it is. With
# it, about 5 % of simulated series without learning are taken for some, in the worst of several
# kinds of noise.
DOUBT = 12.0


@dataclass(frozen=True, eq=False, repr=False)
class LearningFit(OneLine):
    """One of the models of a learning curve.

    Attributes
    ----------
    model : str
    log_odds : float
        Logarithm of how likely the model is beside the best one; 0 for that.
    start, plateau : float
        Value at the first trial, and asymptote of the exponentials; for a line, its ends.
    amplitudes : (n_exponentials,) array
        Total change of each exponential: ``start = plateau - sum(amplitudes)``.
    time_constants : (n_exponentials,) array
        In trials, fastest first; the most likely.
    time_constant_intervals : (n_exponentials, 2) array
        0 or infinite where the data don't bound it on that side.
    fitted : (n_trials,) array
    """

    model: str
    log_odds: float
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
        The most likely model.
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
    """Fit models of learning to a series that starts with it, and choose the most likely.

    An exponential is ``plateau - amplitude * exp(-trial / time_constant)``: the transitions of
    `transitions`, here all from the first trial on, in the same kinds of noise. What is known of
    time constants is computed on a grid, once it is known how narrow that must be, and amplitudes
    and noise are integrated out at each point. So slow noise makes for wide intervals and for
    simple models, and nothing about it is estimated first.

    Parameters
    ----------
    values : (n_trials,) array
        From the first trial that can show learning; NaN is missing.
    models : sequence of str
        Models to try.
    level : float
        Of the intervals.

    Returns
    -------
    LearningCurve

    Raises
    ------
    ValueError
        For fewer trials with a value than four for each parameter of the largest model (20 for two
        exponentials, 12 for one), or an unknown model.

    Notes
    -----
    Time constants are beforehand as likely as their logarithms are far apart, from half a trial to
    three times the length of the series. Amplitudes and variance have Zellner's prior with
    ``g = n``. Noise is white, slow, both, or a random walk. Outliers are drawn in as in
    `transitions`. No learning is more likely beforehand, the more so the fewer trials there are, so
    that at most 5 % of series without any are taken for learning. A time constant of less than 2
    trials must show after the first trial, which could be an outlier.

    References
    ----------
    Zellner 1986 for the prior; Newell & Rosenbloom 1981 on the form of learning curves.

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
    evidence = LearningEvidence(y)
    found = {largest: evidence.posterior(largest)}
    if evidence.draw_in(y, largest, found[largest].taus):
        del found[largest]
    for name in models:
        found[name] = found.get(name) or evidence.posterior(name)
    log_odds = _log_odds(evidence, y, found)
    best = max(models, key=lambda name: (log_odds[name], -N_PARAMETERS[name]))
    fits = {
        name: _describe(evidence, name, found[name], log_odds[name] - log_odds[best], level, unit)
        for name in models
    }
    return LearningCurve(fits[best], fits, level, _n_effective(evidence, best, found[best].taus))


def _log_odds(
    evidence: LearningEvidence, y: np.ndarray, found: dict[str, Posterior]
) -> dict[str, float]:
    """Return the logarithm of how likely each model is, up to a constant."""
    logs = {name: each.log_evidence for name, each in found.items()}
    doubt = DOUBT / float(np.sqrt(evidence.series.n_observed))
    for model, simpler in ((ONE, NONE), (TWO, ONE)):
        if model not in found:
            continue
        taus = found[model].taus
        if simpler in found and taus[0] < SHORT_START:
            # Else an outlier at the first trial would be learning that is over at once.
            gained = evidence.lasts(y, model, taus)
            logs[model] = min(logs[model], logs[simpler] + gained)
        if simpler == ONE and simpler in found:
            # A second exponential that explains hardly more has a ridge for its posterior, along
            # which either could be any: what it can gain is known better than the ridge's volume.
            gained = found[TWO].log_peak - found[ONE].log_peak
            logs[TWO] = min(logs[TWO], logs[ONE] + gained + float(np.log(2)))
    if TWO in logs:
        logs[TWO] += log_prior_of_number(2) - doubt
    if NONE in logs:
        logs[NONE] += doubt
    return logs


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


def _n_effective(evidence: LearningEvidence, model: str, taus: np.ndarray) -> float:
    """Return the number of independent trials, averaged over the kinds of noise."""
    n = evidence.series.n_observed
    if evidence.is_exact(model, taus):
        return float(n)
    inflation = evidence.series.filters.kinds.inflation(n)
    return float(evidence.weights(model, taus) @ (n / np.maximum(inflation, 1.0)))


def _describe(
    evidence: LearningEvidence,
    model: str,
    found: Posterior,
    log_odds: float,
    level: float,
    unit: Unit,
) -> LearningFit:
    coefficients = evidence.coefficients(model, found.taus)
    columns = evidence.of(model, found.taus)
    fitted = coefficients[0] + coefficients[1:] @ columns
    plateau = coefficients[0] if len(found.taus) else fitted[-1]
    intervals = np.array([_interval(found, i, level) for i in range(len(found.taus))])
    return LearningFit(
        model,
        float(log_odds),
        float(unit.levels(fitted[0])),
        float(unit.levels(plateau)),
        unit.sizes(coefficients[1:]) if len(found.taus) else np.zeros(0),
        found.taus,
        intervals.reshape(-1, 2),
        unit.levels(fitted),
    )


def _interval(found: Posterior, which: int, level: float) -> tuple[float, float]:
    """Return the range of a time constant that holds this much of its posterior."""
    tau = float(found.taus[which])
    values, place = np.unique(found.log_taus[:, which], return_inverse=True)
    weights = np.bincount(place, np.exp(found.log_density - found.log_density.max()))
    below = np.cumsum(weights) - weights / 2
    low, high = np.exp(np.interp([(1 - level) / 2, (1 + level) / 2], below / weights.sum(), values))
    # Not excluded at the limit: beyond it, courses look like that at the limit.
    likely = weights.max() * np.exp(-chi2.ppf(level, 1) / 2)
    shortest, longest = np.log(found.limits)
    if values[0] <= shortest + 1e-9 and weights[0] > likely:
        low = 0.0
    if values[-1] >= longest - 1e-9 and weights[-1] > likely:
        high = np.inf
    return min(float(low), tau), max(float(high), tau)
