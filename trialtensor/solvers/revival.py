"""Components that a non-negativity constraint has set to zero, and their return.

A component whose factor of one axis is zero has no influence on those of the other axes, so that
alternating updates leave it there for good, although the residuals may have a place for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from trialtensor.solvers.acceleration import SweepProblem
from trialtensor.solvers.result import Arrays, SolverResult, StopReason
from trialtensor.solvers.row_updates import least_squares_rows

# How often a fit that has converged with components at zero goes on with new ones.
_MAX_REVIVALS = 2
# Random starts for one component, and sweeps of it alone from each.
_MAX_DRAWS, _SWEEPS = 2, 3
_NOTHING = 1e-10


@dataclass(frozen=True)
class Dead:
    """A component at zero.

    Attributes
    ----------
    columns : dict
        Array that the component has a column in -> which column.
    """

    columns: Mapping[int, int]


def dead_components(factors: Sequence[np.ndarray]) -> list[Dead]:
    """List the components of a CP model that are zero on any axis, or next to nothing.

    Parameters
    ----------
    factors : (n_axis, R) arrays
    """
    norms = np.array([np.linalg.norm(factor, axis=0) for factor in factors])
    places = range(len(factors))
    gone = are_gone(np.where(norms.min(axis=0) > 0, norms.prod(axis=0), 0))
    return [Dead(dict.fromkeys(places, int(r))) for r in np.flatnonzero(gone)]


def are_gone(sizes: np.ndarray) -> np.ndarray:
    """Return which components are nothing beside the largest: a ridge shrinks without end.

    Parameters
    ----------
    sizes : (R,) array

    Returns
    -------
    (R,) bool array
    """
    return np.asarray(sizes <= _NOTHING * sizes.max(initial=0))


def free_first(problem: SweepProblem[Arrays], start: Arrays, nonnegative: Sequence[bool]) -> Arrays:
    """Fit the unconstrained arrays of a start to its non-negative ones.

    Without this, the first update of a non-negative array meets vectors of arbitrary sign, and sets
    components to zero that point away from the data. Where the first array is unconstrained, its
    update comes first anyway, and without any constraint nothing can be set to zero.

    Parameters
    ----------
    problem : SweepProblem
    start : tuple of arrays
    nonnegative : bools
        One per array.
    """
    if not nonnegative[0] or all(nonnegative):
        return start

    def step(mode: int, grams: np.ndarray, rhs: np.ndarray, current: np.ndarray) -> np.ndarray:
        return current if nonnegative[mode] else least_squares_rows(grams, rhs, current)

    return problem.sweep(start, step)[0]


def minimise_alive(
    minimise: Callable[[Arrays, int], SolverResult[Arrays]],
    problem: SweepProblem[Arrays],
    start: Arrays,
    *,
    nonnegative: Sequence[bool],
    max_iter: int,
    tol: float,
    dead: Callable[[Any], list[Dead]] = dead_components,
    with_ridge: bool = False,
) -> SolverResult[Arrays]:
    """Minimise from ``start``, and go on with components found in the residuals where some died.

    Parameters
    ----------
    minimise : callable
        From a start and a number of sweeps to a result.
    problem : SweepProblem
    start : tuple of arrays
    nonnegative : bools
        One per array.
    max_iter, tol : int, float
        Sweeps in all, and the relative gain that is worth going on for.
    dead : callable
        Lists the components at zero.
    with_ridge : bool
        True if a ridge can set components to zero as well.

    Returns
    -------
    SolverResult
        Components are zero only if no component that obeys the constraints was found that would
        lower the loss, or if the sweeps were used up.
    """
    found = minimise(start, max_iter)
    if not (any(nonnegative) or with_ridge):
        return found
    for _ in range(_MAX_REVIVALS):
        if found.stop_reason is not StopReason.CONVERGED or found.n_iter >= max_iter:
            break
        try:
            alive = revive(problem, found, dead(found.factors), nonnegative, tol)
            if alive is None:
                break
            more = minimise(alive, max_iter - found.n_iter)
        except KeyboardInterrupt:
            return replace(found, stop_reason=StopReason.INTERRUPTED)
        if with_ridge and more.loss >= found.loss:
            # The ridge outweighs what the component explains.
            break
        history = np.minimum.accumulate(np.append(found.loss_history, more.loss_history))
        found = replace(more, loss_history=history, n_iter=found.n_iter + more.n_iter)
    return found


def revive(
    problem: SweepProblem[Arrays],
    found: SolverResult[Arrays],
    dead: Sequence[Dead],
    nonnegative: Sequence[bool],
    tol: float,
) -> Arrays | None:
    """Replace components at zero, one by one, by ones that lower the loss; None if none does.

    Parameters
    ----------
    problem : SweepProblem
    found : SolverResult
    dead : list of Dead
    nonnegative : bools
        One per array.
    tol : float
        Least relative gain.
    """
    factors, loss = found.factors, found.loss
    rng = np.random.default_rng(len(dead))
    revived = False
    for each in dead:
        better = _with_component(problem, factors, each, loss * (1 - tol), nonnegative, rng)
        if better is None:
            break  # The residuals have no place for another one either.
        (factors, loss), revived = better, True
    return factors if revived else None


def _with_component(
    problem: SweepProblem[Arrays],
    factors: Arrays,
    dead: Dead,
    below: float,
    nonnegative: Sequence[bool],
    rng: np.random.Generator,
) -> tuple[Arrays, float] | None:
    """Fit one component to the residuals of all others, until the loss is below a bound."""
    step = _OneComponent(dead.columns, nonnegative)
    for _ in range(_MAX_DRAWS):
        point = _with_random(factors, dead, nonnegative, rng)
        better: tuple[Arrays, float] | None = None
        for _ in range(_SWEEPS):
            point, loss = problem.sweep(point, step)
            if loss < below:
                better, below = (point, loss), loss
        if better is not None:
            return better
    return None


def _with_random(
    factors: Arrays, dead: Dead, nonnegative: Sequence[bool], rng: np.random.Generator
) -> Arrays:
    drawn = list(factors)
    for mode, column in dead.columns.items():
        draw = rng.random if nonnegative[mode] else rng.standard_normal
        drawn[mode] = factors[mode].copy()
        drawn[mode][:, column] = draw(len(factors[mode])) / len(factors[mode]) ** 0.5
    return cast(Arrays, tuple(drawn))


class _OneComponent:
    """Update a single component, all others staying as they are.

    Where the constraint leaves nothing of a vector, its largest entry stands in for it: the search
    goes on from there, and ends at an entry of the residuals that is positive if there is one.
    """

    def __init__(self, columns: Mapping[int, int], nonnegative: Sequence[bool]) -> None:
        self.columns, self.nonnegative = columns, nonnegative

    def __call__(
        self, mode: int, grams: np.ndarray, rhs: np.ndarray, current: np.ndarray
    ) -> np.ndarray:
        if mode not in self.columns:
            return current
        r = self.columns[mode]
        new = current.copy()
        new[:, r] = 0
        slope = rhs[:, r] - np.sum(new * grams[:, r, :], axis=1)
        size = np.broadcast_to(grams[:, r, r], slope.shape)
        best = np.divide(slope, size, out=np.zeros_like(slope), where=size > 0)
        if self.nonnegative[mode]:
            if not np.any(best > 0):
                best[np.argmax(slope)] = 1
            best = np.maximum(best, 0)
        new[:, r] = best
        return new
