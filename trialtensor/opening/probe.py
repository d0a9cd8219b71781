"""A process of its own tries HDF5 files first: on damaged ones the library can crash or loop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from trialtensor.opening.guard import RefusedError

# What the process says when it starts: without it, it couldn't be started as it should.
STARTED = b"started\n"
# Its exit status if the file took more memory than it may.
NO_MEMORY = 3
# Seconds that it may take, and bytes a second on top of that.
_PATIENCE, _SLOWEST = 60, 5e6
_LOOPS = ("SIGXCPU", "SIGPROF", "SIGVTALRM")


def refuse_what_crashes(path: Path) -> None:
    """Refuse a file that the HDF5 library doesn't survive.

    Where no process can be started, the file is taken as it is.

    Parameters
    ----------
    path : Path

    Raises
    ------
    RefusedError
        If reading it ends the process, doesn't end, or takes far more memory than the file.
    """
    about = path.stat()
    verdict = _tried(
        os.path.abspath(path), about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns
    )
    if verdict:
        raise RefusedError(f"is damaged: {verdict}")


@lru_cache(maxsize=256)
def _tried(path: str, device: int, inode: int, n_bytes: int, changed: int) -> str:
    """Read a file in another process, once for each state of it; say what went wrong."""
    if not sys.executable or getattr(sys, "frozen", False):
        return ""  # no Python to start, or a program that would start itself
    command = [sys.executable, "-P", "-m", "trialtensor.opening.trying", path]
    places = os.pathsep.join(each or os.getcwd() for each in sys.path)
    # Threads of linear algebra take time to start and aren't used.
    environment = {**os.environ, "PYTHONPATH": places, "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE + n_bytes / _SLOWEST,
        )
    except subprocess.TimeoutExpired:
        return "the HDF5 library doesn't come to an end with it"
    except OSError:
        return ""
    return _meaning(done.returncode) if done.stdout.startswith(STARTED) else ""


def _meaning(status: int) -> str:
    if status == 0:
        return ""
    if status == NO_MEMORY or status == -getattr(signal, "SIGKILL", 9):
        return "reading it takes far more memory than it holds"
    if any(status == -getattr(signal, name, 0) for name in _LOOPS):
        return "the HDF5 library doesn't come to an end with it"
    return "the HDF5 library crashes on it"
