"""Least squares for recursions: multi-start fits, and profiles of a parameter."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import brentq, least_squares
from scipy.stats import f as f_distribution

from trialtensor.tracking.rate_models import RateModel

N_STARTS = 6
# Derivatives by complex steps are exact: the step is far below rounding.
_STEP = 1e-30
# Starts stay off the bounds, where the solver can't begin.
_MARGIN = 1e-4


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
    """

    model: RateModel
    schedule: np.ndarray
    series: np.ndarray
    weights: np.ndarray
    affine: tuple[str, ...] = ()
    seen: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "seen", self.weights > 0)

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.model.names, *self.affine)

    @property
    def n_observed(self) -> int:
        return int(self.seen.sum())

    def shown(self, parameters: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the expected observations without noise, (n_trials, ...)."""
        output = self.model.states(parameters, self.schedule).sum(axis=0)
        return parameters.get("scale", 1.0) * output + parameters.get("offset", 0.0)

    def residuals(self, parameters: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return residuals (n_observed, ...), each times the root of its weight."""
        gap = (self.shown(parameters)[self.seen].T - self.series[self.seen]).T
        return (gap.T * np.sqrt(self.weights[self.seen])).T


@dataclass(frozen=True, eq=False)
class Solution:
    """Parameters and their weighted sum of squared residuals."""

    parameters: dict[str, float]
    loss: float


def fit(problem: RateProblem, n_starts: int = N_STARTS) -> Solution:
    """Return the best of several local minima, started from the best points of a grid."""
    found = (solve(problem, start) for start in itertools.islice(_starts(problem), n_starts))
    return min(found, key=lambda solution: solution.loss)


def _starts(problem: RateProblem) -> Iterator[dict[str, float]]:
    grid = problem.model.grid
    points = np.array(list(itertools.product(*grid.values()))).T
    parameters = dict(zip(grid, points, strict=True))
    output = problem.model.states(parameters, problem.schedule).sum(axis=0)
    affine = [_regress(problem, column) for column in output.T]
    for name in problem.affine:
        parameters[name] = np.array([each[name] for each in affine])
    losses = (problem.residuals(parameters) ** 2).sum(axis=0)
    for index in np.argsort(losses, kind="stable"):
        yield {name: float(values[index]) for name, values in parameters.items()}


def _regress(problem: RateProblem, output: np.ndarray) -> dict[str, float]:
    """Fit scale and offset by linear regression on the output."""
    columns = {"scale": output, "offset": np.ones_like(output)}
    fixed = 0.0 if "scale" in problem.affine else output
    root = np.sqrt(problem.weights[problem.seen])
    design = np.array([columns[name][problem.seen] * root for name in problem.affine])
    if not len(design):
        return {}
    target = (np.where(problem.seen, problem.series, 0.0) - fixed)[problem.seen] * root
    found = np.linalg.lstsq(design.T, target, rcond=None)[0]
    return dict(zip(problem.affine, found.tolist(), strict=True))


def solve(
    problem: RateProblem, start: Mapping[str, float], held: Mapping[str, float] | None = None
) -> Solution:
    """Find the local minimum next to a start, with some parameters held at a value."""
    held = dict(held or {})
    free = [name for name in problem.names if name not in held]
    if not free:
        fixed = {name: np.asarray(value) for name, value in held.items()}
        return Solution(held, float((problem.residuals(fixed) ** 2).sum()))
    box = np.array([[-np.inf, np.inf] if n in problem.affine else [0.0, 1.0] for n in free]).T
    inside = _to_box(problem.model, start, held)
    at = np.array([start[n] if n in problem.affine else inside[n] for n in free])

    def expand(z: np.ndarray) -> dict[str, np.ndarray]:
        return _from_box(problem.model, dict(zip(free, z, strict=True)), held)

    def jacobian(z: np.ndarray) -> np.ndarray:
        stepped = z[:, None] + 1j * _STEP * np.eye(len(z))
        return problem.residuals(expand(stepped)).imag / _STEP

    result = least_squares(
        lambda z: problem.residuals(expand(z)),
        at,
        jac=jacobian,
        bounds=box,
        x_scale="jac",
        xtol=1e-9,
        ftol=1e-10,
        gtol=1e-12,
        max_nfev=200,
    )
    parameters = {name: float(value) for name, value in expand(result.x).items()}
    return Solution(parameters, 2 * float(result.cost))


def _from_box(
    model: RateModel, z: Mapping[str, np.ndarray], held: Mapping[str, float]
) -> dict[str, np.ndarray]:
    """Map numbers between 0 and 1 to parameters, keeping ordered pairs in order."""
    found = {**{name: np.asarray(value) for name, value in held.items()}, **z}
    for low, high in model.ordered:
        if low in held and high not in held:
            found[high] = held[low] + (1 - held[low]) * z[high]
        elif low not in held:
            found[low] = z[low] * found[high]
    return found


def _to_box(
    model: RateModel, parameters: Mapping[str, float], held: Mapping[str, float]
) -> dict[str, float]:
    found = dict(parameters)
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
    # start can end in a worse minimum, where an end would then be seen: so from the nearest.
    known = {at: best}

    def excess(value: float) -> float:
        if value not in known:
            nearest = known[min(known, key=lambda other: abs(other - value))]
            known[value] = solve(problem, nearest.parameters, {name: value})
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
