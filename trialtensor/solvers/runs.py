"""Restarts of a fit: their starts, their results, and what remains of them after Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic

from trialtensor.solvers.parallel import in_parallel
from trialtensor.solvers.passes import Passes
from trialtensor.solvers.result import Model, SolverResult, StopReason
from trialtensor.solvers.threads import blas_threads_for


@dataclass(frozen=True)
class RestartResult(Generic[Model]):
    """Result of one restart, with the seed of its start.

    Attributes
    ----------
    seed : int or None
        None if the start was given.
    result : SolverResult
    on_full_data : bool
        True if the restart was run to its end on the full data: not just on a compressed core, nor
        only through a first round of sweeps.
    origin : hashable or None
        Equal for restarts that began at the same place, e.g. the same order of axes and the same
        singular vectors; None for a start of its own.
    """

    seed: int | None
    result: SolverResult[Model]
    on_full_data: bool = False
    origin: Hashable | None = None


@dataclass(frozen=True)
class Start:
    """Start of one restart: ``kind`` "svd" or "random" with a seed, or given arrays.

    With ``from_zeros``, missing entries are zeros at first.
    """

    kind: str
    seed: int | None = None
    factors: Any = None
    from_zeros: bool = False


def by_turns(starts: Sequence[Start]) -> list[Start]:
    """Let every second start, the first among them, begin with missing entries as zeros.

    Parameters
    ----------
    starts : sequence of Start
        Those with given arrays stay as they are.
    """
    return [
        replace(start, from_zeros=i % 2 == 0 and start.factors is None)
        for i, start in enumerate(starts)
    ]


def run_all(
    restart: Callable[[Any, Start, Any], RestartResult[Model]],
    problem: Any,
    starts: Sequence[Start],
    options: Any,
    *,
    n_jobs: int | None,
) -> Iterator[RestartResult[Model]]:
    """Yield ``restart(problem, start, options)`` for every start, as they finish.

    Parameters
    ----------
    restart : callable
    problem : object with ``X``
    starts : sequence of Start
    options : object
    n_jobs : int, optional
        Number of parallel restarts, each a joblib process with one thread; None runs them one by
        one in this process. So do data that is not in memory: each pass has all there is to itself.
    """
    elsewhere = isinstance(problem.X, Passes)
    if n_jobs not in (None, 1) and len(starts) > 1 and not elsewhere:
        each = ((problem, start, options) for start in starts)
        yield from in_parallel(restart, each, n_jobs=n_jobs)
        return
    with blas_threads_for(problem.X.size):
        for start in starts:
            yield restart(problem, start, options)


def collect(
    running: Iterator[RestartResult[Model]],
    on_restart: Callable[[RestartResult[Model]], None] | None,
) -> tuple[list[RestartResult[Model]], bool]:
    """Collect finished restarts; also return whether Ctrl-C came before the last of them.

    Parameters
    ----------
    running : iterator of RestartResult
    on_restart : callable or None
        Called with each finished restart.

    Raises
    ------
    KeyboardInterrupt
        If interrupted before the first result.
    """
    results: list[RestartResult[Model]] = []
    try:
        for done in running:
            results.append(done)
            if on_restart is not None:
                on_restart(done)
            if done.result.stop_reason is StopReason.INTERRUPTED:
                return results, True
    except KeyboardInterrupt:
        if not results:
            raise
        return results, True
    return results, False


def mark_interrupted(results: list[RestartResult[Model]]) -> list[RestartResult[Model]]:
    """Return the same results, with the best one marked as interrupted.

    Parameters
    ----------
    results : list of RestartResult
        Best first.
    """
    best, *others = results
    stopped = replace(best.result, stop_reason=StopReason.INTERRUPTED)
    return [replace(best, result=stopped), *others]


def by_loss(restart: RestartResult[Model]) -> float:
    """Return the loss, as the key that sorts the lowest first.

    Parameters
    ----------
    restart : RestartResult
    """
    return restart.result.loss
