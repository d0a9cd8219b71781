"""Restarts in two rounds: a few sweeps of all of them, then those that may still win to the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trialtensor.solvers.result import StopReason
from trialtensor.solvers.runs import RestartResult, Start, by_loss, collect, run_all
from trialtensor.solvers.slices.contraction import Components
from trialtensor.solvers.slices.diagnostics import subspace_overlap

Restart = Callable[[Any, Start, Any], RestartResult[Components]]
# Overlap of the subspaces of two restarts above which they are on their way to the same optimum.
_SAME = 0.99


@dataclass(frozen=True)
class Rounds:
    """How many sweeps the first round has, and how many restarts at most go on after it.

    Attributes
    ----------
    sweeps : int
    most : int
    """

    sweeps: int
    most: int


def run_in_rounds(
    restart: Restart,
    problem: Any,
    starts: Sequence[Start],
    options: Any,
    rounds: Rounds,
    *,
    resume: Callable[[RestartResult[Components]], Any],
    n_jobs: int | None,
    on_restart: Callable[[RestartResult[Components]], None] | None,
) -> tuple[list[RestartResult[Components]], bool]:
    """Run all restarts a little way, and to the end the best of those that differ by then.

    Parameters
    ----------
    restart : callable
        Runs one restart, as in :func:`trialtensor.solvers.runs.run_all`.
    problem, starts, options :
        As there; ``options`` has ``max_iter``.
    rounds : Rounds
    resume : callable
        From a result to the ``factors`` of a start that goes on from there.
    n_jobs, on_restart :
        As in :func:`trialtensor.solvers.slices.restarts.fit_slices`.

    Returns
    -------
    list of RestartResult, bool
        Sorted by loss, and whether Ctrl-C came. A restart that didn't go on has ``on_full_data``
        False, and has not converged.
    """
    few = replace(options, max_iter=min(rounds.sweeps, options.max_iter))
    results, interrupted = collect(
        run_all(restart, problem, starts, few, n_jobs=n_jobs), on_restart
    )
    results = sorted(map(_unfinished, results), key=by_loss)
    try:
        while not interrupted and (going := _going_on(results, rounds.most)):
            done, interrupted = _go_on(
                restart, problem, [results[i] for i in going], options, resume, n_jobs
            )
            for i, finished in zip(going, done, strict=False):
                results[i] = finished
            results.sort(key=by_loss)
    except KeyboardInterrupt:
        # Comparing restarts takes a while, too.
        interrupted = True
    return sorted(results, key=by_loss), interrupted


def _unfinished(found: RestartResult[Components]) -> RestartResult[Components]:
    done = found.result.stop_reason in (StopReason.CONVERGED, StopReason.EXACT)
    return replace(found, on_full_data=done)


def _going_on(results: list[RestartResult[Components]], most: int) -> list[int]:
    """Return the places of those to finish: in the first round a few, then the best if need be."""
    if any(each.on_full_data for each in results):
        return [] if results[0].on_full_data else [0]
    loadings = [each.result.factors.loadings for each in results]
    chosen: list[int] = []
    for i, own in enumerate(loadings):
        if all(subspace_overlap(loadings[j], own) < _SAME for j in chosen):
            chosen.append(i)
    if len(chosen) == 1 and len(results) > 1:
        # All seem to be on the way to one optimum: only another that gets there shows that.
        overlaps = [subspace_overlap(loadings[0], other) for other in loadings[1:]]
        chosen.append(1 + int(np.argmin(overlaps)))
    # Early on, good starts look better than random ones, and still may end above them.
    random = [i for i in chosen if results[i].origin is None][:1]
    others = [i for i in chosen if i not in random]
    return sorted([*others[: most - len(random)], *random])


def _go_on(
    restart: Restart,
    problem: Any,
    rough: list[RestartResult[Components]],
    options: Any,
    resume: Callable[[RestartResult[Components]], Any],
    n_jobs: int | None,
) -> tuple[list[RestartResult[Components]], bool]:
    """Run restarts to the end from where they are; also return whether Ctrl-C came."""
    left = [max(options.max_iter - each.result.n_iter, 1) for each in rough]
    options = replace(options, max_iter=max(left))
    starts = [Start("given", each.seed, resume(each)) for each in rough]
    try:
        done, interrupted = collect(run_all(restart, problem, starts, options, n_jobs=n_jobs), None)
    except KeyboardInterrupt:
        return [], True
    return [_joined(*pair) for pair in zip(rough, done, strict=False)], interrupted


def _joined(
    first: RestartResult[Components], then: RestartResult[Components]
) -> RestartResult[Components]:
    """Return a result with the record of both its rounds."""
    result = replace(
        then.result,
        loss_history=np.concatenate([first.result.loss_history, then.result.loss_history]),
        n_iter=first.result.n_iter + then.result.n_iter,
    )
    return replace(then, result=result, origin=first.origin)
