"""Least squares for recursions: multi-start fits, and profiles of a parameter."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.optimize import brentq
from scipy.stats import f as f_distribution

from trialtensor.kernels.adaptation import N_PARAMETERS, fit_recursion
from trialtensor.tracking.rate_models import RateModel
from trialtensor.tracking.rate_noise import Whitening, white

N_STARTS = 12
MAX_ITER = 200
TOL = 1e-12  # of a step, as a share of the loss
# Starts stay off the bounds, where a rate may have no effect that could lead away from them.
_MARGIN = 1e-8
_AFFINE = {"scale": 4, "offset": 5}


@dataclass(frozen=True, eq=False)
class RateProblem:
    """Weighted least squares between a series and the output of a recursion.

    Attributes
    ----------
    model : RateModel
    schedule, series, weights : (n_trials,) arrays
        The weight is the number of observations behind a trial's mean: 0 where missing.
    affine : tuple of str
        Those of ``"scale"`` and ``"offset"`` to fit as well.
    scale : float
        Known; if it isn't fitted.
    noise : Whitening, optional
        Of the series about the output; by default white, by the weights.
    """

    model: RateModel
    schedule: np.ndarray
    series: np.ndarray
    weights: np.ndarray
    affine: tuple[str, ...] = ()
    scale: float = 1.0
    noise: Whitening | None = None
    seen: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "seen", self.weights > 0)

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.model.names, *self.affine)

    @property
    def n_observed(self) -> int:
        return int(self.seen.sum())

    @cached_property
    def whitening(self) -> Whitening:
        return white(self.weights) if self.noise is None else self.noise

    @cached_property
    def target(self) -> np.ndarray:
        """The series, with 0 where it is missing."""
        return np.where(self.seen, self.series, 0.0)

    @cached_property
    def slots(self) -> dict[str, int]:
        """Place of each parameter in the kernel."""
        return dict(zip(self.model.names, self.model.slots, strict=True)) | _AFFINE

    def residuals(self, parameters: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return whitened residuals (n_trials, ...); 0 where missing."""
        output = self.model.states(parameters, self.schedule).sum(axis=0)
        shown = parameters.get("scale", self.scale) * output + parameters.get("offset", 0.0)
        gap = (shown.T - self.target).T
        return self.whitening(gap.reshape(len(gap), -1)).reshape(gap.shape)


@dataclass(frozen=True, eq=False)
class Solution:
    """Parameters and their weighted sum of squared residuals."""

    parameters: dict[str, float]
    loss: float


def fit(problem: RateProblem, n_starts: int = N_STARTS) -> Solution:
    """Return the best of several local minima, started from the best points of a grid."""
    found = (solve(problem, start) for start in Grid(problem).starts(problem, n_starts))
    return min(found, key=lambda solution: solution.loss)


class Grid:
    """Points of the rates to start from, and the output of the recursion at each."""

    def __init__(self, problem: RateProblem) -> None:
        grid = problem.model.grid
        points = np.array(list(itertools.product(*grid.values()))).T
        self.rates = dict(zip(grid, points, strict=True))
        self.output = problem.model.states(self.rates, problem.schedule).sum(axis=0)

    def starts(self, problem: RateProblem, n_starts: int) -> list[dict[str, float]]:
        """Return the best points, each with the scale and offset that fit it best."""
        # The target and the columns of the regression, whitened once for all points.
        n = len(self.output)
        both = np.column_stack([problem.target, np.ones(n), self.output])
        whitened = problem.whitening(both)
        target, one, output = whitened[:, :1], whitened[:, 1:2], whitened[:, 2:]
        zero = np.zeros_like(output[0])
        fixed = 0.0 if "scale" in problem.affine else problem.scale * output
        target = target - fixed
        scale, offset = zero, zero
        if "offset" in problem.affine:
            target, along = _without(target, one)
            output, tilt = _without(output, one)
            offset = along
        if "scale" in problem.affine:
            size = (output**2).sum(axis=0)
            scale = (output * target).sum(axis=0) / np.where(size > 0, size, np.inf)
            target = target - scale * output
            offset = offset - scale * tilt if "offset" in problem.affine else offset
        losses = (target**2).sum(axis=0)
        values = self.rates | {
            name: np.broadcast_to(each, zero.shape)
            for name, each in (("scale", scale), ("offset", offset))
            if name in problem.affine
        }
        order = np.argsort(losses, kind="stable")[:n_starts]
        return [{name: float(each[index]) for name, each in values.items()} for index in order]


