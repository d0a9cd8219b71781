"""The verdict on fits whose components cancel each other.

A CP model of too many components, or of data that only a limit of such models describes best, has
no minimum: two components grow for ever, opposite to each other, and their sum changes less and
less (Kruskal, Harshman & Lundy 1989; de Silva & Lim 2008). The loss then falls so slowly that
sweeps stop as if they had converged. Components of true activity can be nearly opposite as well,
but sweeps come to rest at these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from trialtensor.solvers.many_axes import ManyAxes
from trialtensor.solvers.passes import Passes
from trialtensor.solvers.result import Model, SolverResult, StopReason
from trialtensor.solvers.runs import RestartResult

# Two components whose cosine is below this cancel each other for all practical purposes.
CANCELLING = -0.9
# Below this cosine, components are seven times as large as their sum, and sweeps hardly move.
_HOPELESS = -0.99
# Below this cosine, look where further sweeps lead: a coarse tolerance stops on the way.
_SUSPECT = -0.8
# The factor by which these bring the cosine closer to -1 where there is no minimum. Where true
# components are nearly opposite it was 0.75 to 1, and sweeps came to rest after some hundred.
_CLOSER, _STILL_MOVING = 0.6, 0.9
_SWEEPS = (100, 300, 1600)
# The same on problems whose sweeps take long, and for other solutions than the best.
_FEWER_SWEEPS = (100, 250)
LARGE = 4_000_000
# The loss falls so little on the way that sweeps must not stop where those of the fit did.
_TOL = 1e-3
# Results this close, in loss and in the distance of the cosine from -1, are one solution.
_SAME_LOSS, _ALIKE = 1e-4, 0.5
_FINISHED = (StopReason.CONVERGED, StopReason.MAX_ITER, StopReason.EXACT)

# From a model, a number of sweeps and a tolerance to the result of further sweeps.
GoOn = Callable[[Any, int, float], SolverResult[Any]]


def in_double(problem: Any) -> Any:
    """Return the problem in double precision, unless it is large or not in memory.

    In single precision, rounding ends the fall of the loss long before the growth of components
    shows.

    Parameters
    ----------
    problem : DenseProblem, MaskedProblem or ManyAxes
    """
    elsewhere = isinstance(problem.X, Passes)
    if elsewhere or problem.X.dtype == np.float64 or problem.X.size >= LARGE:
        return problem
    double: dict[str, Any] = (
        {"inner": in_double(problem.inner)}
        if isinstance(problem, ManyAxes)
        else {"X": problem.X.astype(np.float64)}
    )
    bases = getattr(problem, "bases", None)
    if bases is not None:
        double["bases"] = tuple(b if b is None else b.astype(np.float64) for b in bases)
    return replace(problem, **double)


def as_precise(factors: Sequence[np.ndarray], X: np.ndarray) -> Any:
    """Return factors in the precision of the data.

    Parameters
    ----------
    factors : sequence of arrays
    X : array
    """
    return tuple(factor.astype(X.dtype, copy=False) for factor in factors)


def is_degenerate(cosine: float, later: float | None = None, *, at_rest: bool = True) -> bool:
    """Decide whether two components cancel each other for want of a minimum.

    Parameters
    ----------
    cosine : float
        Most negative cosine between two components at the end of the fit.
    later : float, optional
        The same after further sweeps, if known.
    at_rest : bool
        False if the loss was still falling then.

    Examples
    --------
    >>> is_degenerate(-0.95, later=-0.99), is_degenerate(-0.95, later=-0.951)
    (True, False)
    >>> is_degenerate(-0.999), is_degenerate(-0.5)
    (True, False)
    """
    if cosine < _HOPELESS:
        return True
    if later is None or not (cosine < _SUSPECT and later < CANCELLING):
        return False
    return 1 + later < (_CLOSER if at_rest else _STILL_MOVING) * (1 + cosine)


def judge(
    results: Sequence[RestartResult[Model]],
    cosine: Callable[[Any], float],
    go_on: GoOn,
    *,
    tol: float,
    size: int,
) -> tuple[list[RestartResult[Model]], bool]:
    """Give degenerate results their own stop reason; also return whether Ctrl-C interrupted this.

    Parameters
    ----------
    results : sequence of RestartResult
    cosine : callable
        From a model to the most negative cosine between two of its components.
    go_on : callable
        From a model, a number of sweeps and a tolerance to the result of further sweeps.
    tol : float
        The tolerance of the fit.
    size : int
        Number of entries of the data that sweeps read.
    """
    look = _Look(cosine, go_on, _TOL * tol)
    judged = list(results)
    try:
        for i, restart in enumerate(judged):
            found = restart.result
            n_sweeps = _SWEEPS if i == 0 and size < LARGE else _FEWER_SWEEPS
            if found.stop_reason in _FINISHED and look.ends_degenerate(found, n_sweeps):
                marked = replace(found, stop_reason=StopReason.DEGENERATE)
                judged[i] = replace(restart, result=marked)
    except KeyboardInterrupt:
        return judged, True
    return judged, False


@dataclass
class _Look:
    """What further sweeps do to the cosine, for one result of each solution."""

    cosine: Callable[[Any], float]
    go_on: GoOn
    tol: float
    # Loss, cosine and verdict of each solution so far.
    known: list[tuple[float, float, bool]] = field(default_factory=list)

    def ends_degenerate(self, found: SolverResult[Any], n_sweeps: Sequence[int]) -> bool:
        now = self.cosine(found.factors)
        if not now < _SUSPECT:
            return False
        for loss, cosine, verdict in self.known:
            alike = abs(now - cosine) <= _ALIKE * (1 + min(now, cosine))
            if alike and abs(found.loss - loss) <= _SAME_LOSS * loss:
                return verdict
        if found.stop_reason is StopReason.MAX_ITER:
            # A fit of few sweeps may be anywhere, and was not meant to take many.
            n_sweeps = [n for n in n_sweeps if n <= found.n_iter]
        verdict = is_degenerate(now) or self._grows(found.factors, now, n_sweeps)
        self.known.append((found.loss, now, verdict))
        return verdict

    def _grows(self, factors: Any, now: float, n_sweeps: Sequence[int]) -> bool:
        later, at_rest = now, False
        for n in n_sweeps:
            further = self.go_on(factors, n, self.tol)
            if further.stop_reason is StopReason.INTERRUPTED:
                raise KeyboardInterrupt
            factors, later = further.factors, self.cosine(further.factors)
            at_rest = further.stop_reason is not StopReason.MAX_ITER
            if at_rest or is_degenerate(now, later):
                break
        # What moves slowly may yet come to rest, after few sweeps.
        few = len(n_sweeps) < len(_SWEEPS)
        return is_degenerate(now, later, at_rest=at_rest or few)
