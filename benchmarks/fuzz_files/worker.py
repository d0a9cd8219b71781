"""Read files named on standard input as a user would, and say what came, one line of JSON each."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fuzz_files.healthy import CHECKED
from benchmarks.fuzz_files.sessions import MARK
from trialtensor.opening import probe, trying


def main() -> None:
    """Answer until standard input ends."""
    said: list[str] = []
    sys.unraisablehook = lambda about: said.append(f"unraisable {about.exc_value!r}")
    healthy = Path(sys.argv[1])
    probe._tried = _tried_in_a_fork
    print("{}", flush=True)
    for line in sys.stdin:
        path = Path(line.rstrip("\n"))
        said.clear()
        started, memory = time.perf_counter(), _peak()
        outcome = _outcome(path, healthy)
        if (healthy.parent / MARK).exists():
            (healthy.parent / MARK).rmdir()
            outcome = "executed something in it"
        about = {
            "outcome": outcome,
            "said": list(said),
            "seconds": time.perf_counter() - started,
            "megabytes": _peak() - memory,
        }
        print(json.dumps(about), flush=True)


@cache
def _tried_in_a_fork(path: str, *state: int) -> str:
    """Do as `probe._tried` does, in a copy of this process: starting Python takes too long."""
    pid = os.fork()
    if pid == 0:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os._exit(trying.main(path))
    return probe._meaning(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _outcome(path: Path, healthy: Path) -> str:
    kind = path.stem.split("-")[0]
    found = [_try(path, step) for step in _steps(kind)]
    faults = [each for each in found if isinstance(each, str) and each != "refused"]
    if faults:
        return faults[0]
    if any(isinstance(each, str) for each in found):
        return "refused"
    origin = healthy / f"{kind}{path.suffix}"
    if not origin.exists() or kind.startswith(("model", "network", "run", "session")):
        return "read"
    same = np.array_equal(found[-1], _values(origin), equal_nan=True)
    if not same and kind.startswith(CHECKED):
        return "wrong values in spite of a checksum"
    return "read" if same else "read, other values (no checksum)"


def _steps(kind: str) -> list[Callable[[Path], Any]]:
    import trialtensor
    from trialtensor.io import inspect

    if kind.startswith("session"):
        return [_open_session]
    if kind.startswith("model"):
        return [inspect, trialtensor.load]
    if kind == "network":
        from trialtensor_models import CCRNN

        return [CCRNN.load]
    if kind == "run":
        from trialtensor_models import Run

        return [inspect, Run.load]
    return [inspect, trialtensor.load, _read] if kind.startswith("hostile") else [inspect, _read]


def _open_session(path: Path) -> None:
    """Open a recording and read everything in it."""
    from trialtensor.sessions import open_session

    given = {"rate": 30.0} if path.name.startswith("session_suite2p") else {}
    with open_session(path, **given) as session:
        str(session)
        session._repr_html_()
        if session.units is not None:
            str(session.units), session.units.times, session.units.observed
        for traces in session.traces.values():
            str(traces), traces.values, traces.times
        for tables in (session.events, session.intervals):
            dict(tables)


def _read(path: Path) -> np.ndarray:
    import trialtensor

    values: np.ndarray = trialtensor.read(path).to_numpy()
    return values


@cache
def _values(path: Path) -> np.ndarray:
    return _read(path)


def _try(path: Path, step: Callable[[Path], Any]) -> Any:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            found = step(path)
        except (ValueError, OSError) as error:
            text = str(error)
            if "\n" in text or path.name not in text or len(text) > 4000:
                return f"no clear line: {type(error).__name__} {text[:200]!r}"
            found = "refused"
        except BaseException as error:
            return f"{type(error).__name__} from {step.__name__}"
    others = [str(each.message) for each in warned if path.name not in str(each.message)]
    if others:
        return f"warning: {others[0][:150]}"
    return None if isinstance(found, str) and found != "refused" else found


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    main()
