"""A NumPy memmap that is read instead of mapped."""

from __future__ import annotations

from typing import Any

import numpy as np


class ReadFromFile:
    """A memmap in C order, whose trials are read into new memory.

    Pages of a mapped file count as memory of the process for as long as the system likes; what is
    read is gone once it was used.

    Parameters
    ----------
    mapped : numpy.memmap
    """

    def __init__(self, mapped: np.memmap) -> None:
        self.mapped = mapped
        self.shape, self.dtype = mapped.shape, mapped.dtype
        self._per_trial = int(np.prod(mapped.shape[1:]))

    def __getitem__(self, index: Any) -> np.ndarray:
        """Read some trials; anything but a range of them comes from the mapped file."""
        first = index[0] if isinstance(index, tuple) else index
        whole = not isinstance(index, tuple) or len(index) == 1
        if not (whole and isinstance(first, slice) and first.step in (None, 1)):
            return np.asarray(self.mapped[index])
        start, stop, _ = first.indices(self.shape[0])
        n = max(0, stop - start)
        values = np.fromfile(
            str(self.mapped.filename),
            self.dtype,
            n * self._per_trial,
            offset=self.mapped.offset + start * self._per_trial * self.dtype.itemsize,
        )
        return values.reshape(n, *self.shape[1:])


def as_read(source: Any) -> Any:
    """Return what to read a source from: itself, or the file behind a memmap.

    Parameters
    ----------
    source : dataset or array
    """
    if isinstance(source, np.memmap) and source.flags.c_contiguous and _is_whole(source):
        return ReadFromFile(source)
    return source


def _is_whole(mapped: np.memmap) -> bool:
    """Tell whether the values start where the file says, which isn't so for a part of a memmap."""
    base = mapped.base
    return mapped.filename is not None and not isinstance(base, np.ndarray)
