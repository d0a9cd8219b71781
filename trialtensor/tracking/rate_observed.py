"""Fits of a recursion to observed adaptation: best fit, likelihood, intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit
from scipy.stats import t as t_distribution

from trialtensor.data.arrays import as_floats, exponent_of, scaled
from trialtensor.data.notices import warn
from trialtensor.data.per_entry import one_each, own_index
from trialtensor.models.parameters import check_number
from trialtensor.tracking.rate_fitting import RateProblem, Solution, fit, profile_interval, solve
from trialtensor.tracking.rate_input import check_adaptation
from trialtensor.tracking.rate_models import RateModel


class Observed:
    """One or several checked series, with the model to fit to them."""

    def __init__(
        self,
        y: ArrayLike,
        perturbation: ArrayLike,
        model: RateModel,
        scale: bool | float,
        offset: bool,
        level: float,
    ) -> None:
        known = known_scale(scale)
        affine = ("scale",) * (known is None) + ("offset",) * bool(offset)
        n_parameters = len(model.names) + len(affine)
        series, schedule = check_adaptation(y, perturbation, n_parameters, level)
        # Solved in a unit of their own: steps and tolerances suit numbers near 1.
        self.exponents = exponent_of(series), exponent_of(schedule)
        self.y, schedule = (
            scaled(each, -exponent)
            for each, exponent in zip((series, schedule), self.exponents, strict=True)
        )
        self.level = level
        self.known_scale = known
        self._common = (model, schedule)
        self._affine = affine
        shown, told = self.exponents
        self._scale = 1.0 if known is None else float(scaled(known, told - shown))
        self.problem = self._of(self.y)

    def _of(self, y: np.ndarray) -> RateProblem:
        weights = np.isfinite(y).sum(axis=0).astype(float)
        mean = np.where(np.isfinite(y), y, 0).sum(axis=0) / np.maximum(weights, 1)
        return RateProblem(*self._common, mean, weights, self._affine, self._scale)

    def best(self) -> Solution:
        found = fit(self.problem)
        size = np.nanmax(np.abs(self.problem.schedule))
        if np.abs(self.states(found)).max() < 1e-3 * size:
            warn(
                "y doesn't change in the direction of the perturbation, so nothing is learned in "
                "the best fit. Hand angles that oppose a rotation go with its negative: "
                "give -perturbation."
            )
        return found

    def in_unit(self, best: Solution) -> np.ndarray:
        """Return the states in the unit of the perturbation that was given."""
        return np.asarray(scaled(self.states(best), self.exponents[1]))

    def states(self, best: Solution) -> np.ndarray:
        parameters = {name: np.asarray(value) for name, value in best.parameters.items()}
        return self.problem.model.states(parameters, self.problem.schedule)

    def summary(self, best: Solution) -> dict[str, Any]:
        output = self.states(best).sum(axis=0)
        parameters = {name: best.parameters[name] for name in self.problem.names}
        scale = parameters.get("scale", self._scale)
        predicted = scale * output + parameters.get("offset", 0.0)
        n = int(np.isfinite(self.y).sum())
        loss = float(np.nansum((self.y - predicted) ** 2))
        # A perfect fit has no finite likelihood.
        variance = max(loss / n, np.finfo(float).tiny)
        log_likelihood = -n / 2 * (np.log(2 * np.pi * variance) + 1)
        shown, told = self.exponents
        log_likelihood -= n * shown * np.log(2)
        units = {"scale": shown - told, "offset": shown}
        intervals = self._intervals(best)
        return {
            "parameters": {
                name: float(scaled(value, units.get(name, 0))) for name, value in parameters.items()
            },
            "intervals": {
                name: (
                    float(scaled(low, units.get(name, 0))),
                    float(scaled(high, units.get(name, 0))),
                )
                for name, (low, high) in intervals.items()
            },
            "scale": float(scaled(scale, shown - told)),
            "scale_known": self.known_scale is not None,
            "output": scaled(output, told),
            "predicted": scaled(predicted, shown),
            "noise": float(scaled(np.sqrt(loss / (n - len(parameters))), shown)),
            "log_likelihood": float(log_likelihood),
            "bic": float((len(parameters) + 1) * np.log(n) - 2 * log_likelihood),
            "rebound": rebound(output, self.problem.schedule),
            "n_observations": n,
            "level": self.level,
        }

    def _intervals(self, best: Solution) -> dict[str, tuple[float, float]]:
        if len(self.y) > 1:
            return self._jackknife(best)
        return {
            name: profile_interval(self.problem, best, name, self.level)
            for name in self.problem.names
        }

    def _jackknife(self, best: Solution) -> dict[str, tuple[float, float]]:
        """Leave out each subject once (Efron & Tibshirani 1993, ch. 11)."""
        n = len(self.y)
        refits = [
            solve(self._of(np.delete(self.y, subject, axis=0)), best.parameters).parameters
            for subject in range(n)
        ]
        quantile = t_distribution.ppf((1 + self.level) / 2, n - 1)
        ends = {}
        for name in self.problem.names:
            to, back = (_same, _same) if name in self._affine else (_logit, expit)
            values = to(np.array([refit[name] for refit in refits]))
            half = quantile * np.sqrt((n - 1) * values.var())
            centre = to(np.array(best.parameters[name]))
            low, high = back(np.array([centre - half, centre + half])).tolist()
            ends[name] = (low, high)
        return ends


def known_scale(scale: bool | float) -> float | None:
    """Return the scale that is known: True is none, to be fitted; False is 1."""
    if isinstance(scale, (bool, np.bool_)):
        return None if scale else 1.0
    known = check_number("scale", scale)
    if known == 0:
        raise ValueError("scale: expected a number other than 0, or True to fit it, got 0")
    return known


def _same(values: np.ndarray) -> np.ndarray:
    return values


def _logit(values: np.ndarray) -> np.ndarray:
    return logit(np.clip(values, 1e-6, 1 - 1e-6))


def rebound(output: ArrayLike, perturbation: ArrayLike) -> float:
    """Return spontaneous recovery in an error clamp, as a share of prior adaptation.

    How far the output rises in the clamp above where it starts, and above zero, in the direction of
    the largest adaptation before. A single state only decays towards zero: its rebound is 0.

    Parameters
    ----------
    output : (n_trials,) array
        Adaptation in each trial.
    perturbation : (n_trials,) array
        NaN is an error clamp.

    Returns
    -------
    float
        The largest over runs of clamp trials; NaN where none follows adaptation.

    Examples
    --------
    >>> rebound([0, 0.8, 0.3, -0.1, 0.4, 0.3], [1, -1, -1, np.nan, np.nan, np.nan])
    0.5
    """
    along = own_index(output, "trial", "output")
    output = as_floats(output, "output")
    schedule = one_each(perturbation, output.size, "perturbation", along=along)
    clamped = np.isnan(as_floats(schedule, "perturbation"))
    found = [np.nan]
    edges = np.flatnonzero(np.diff(np.r_[False, clamped, False]))
    for first, end in edges.reshape(-1, 2):
        before = output[:first]
        if before.size and (adapted := np.abs(before).max()) > 0:
            sign = np.sign(before[np.abs(before).argmax()])
            clamp = sign * output[first:end]
            found.append((clamp.max() - max(clamp[0], 0.0)) / adapted)
    return float(max(np.nanmax(found), 0.0)) if len(found) > 1 else np.nan
