"""Series made ready for the search, and the search with outliers drawn in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trialtensor.tracking.series import Unit, in_own_unit
from trialtensor.tracking.transitions.evidence import Filters, SeriesEvidence
from trialtensor.tracking.transitions.noise_kinds import noise_kinds
from trialtensor.tracking.transitions.outliers import draw_in, spread_of, without_spikes
from trialtensor.tracking.transitions.prior import Prior
from trialtensor.tracking.transitions.search import Search, Solution


@dataclass(frozen=True, eq=False)
class Problem:
    """Series ready to be searched.

    Attributes
    ----------
    values : (n_trials, n_series) array
        In the units of the search: each series in its own, then turned so that their noise is
        uncorrelated. Constant series are left out.
    units : list of Unit
        Of all series.
    turn : (n_turned, n_series) array
        ``values @ turn`` are the series, each in its own unit.
    base : (p0, n_trials) array
        What is there in any case.
    search : Search
    """

    values: np.ndarray
    units: list[Unit]
    turn: np.ndarray
    base: np.ndarray
    search: Search


@dataclass(frozen=True, eq=False)
class Solved:
    """The best transitions of each number, and how many outliers were drawn in."""

    solutions: list[Solution]
    n_outliers: int


def prepare(
    series: np.ndarray,
    base: np.ndarray,
    onsets: np.ndarray,
    time_constants: np.ndarray | None,
    min_size: int,
) -> Problem:
    """Return series ``(n_trials, n_series)`` in their units, with their prior and noise.

    ``base (p0, n_trials)`` is there in any case.
    """
    in_units = [in_own_unit(column) for column in series.T]
    values = np.stack([column for column, _ in in_units], axis=1)
    turn = _turn(values)
    turned = _turned(values, turn) if len(turn) else values[:, [0]]
    # Where all are constant, one is looked at, and says nothing of any.
    turn = turn if len(turn) else np.zeros((1, values.shape[1]))
    seen = np.isfinite(turned)
    patterns: dict[bytes, Filters] = {}
    kinds = noise_kinds()
    evidence = []
    for y, known in zip(turned.T, seen.T, strict=True):
        filters = patterns.setdefault(known.tobytes(), Filters(kinds, known.astype(float)))
        evidence.append(SeriesEvidence(y, base, filters))
    # Trials count where any series has a value.
    any_seen = seen.any(axis=1)
    counts = np.cumsum(any_seen) - any_seen
    prior = Prior(counts, int(any_seen.sum()), onsets, time_constants, min_size)
    return Problem(turned, [unit for _, unit in in_units], turn, base, Search(evidence, prior))


def _turn(values: np.ndarray) -> np.ndarray:
    """Return the matrix that turns series with uncorrelated noise into those given.

    By the covariance of differences from trial to trial, in which courses hardly show. Series with
    values at different trials stay as they are.
    """
    varies = np.nanmax(np.abs(values), axis=0) > 0
    n = int(varies.sum())
    diagonal = np.eye(values.shape[1])[varies]
    complete = np.isfinite(values) == np.isfinite(values[:, :1])
    if n < 2 or not complete.all():
        return diagonal
    steps = np.diff(values[np.isfinite(values[:, 0])][:, varies], axis=0)
    scale = np.sqrt(np.mean(steps**2, axis=0))
    if not (scale > 0).all():
        return diagonal
    correlation = (steps / scale).T @ (steps / scale) / len(steps)
    sizes, axes = np.linalg.eigh(correlation)
    if sizes[0] < 1e-9 * sizes[-1]:
        return diagonal
    # Each stays as near to itself as can be: principal axes of series that hardly correlate would
    # mix kinds of noise that have nothing to do with each other.
    return (axes * np.sqrt(sizes)) @ axes.T @ np.diag(scale) @ diagonal


def _turned(values: np.ndarray, turn: np.ndarray) -> np.ndarray:
    varies = np.any(turn != 0, axis=0)
    return values[:, varies] @ np.linalg.inv(turn[:, varies])


def solve(problem: Problem, n_max: int) -> Solved:
    """Search; see how noise is spread and what is far from the richest solution; search again."""
    search = problem.search
    spikes = False
    for y, each in zip(problem.values.T, search.series, strict=True):
        calmer = without_spikes(y, search.prior.min_size)
        if calmer is not y:
            each.set(calmer)
            spikes = True
    solutions = search.solve(n_max)
    columns = search.columns(solutions[-1].transitions)
    n_outliers, changed = 0, spikes
    for s, y in enumerate(problem.values.T):
        spread = spread_of(search.series[s], columns)
        if spread is not None:
            filters = Filters(search.series[s].filters.kinds, spread)
            search.series[s] = SeriesEvidence(y, problem.base, filters)
        elif spikes:
            search.series[s].set(y)
        closer = draw_in(y, search.series[s], columns)
        moved = int((closer != y)[np.isfinite(y)].sum())
        if moved:
            search.series[s].set(closer)
        n_outliers = max(n_outliers, moved)
        changed |= moved > 0 or spread is not None
    if changed:
        search.use(search.taus)
        solutions = search.solve(n_max)
    return Solved(solutions, n_outliers)
