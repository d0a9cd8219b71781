"""SliceTCA of data with missing entries that is read in passes: as few of them as possible.

Restarts run in memory, on trials spread evenly over the data: what trials share is nearly the same
there. Then those that differ go on over all trials, side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from trialtensor.solvers.acceleration import RowUpdater, rounding
from trialtensor.solvers.passes import Passes
from trialtensor.solvers.result import SolverResult, StopReason
from trialtensor.solvers.runs import RestartResult, Start, by_loss
from trialtensor.solvers.slices.block_sweeps import Blocks
from trialtensor.solvers.slices.contraction import Components
from trialtensor.solvers.slices.diagnostics import subspace_overlap
from trialtensor.solvers.slices.gauge import fix_gauge
from trialtensor.solvers.slices.one_pass_sweeps import (
    _FIRST_INNER,
    _INNER,
    _JOINS,
    Fit,
    SolveAndSum,
    counted,
)
from trialtensor.solvers.slices.options import SliceOptions
from trialtensor.solvers.slices.order import in_unit_order
from trialtensor.solvers.slices.sweeps import SweepData, as_blocks, as_components, balance_blocks

# Entries of the trials that restarts run on, at least and at most, the share of the data between
# these, and the number of trials for each trial-slicing component.
_LEAST, _MOST, _SHARE, _TRIALS = 1_000_000, 6_000_000, 8, 6
# The tolerance there.
_ROUGH = 1e-5
# Overlap of the subspaces of two fits above which they are one; different ones that go on at most.
_SAME, _GO_ON = 0.99, 4
# A fit is left behind that wouldn't win if it gained this many times what it last did.
_HOPE = 20.0

FitInMemory = Callable[..., list[RestartResult[Components]]]


def fit_in_masked_passes(
    data: SweepData,
    starts: Sequence[Start],
    options: SliceOptions,
    fit_in_memory: FitInMemory,
    *,
    n_jobs: int | None = None,
    on_restart: Callable[[RestartResult[Components]], None] | None = None,
) -> tuple[list[RestartResult[Components]], bool]:
    """Fit from every start.

    Parameters
    ----------
    data : SweepData
        With passes, and missing entries.
    starts, options, n_jobs, on_restart :
        As in :func:`trialtensor.solvers.slices.restarts.fit_slices`.
    fit_in_memory : callable
        That function, for some of the trials.

    Returns
    -------
    list of RestartResult, bool
        Sorted by loss, and whether Ctrl-C came. A restart that another one led to the same place,
        or that was left behind, has ``on_full_data`` False.
    """
    X: Any = data.X
    chosen = _sampled(X, options.ranks[0])
    some = _some_trials(data, chosen)
    starts_there = [_of_trials(start, chosen) for start in starts]
    # What some trials share isn't exactly what all do, so that more digits are worth nothing.
    whole = len(chosen) == len(X)
    few = options if whole else replace(options, tol=max(options.tol, _ROUGH))
    rough = fit_in_memory(some, starts_there, few, n_jobs=n_jobs)
    interrupted = rough[0].result.stop_reason is StopReason.INTERRUPTED
    places, going_to = _different(rough)
    fits = [_begun(data, some, rough[i].result) for i in places]
    update = RowUpdater((options.nonnegative,) * 6)
    try:
        _run(data, fits, update, 1 if interrupted else options.max_iter, options.tol)
    except KeyboardInterrupt:
        if not all(fit.history for fit in fits):
            raise
        interrupted = True
    ends = [_finished(fit, options) for fit in fits]
    results = []
    for i, each in enumerate(rough):
        end = ends[going_to[i]]
        own = places[going_to[i]] == i
        done = own and end.stop_reason in (StopReason.CONVERGED, StopReason.EXACT)
        results.append(RestartResult(each.seed, end, done, each.origin))
        if on_restart is not None:
            on_restart(results[-1])
    results.sort(key=lambda found: (by_loss(found), not found.on_full_data))
    return results, interrupted


def go_on_in_passes(
    data: SweepData, found: SolverResult[Components], options: SliceOptions
) -> SolverResult[Components]:
    """Run a fit of all trials to its end.

    Parameters
    ----------
    data : SweepData
        With passes.
    found : SolverResult
        Where it begins.
    options : SliceOptions
    """
    blocks = balance_blocks(as_blocks(found.factors))
    fit = Fit(blocks, blocks, found.n_iter)
    most = max(options.max_iter, found.n_iter + 1)
    _run(data, [fit], RowUpdater((options.nonnegative,) * 6), most, options.tol)
    return _finished(fit, options)


def _sampled(X: Passes, n_components: int) -> np.ndarray:
    """Return the trials that restarts run on, spread evenly."""
    per_trial = X.size // len(X)
    entries = min(max(X.size // _SHARE, _LEAST), _MOST)
    n = max(entries // per_trial, _TRIALS * (n_components + 1))
    if n >= len(X):
        return np.arange(len(X))
    return np.unique(np.linspace(0, len(X) - 1, n).round().astype(int))


def _some_trials(data: SweepData, chosen: np.ndarray) -> SweepData:
    """Bring some trials to memory."""
    X: Any = data.X
    runs = np.split(chosen, np.flatnonzero(np.diff(chosen) != 1) + 1)
    blocks = [X.trials(slice(int(run[0]), int(run[-1]) + 1)) for run in runs]
    values = np.concatenate([each.values for each in blocks])
    seen = [
        np.ones(each.values.shape, bool) if each.observed is None else each.observed
        for each in blocks
    ]
    observed = np.concatenate(seen)
    flat = values.ravel().astype(np.float64)
    return SweepData(
        values, float(flat @ flat), None if observed.all() else observed, data.missing_weight
    )


def _of_trials(start: Start, chosen: np.ndarray) -> Start:
    if start.factors is None:
        return start
    trial, neuron, time = start.factors
    return replace(start, factors=(np.asarray(trial)[chosen], neuron, time))


def _different(rough: Sequence[RestartResult[Components]]) -> tuple[list[int], list[int]]:
    """Return the places of restarts that go on, and for each restart which of them it is."""
    places: list[int] = []
    going_to = [0] * len(rough)
    finished = [i for i, each in enumerate(rough) if each.on_full_data] or [0]
    for i in [*finished, *(i for i in range(len(rough)) if i not in finished)]:
        own = rough[i].result.factors.loadings
        overlaps = [subspace_overlap(rough[j].result.factors.loadings, own) for j in places]
        if i in finished and len(places) < _GO_ON and max(overlaps, default=0.0) < _SAME:
            going_to[i] = len(places)
            places.append(i)
        else:
            going_to[i] = int(np.argmax(overlaps))
    return places, going_to


def _begun(data: SweepData, some: SweepData, found: SolverResult[Components]) -> Fit:
    """Return a fit of all trials that begins with what some of them share."""
    X: Any = data.X
    u, v, w, A, B, C = balance_blocks(as_blocks(found.factors))
    if some.observed is not None:
        # What was never seen was never fitted.
        A = np.where(some.observed.any(axis=0), A, 0).astype(A.dtype, copy=False)
        v, w = (
            np.where(
                np.any(some.observed, axis=gone, keepdims=True).reshape(-1, 1), each, 0
            ).astype(each.dtype, copy=False)
            for each, gone in ((v, (0, 2)), (w, (0, 1)))
        )
    n = len(X)
    nothing = (
        np.zeros((n, u.shape[1]), u.dtype),
        np.zeros((len(B), n, B.shape[2]), B.dtype),
        np.zeros((len(C), n, C.shape[2]), C.dtype),
    )
    point = (nothing[0], v, w, A, nothing[1], nothing[2])
    return Fit(point, point, found.n_iter)


def _run(
    data: SweepData, fits: Sequence[Fit], update: RowUpdater, max_iter: int, tol: float
) -> None:
    """Pass over the data until no fit gains that may still win."""
    X: Any = data.X
    least = rounding(X.dtype, data.norm2)
    n_sweeps, weights = _FIRST_INNER, None
    going = list(fits)
    while going:
        models = [_with_trials(fit) for fit in going]
        *found, count = X.run(SolveAndSum(models, update, data.missing_weight, n_sweeps))
        n_sweeps = _INNER
        if weights is None:
            weights = counted(count, len(X), data.missing_weight).astype(X.dtype)
        for i, fit in enumerate(going):
            fit.told(found[len(_JOINS) * i : len(_JOINS) * (i + 1)], update, weights)
            if fit.loss <= least:
                fit.reason = StopReason.EXACT
            elif max(fit.gain, fit.expected) <= tol * fit.loss:
                fit.reason = StopReason.CONVERGED
        lowest = min(fit.loss for fit in fits)
        going = [
            fit
            for fit in going
            if fit.reason is StopReason.MAX_ITER
            and fit.n_iter < max_iter
            and fit.loss - _HOPE * min(fit.gain, fit.loss) <= lowest
        ]


def _with_trials(fit: Fit) -> Blocks:
    """Return the next point, with what was last known of trials."""
    u, _, _, _, B, C = fit.best
    _, v, w, A, _, _ = fit.point
    return u, v, w, A, B, C


def _finished(fit: Fit, options: SliceOptions) -> SolverResult[Components]:
    model = as_components(fit.best)
    model = in_unit_order(model) if options.nonnegative else fix_gauge(*model, options.gauge)
    return SolverResult(model, fit.loss, np.array(fit.history), fit.n_iter, fit.reason)
