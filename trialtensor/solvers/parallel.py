"""Work in several processes or on a cluster; none of ours outlives the one that started it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from sys import getsizeof
from typing import Any

import joblib
from joblib.parallel import LokyBackend, get_active_backend

from trialtensor.solvers.sent import Sent

_EVERY_S = 0.5
# Bytes of an argument that is sent to workers of a cluster once and not with every task.
_LARGE = 100_000


def in_parallel(
    function: Callable[..., Any],
    arguments: Iterable[tuple[Any, ...]],
    *,
    n_jobs: int | None,
    ordered: bool = True,
) -> Iterator[Any]:
    """Yield the results of ``function`` for each of ``arguments``, by joblib.

    joblib ends its processes with an exception in this one. After a kill that nothing can catch,
    they would stay, so those of its own backend look whether this process is still alive.
    Within ``joblib.parallel_config("dask")`` the workers of a ``distributed.Client`` do the work.

    Parameters
    ----------
    function : callable
    arguments : iterable of tuples
    n_jobs : int, optional
        As joblib takes it.
    ordered : bool
        In the order of ``arguments``, or as they finish.
    """
    form = "generator" if ordered else "generator_unordered"
    active = get_active_backend()[0]
    own = _Watched.like(active) if type(active) is LokyBackend else None
    if n_jobs != 1 and type(active).__name__ == "DaskDistributedBackend":
        arguments = _sent_once(function, arguments, active.client)
        function = _done_there
    parallel = joblib.Parallel(n_jobs=n_jobs, return_as=form, backend=own)
    yield from parallel(joblib.delayed(function)(*each) for each in arguments)


def _sent_once(
    function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]], client: Any
) -> Iterator[tuple[Any, ...]]:
    """Send what is large of the first task to all workers, for all tasks that share it.

    joblib does this for arrays, but not for objects that hold arrays. It has to be done before its
    first task, because later ones are prepared by the thread that would have to send them.
    """
    remaining = iter(arguments)
    first = next(remaining, None)
    if first is None:
        return iter(())
    # Those objects are kept, or others could get their identity.
    known = {id(each): (each, Sent(each)) for each in (function, *first)}
    sent = {
        key: client.scatter(own, broadcast=True) if getsizeof(own) > _LARGE else own
        for key, (_, own) in known.items()
    }

    def on_the_way(each: Any) -> Any:
        return sent[id(each)] if id(each) in known else Sent(each)

    tasks = chain([first], remaining)
    return (tuple(map(on_the_way, (function, *task))) for task in tasks)


def _done_there(function: Sent, *arguments: Sent) -> Any:
    return function.thing(*(each.thing for each in arguments))


class _Watched(LokyBackend):
    """joblib's processes, each of which ends with the process that started it."""

    @classmethod
    def like(cls, other: LokyBackend) -> _Watched:
        """Take over what the user has set for joblib's own backend."""
        settings = getattr(other, "backend_kwargs", {})
        threads = getattr(other, "inner_max_num_threads", None)
        return cls(nesting_level=other.nesting_level, inner_max_num_threads=threads, **settings)

    def configure(self, *given: Any, **more: Any) -> Any:
        first = {"initializer": _end_with, "initargs": (os.getpid(),)}
        return super().configure(*given, **{**first, **more})


def _end_with(parent: int) -> None:
    """Watch the parent from the start of a process: it may be gone before the first task."""

    def watch() -> None:
        # An orphan gets another parent, except on Windows.
        while os.getppid() == parent:
            time.sleep(_EVERY_S)
        os._exit(1)

    threading.Thread(target=watch, name="watch-parent", daemon=True).start()
