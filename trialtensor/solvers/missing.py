"""Fits with missing entries, in stages: the ridge follows from what a fit leaves open.

Weak links between groups of trials make many poor optima. Every second restart therefore begins
with missing entries as zeros, whose weight then falls to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from trialtensor.solvers.result import SolverResult, StopReason
from trialtensor.solvers.ridge import (
    FIRST,
    GramsOf,
    MissingProblem,
    Ridged,
    RidgeScale,
    row_grams,
    strengths_at,
)

# Weight of missing entries as zeros, and the ridge, before an unweighted fit.
_FROM_ZEROS = ((1.0, 0.0), (0.3, 1.0), (0.1, 1.0), (0.03, 3.0), (0.01, 3.0))
_ROUGH_SWEEPS, _ROUGH_TOL, _FIRST_TOL = 50, 1e-3, 1e-4
# Rounds of strengths and fits; strengths that change by less than this have settled.
_ROUNDS, _SETTLED = 6, 0.1

# Minimise(problem, start, max_iter, tol)
Minimise = Callable[[Any, Any, int, float], SolverResult[Any]]


def minimise_missing(
    problem: MissingProblem,
    start: Any,
    scale: RidgeScale,
    minimise: Minimise,
    *,
    max_iter: int,
    tol: float,
    from_zeros: bool = False,
    settled: bool = False,
    grams_of: GramsOf = row_grams,
) -> SolverResult[Any]:
    """Sweep until the loss stops falling, with a ridge on rows that the data hardly determine.

    Parameters
    ----------
    problem : MissingProblem
    start : tuple of arrays
    scale : RidgeScale
    minimise : callable
        ``minimise(problem, start, max_iter, tol)``.
    max_iter, tol : int, float
        Over all stages, and of the last.
    from_zeros : bool
        Begin with missing entries as zeros.
    settled : bool
        Begin with the ridge that ``start`` asks for, not the strongest.
    grams_of : callable, optional
        Returns what `row_grams` does, for problems whose sweeps don't show it.

    Returns
    -------
    SolverResult
        With the ridge in its loss. After Ctrl-C, the best so far.
    """
    run = _Stages(minimise, max_iter, start)
    strongest = tuple(np.full(1, FIRST * each) for each in scale.levels)
    try:
        if from_zeros:
            for weight, times in _FROM_ZEROS:
                ridge = tuple(times / FIRST * each for each in strongest)
                rough = Ridged(problem.weighted(weight), ridge)
                run.go_on(rough, min(_ROUGH_SWEEPS, max_iter // 20), _ROUGH_TOL)
        if not settled:
            run.go_on(Ridged(problem, strongest), max_iter, max(tol, _FIRST_TOL))
        before: tuple[np.ndarray, ...] | None = None
        for _ in range(_ROUNDS):
            strengths = strengths_at(problem, run.factors, scale, grams_of)
            if run.over or (before is not None and _same(before, strengths, scale)):
                break
            run.go_on(Ridged(problem, strengths), max_iter, tol)
            before = strengths
    except KeyboardInterrupt:
        # Between stages, or before the first sweep of one: what earlier ones found isn't lost.
        if run.result is None:
            raise
        return replace(run.whole(), stop_reason=StopReason.INTERRUPTED)
    return run.whole()


class _Stages:
    """Fits one after the other, each from where the last one ended, within ``max_iter`` sweeps."""

    def __init__(self, minimise: Minimise, max_iter: int, start: Any) -> None:
        self.minimise, self.left, self.factors = minimise, max_iter, start
        self.result: SolverResult[Any] | None = None
        self.n_iter = 0

    @property
    def over(self) -> bool:
        """True after Ctrl-C and after the last sweep."""
        stopped = self.result is not None and self.result.stop_reason is StopReason.INTERRUPTED
        return stopped or self.left <= 0

    def go_on(self, problem: Ridged, max_iter: int, tol: float) -> None:
        """Run one stage, unless it is over."""
        if self.over or max_iter == 0:
            return
        self.result = self.minimise(problem, self.factors, min(max_iter, self.left), tol)
        self.factors = self.result.factors
        self.n_iter += self.result.n_iter
        self.left -= self.result.n_iter

    def whole(self) -> SolverResult[Any]:
        """Return the last result, with the number of all sweeps.

        Its losses are those of the last stage: others had another ridge.
        """
        assert self.result is not None, "minimise_missing ran no stage"
        reason = self.result.stop_reason
        if self.left <= 0 and reason is not StopReason.INTERRUPTED:
            reason = StopReason.MAX_ITER
        return replace(self.result, n_iter=self.n_iter, stop_reason=reason)


def _same(before: Sequence[np.ndarray], after: Sequence[np.ndarray], scale: RidgeScale) -> bool:
    """Whether no strength has changed by more than a tenth of itself."""
    return all(
        bool(np.all(np.abs(new - old) <= _SETTLED * np.maximum(new, old) + 1e-9 * level))
        for old, new, level in zip(before, after, scale.levels, strict=True)
    )
