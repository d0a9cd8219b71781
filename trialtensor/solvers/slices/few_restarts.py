"""All restarts of a fit of complete data that is read in passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from trialtensor.solvers.acceleration import rounding
from trialtensor.solvers.namespaces import as_numpy
from trialtensor.solvers.result import SolverResult, StopReason
from trialtensor.solvers.runs import RestartResult, Start, by_loss
from trialtensor.solvers.slices.contraction import Components, Triple, as_triple
from trialtensor.solvers.slices.diagnostics import subspace_overlap
from trialtensor.solvers.slices.few_passes import Candidate, Refinement, mapped
from trialtensor.solvers.slices.gauge import fix_gauge, from_projections
from trialtensor.solvers.slices.new_trials import solve_with_loss
from trialtensor.solvers.slices.options import SliceOptions
from trialtensor.solvers.slices.sketch import core_of, leading_space
from trialtensor.solvers.slices.space import Space
from trialtensor.solvers.slices.starts import Begin, choose_begins
from trialtensor.solvers.slices.sweeps import SweepData

# Overlap of subspaces above which two fits within the space are one.
_SAME = 0.99
_USUAL = (0, 1, 2)
# Different ones that go on at most.
_GO_ON = 4


def fit_in_few_passes(
    data: SweepData,
    starts: Sequence[Start],
    options: SliceOptions,
    on_restart: Callable[[RestartResult[Components]], None] | None = None,
) -> tuple[list[RestartResult[Components]], bool]:
    """Fit from every start within directions of each axis, which grow while it helps.

    Parameters
    ----------
    data : SweepData
        With passes, and complete.
    starts, options, on_restart :
        As in :func:`trialtensor.solvers.slices.restarts.fit_slices`.

    Returns
    -------
    list of RestartResult, bool
        Sorted by loss, and whether Ctrl-C came. A restart that came to rest within the first
        directions where another one did shares its result, and ``on_full_data`` is False.
    """
    X: Any = data.X
    given = [start.factors for start in starts if start.factors is not None]
    wanted = [np.concatenate(each, axis=1) for each in zip(*given, strict=True)] if given else None
    space = leading_space(X, options.ranks, wanted)
    begins = choose_begins(
        data, starts, options.ranks, lambda *_: core_of(space, data.norm2, X.dtype)
    )
    fits = _within(space, data, begins, options)
    chosen, place = _different([fit for fit, _ in fits])
    # The others stay as they are, and the space won't hold them for ever.
    ends = {i: _finished(space, fits[i][0], X.dtype, options.gauge) for i in chosen[_GO_ON:]}
    going = [fits[i][0] for i in chosen[:_GO_ON]]
    refinement = Refinement(X, data.norm2, space, going)
    interrupted = False
    try:
        refinement.run(options.max_iter, options.tol)
    except KeyboardInterrupt:
        interrupted = True
    for i, fit in zip(chosen, going, strict=False):
        ends[i] = _finished(refinement.space, fit, X.dtype, options.gauge)
    best = min(ends, key=lambda i: ends[i].loss)
    if not interrupted:
        ends[best] = _with_solved_trials(data, ends[best], options.gauge)
    results = []
    for i, start in enumerate(starts):
        result = ends[place[i]]
        whole = i == place[i] and i in chosen[:_GO_ON]
        done = whole and result.stop_reason in (StopReason.CONVERGED, StopReason.EXACT)
        results.append(RestartResult(start.seed, result, done, begins[i].origin))
        if on_restart is not None:
            on_restart(results[-1])
    # Before those that share its result comes the one that found it.
    results.sort(key=lambda found: (by_loss(found), not found.on_full_data))
    return results, interrupted


def _within(
    space: Space, data: SweepData, begins: Sequence[Begin], options: SliceOptions
) -> list[tuple[Candidate, Begin]]:
    """Run every restart to its end within the space; those with the same origin are one."""
    inside = space.inside(data.norm2, data.X.dtype)
    known: dict[object, Candidate] = {}
    fits = []
    for i, begin in enumerate(begins):
        key = begin.origin if begin.origin is not None else i
        if key not in known:
            coords = _coordinates(space, begin.loadings)
            known[key] = Candidate(coords, coords)
            known[key].improve(inside, begin.order, options.max_iter, options.tol)
        fits.append((known[key], begin))
    return fits


def _coordinates(space: Space, loadings: Triple) -> Triple:
    """Return orthonormal coordinates of loadings, or zeros."""
    found = []
    for basis, own in zip(space.bases, loadings, strict=True):
        coords = basis.T @ own
        found.append(np.linalg.qr(coords)[0] if coords.any() else coords)
    return as_triple(found)


def _different(fits: Sequence[Candidate]) -> tuple[list[int], list[int]]:
    """Return the places of fits that differ, best first, and for each fit which of them it is."""
    chosen: list[int] = []
    place = list(range(len(fits)))
    for i in sorted(place, key=lambda i: fits[i].loss):
        same = [j for j in chosen if subspace_overlap(fits[j].loadings, fits[i].loadings) >= _SAME]
        if same:
            place[i] = same[0]
        else:
            chosen.append(i)
    return chosen, place


def _finished(
    space: Space, fit: Candidate, dtype: np.dtype, gauge: str
) -> SolverResult[Components]:
    """Return a fit as a model."""
    loadings = [each.astype(dtype, copy=False) for each in mapped(space, fit.loadings)]
    sums = [as_numpy(each) for each in space.contracted(fit.loadings)]
    model = from_projections(as_triple(loadings), as_triple(sums), gauge)
    return SolverResult(model, fit.loss, np.array(fit.history), fit.n_iter, fit.reason)


def _with_solved_trials(
    data: SweepData, found: SolverResult[Components], gauge: str
) -> SolverResult[Components]:
    """Solve for the trials once more, exactly as new trials are, so that both agree."""
    solved, loss = solve_with_loss(data, found.factors)
    if loss > found.loss + rounding(data.X.dtype, data.norm2):
        # Trial slices that others nearly describe don't determine the trials.
        return found
    history = np.append(found.loss_history, min(loss, found.loss))
    model = fix_gauge(*solved, gauge)
    return replace(found, factors=model, loss=history[-1], loss_history=history)
