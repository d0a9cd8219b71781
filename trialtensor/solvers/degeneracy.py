"""The verdict on fits whose components cancel each other.

A CP model of too many components, or of data that only a limit of such models describes best, has
no minimum: two components grow for ever, opposite to each other, and their sum changes less and
less (Kruskal, Harshman & Lundy 1989; de Silva & Lim 2008). The loss then falls so slowly that
sweeps stop as if they had converged. Components of true activity can be nearly opposite as well,
but sweeps come to rest at these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from trialtensor.solvers.result import Model, SolverResult, StopReason
from trialtensor.solvers.runs import RestartResult

# Two components whose cosine is below this cancel each other for all practical purposes.
CANCELLING = -0.9
# Below this cosine, components are seven times as large as their sum, and sweeps hardly move.
_HOPELESS = -0.99
# The factor by which 300 further sweeps bring the cosine closer to -1 where there is no minimum:
# it was 0.1 to 0.4 there, and 0.75 to 1 where true components are nearly opposite.
_CLOSER = 0.6
# That many, unless the first ones hardly move it: they made 0.5 to 0.87 and 0.93 to 1 of it.
_FIRST, _SECOND, _AT_REST = 100, 250, 0.9
# The loss falls so little on the way that sweeps must not stop where those of the fit did.
_TOL = 1e-3
_FINISHED = (StopReason.CONVERGED, StopReason.MAX_ITER, StopReason.EXACT)

GoOn = Callable[[Any, int, float], SolverResult[Any]]


def is_degenerate(cosine: float, later: float | None = None) -> bool:
    """Decide whether two components cancel each other for want of a minimum.

    Parameters
    ----------
    cosine : float
        Most negative cosine between two components at the end of the fit.
    later : float, optional
        The same after further sweeps, if known.

    Examples
    --------
    >>> is_degenerate(-0.95, later=-0.99), is_degenerate(-0.95, later=-0.951)
    (True, False)
    >>> is_degenerate(-0.999), is_degenerate(-0.5)
    (True, False)
    """
    if not cosine < CANCELLING:
        return False
    return cosine < _HOPELESS or (later is not None and 1 + later < _CLOSER * (1 + cosine))


def judge(
    results: Sequence[RestartResult[Model]],
    cosine: Callable[[Any], float],
    go_on: GoOn,
    tol: float,
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
    """
    judged = list(results)
    try:
        for i, restart in enumerate(judged):
            found = restart.result
            if found.stop_reason in _FINISHED and _ends_degenerate(found, cosine, go_on, tol):
                marked = replace(found, stop_reason=StopReason.DEGENERATE)
                judged[i] = replace(restart, result=marked)
    except KeyboardInterrupt:
        return judged, True
    return judged, False


def _ends_degenerate(
    found: SolverResult[Any], cosine: Callable[[Any], float], go_on: GoOn, tol: float
) -> bool:
    now = cosine(found.factors)
    if not now < CANCELLING or is_degenerate(now):
        return now < CANCELLING
    factors, later = found.factors, now
    for n_sweeps in (_FIRST, _SECOND):
        further = go_on(factors, n_sweeps, _TOL * tol)
        if further.stop_reason is StopReason.INTERRUPTED:
            raise KeyboardInterrupt
        factors, later = further.factors, cosine(further.factors)
        if 1 + later > _AT_REST * (1 + now):
            break
    return is_degenerate(now, later)