def _without(columns: np.ndarray, one: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Regress columns on one; return what is left, and the coefficients."""
    coefficients = (one * columns).sum(axis=0) / max(float((one**2).sum()), 1e-300)
    return columns - one * coefficients, coefficients


def solve(
    problem: RateProblem,
    start: Mapping[str, float],
    held: Mapping[str, float] | None = None,
    *,
    tol: float = TOL,
) -> Solution:
    """Find the local minimum next to a start, with some parameters held at a value."""
    held = held or {}
    at, fixed = np.zeros(N_PARAMETERS), np.ones(N_PARAMETERS, dtype=bool)
    at[_AFFINE["scale"]] = problem.scale
    inside = _to_box(problem.model, start, held)
    for name in problem.names:
        slot = problem.slots[name]
        fixed[slot] = name in held
        at[slot] = held[name] if name in held else inside.get(name, start[name])
    whitening = problem.whitening
    values, loss = fit_recursion(
        at,
        fixed,
        bool(problem.model.ordered),
        problem.schedule,
        problem.target,
        problem.model.serial,
        whitening.root,
        whitening.gain,
        whitening.step,
        MAX_ITER,
        tol,
    )
    return Solution({name: float(values[problem.slots[name]]) for name in problem.names}, loss)


def _to_box(
    model: RateModel, parameters: Mapping[str, float], held: Mapping[str, float]
) -> dict[str, float]:
    """Map rates to numbers between 0 and 1, with one of an ordered pair as a share."""
    found = {name: parameters[name] for name in model.names}
    for low, high in model.ordered:
        if low in held and high not in held:
            found[high] = (parameters[high] - held[low]) / max(1 - held[low], 1e-12)
        elif low not in held:
            top = held.get(high, parameters[high])
            found[low] = parameters[low] / max(top, 1e-12)
    return {name: float(np.clip(value, _MARGIN, 1 - _MARGIN)) for name, value in found.items()}


def profile_interval(
    problem: RateProblem, best: Solution, name: str, level: float
) -> tuple[float, float]:
    """Return the ends of the parameter values that an F test doesn't reject.

    All other parameters are fitted anew at each value, so bends and bounds of the likelihood are
    followed (Bates & Watts 1988, ch. 6). An end at a bound is the bound.
    """
    freedom = problem.n_observed - len(problem.names)
    allowed = f_distribution.ppf(level, 1, freedom) * best.loss / freedom
    return (
        _end(problem, best, name, allowed, -1),
        _end(problem, best, name, allowed, +1),
    )


def _end(problem: RateProblem, best: Solution, name: str, allowed: float, side: int) -> float:
    at = best.parameters[name]
    bound = side * np.inf if name in problem.affine else float(side > 0)
    # What is known isn't solved for again: from another start it could come out otherwise. A far
    # start can end in a worse minimum, where an end would then be seen: so from the nearest too.
    known = {at: best}

    def excess(value: float) -> float:
        if value not in known:
            nearest = known[min(known, key=lambda other: abs(other - value))]
            starts = (
                start
                for each in (nearest, best)
                for start in _moved(problem, each.parameters, name, value)
            )
            found = (solve(problem, start, {name: value}) for start in starts)
            known[value] = min(found, key=lambda solution: solution.loss)
        return known[value].loss - best.loss - allowed

    step = max(0.05 * abs(at), 0.01) if name in problem.affine else 0.01
    inner, outer = at, at + side * step
    for _ in range(60):
        outer = min(max(outer, min(bound, at)), max(bound, at))
        if excess(outer) > 0:
            return float(brentq(excess, inner, outer, xtol=1e-4 * abs(outer - at), rtol=1e-6))
        if outer == bound:
            return float(bound)
        inner, outer = outer, outer + 2 * (outer - at)
    return float(bound)


def _moved(
    problem: RateProblem, parameters: Mapping[str, float], name: str, value: float
) -> list[dict[str, float]]:
    """Return starts for a held value: as it was, and along the ridge of scale and learning.

    Little of a large scale is nearly much of a small one, so learning rates shrink together, and
    as the scale grows.
    """
    starts = [dict(parameters)]
    learning = [each for each in problem.model.names if each.startswith("B")]
    was = parameters[name]
    if "scale" in problem.affine and (name in learning or name == "scale") and was * value > 0:
        ratio = was / value if name == "scale" else value / was
        starts.append(starts[0] | {each: min(parameters[each] * ratio, 1.0) for each in learning})
    return starts
