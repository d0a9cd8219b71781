"""Read an HDF5 file and say nothing: whether this process survives it is the answer."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import prod
from typing import Any

import h5py
import numpy as np

from trialtensor.opening.hdf5 import attributes, members, read_values
from trialtensor.opening.probe import NO_MEMORY, STARTED
from trialtensor.opening.references import plain_doubles, read_doubles, referred

# Seconds of computing on one object without an end.
_LONGEST = 3.0
# Bytes beyond what the process takes when it starts.
_MEMORY = 600_000_000
# Datasets up to this size are read, others only looked up.
_READ_UP_TO, _READ_IN_ALL = 2**24, 2**28
# What cells of MATLAB refer to.
_CELLS = ("#refs#",)
# References that are followed, in each dataset.
_MOST_REFERENCES = 10_000


def main(path: str) -> int:
    """Read a file.

    Parameters
    ----------
    path : str

    Returns
    -------
    int
        Exit status: 0 also if the file raises errors, which the caller will meet as well.
    """
    _limit()
    os.write(1, STARTED)
    try:
        _wind_up()
        with h5py.File(path, "r") as file:
            _try_attributes(file)
            left = _READ_IN_ALL
            for member in members(file, step=_wind_up, groups=True):
                if member.groups[:1] == _CELLS and _are_doubles(member.item):
                    continue  # of cells of numbers MATLAB's readers read nothing else
                if member.item is not None:
                    left -= _try_member(member.item, bool(member.refused), left)
            _wind_up()
    except MemoryError:
        return NO_MEMORY
    except Exception as error:
        return NO_MEMORY if _is_of_memory(error) else 0
    return 0


def _are_doubles(item: Any) -> bool:
    """Read a dataset if it is of plain doubles; return whether it is."""
    if not isinstance(item, h5py.Dataset):
        return False
    shape = plain_doubles(item.id)
    if shape is not None:
        with _surviving():
            read_doubles(item.id, shape)
    return shape is not None


@contextmanager
def _surviving() -> Iterator[None]:
    """Go on after an error that the caller will meet as well, unless it is one of memory."""
    try:
        yield
    except Exception as error:
        if _is_of_memory(error):
            raise MemoryError from error


def _is_of_memory(error: Exception) -> bool:
    text = str(error)
    return "alloc" in text and "end of allocation" not in text


def _try_member(item: Any, refused: bool, left: int) -> int:
    """Read attributes and values; return the number of bytes read."""
    _try_attributes(item)
    if refused or not isinstance(item, h5py.Dataset):
        return 0
    n_bytes = prod(item.shape) * item.dtype.itemsize
    with _surviving():
        if n_bytes <= min(_READ_UP_TO, left):
            _try_references(item, np.asarray(read_values(item)))
            return n_bytes
        if item.chunks:
            item.id.get_num_chunks()
            if prod(item.chunks) * item.dtype.itemsize <= _READ_UP_TO:
                item[(0,) * item.ndim]
    return 0


def _try_references(item: Any, values: np.ndarray) -> None:
    """Look at what the values of a dataset refer to."""
    if values.dtype.kind != "O":
        return
    for reference in values.flat[:_MOST_REFERENCES]:
        if isinstance(reference, h5py.Reference):
            _wind_up()
            referred(item, reference)


def _try_attributes(item: Any) -> None:
    with _surviving():
        for value in attributes(item).values():
            if isinstance(value, h5py.Reference):
                referred(item, value)


def _limit() -> None:
    """Keep this process small, and without a trace where it dies."""
    try:
        import resource
    except ImportError:
        return
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, ValueError, IndexError):
        with open("/proc/self/statm") as file:
            own = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (own + _MEMORY, own + _MEMORY))


def _wind_up() -> None:
    """Let the process be ended if nothing calls this again for some time of computing."""
    import signal

    if hasattr(signal, "setitimer"):
        # The system ends the process: a loop in the library never comes back to Python.
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, _LONGEST)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
