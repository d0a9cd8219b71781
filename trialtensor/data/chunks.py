"""How data on disk is laid out: trials that are stored together, and axes in another order."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, prod
from typing import Any

import numpy as np

# Bytes that systems read at once: what is spread more thinly than that takes as long as all of it.
_PAGE = 4096
# Trials between those that are wanted that are read with them rather than left out.
_NEAR = 3


class TrialsFirst:
    """A lazily read array in another order of axes, whose blocks of trials are read as slabs.

    xarray's own lazy transpose looks up every entry by itself.

    Parameters
    ----------
    source : dataset or array
    order : sequence of int
        Where its axes are that are to be the first, the second, and so on.
    """

    def __init__(self, source: Any, order: Sequence[int]) -> None:
        self.source, self.order = source, tuple(order)
        self.shape = tuple(source.shape[k] for k in self.order)
        self.dtype = source.dtype

    def __getitem__(self, index: Any) -> np.ndarray:
        """Read some of it."""
        given = index if isinstance(index, tuple) else (index,)
        own: list[Any] = [slice(None)] * len(self.shape)
        for place, part in zip(self.order, given, strict=False):
            own[place] = part
        return np.ascontiguousarray(np.asarray(self.source[tuple(own)]).transpose(self.order))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Read all of it."""
        return np.asarray(self[:], dtype=dtype)


def trials_together(source: Any, axis: int = 0) -> int:
    """Return how many trials a file keeps in one piece, which is read as a whole.

    Parameters
    ----------
    source : dataset or array
        In the order of its own axes.
    axis : int
        That of trials.

    Returns
    -------
    int
        1 where nothing is known.
    """
    encoding = getattr(source, "encoding", None) or {}
    if hasattr(source, "dims") and hasattr(source, "coords"):
        by_name = encoding.get("preferred_chunks") or {}
        chunks: Any = [by_name.get(dim, 1) for dim in source.dims]
    else:
        chunks = getattr(source, "chunks", None)
    if not isinstance(chunks, (tuple, list)) or len(chunks) != len(source.shape):
        return 1
    n = chunks[axis]
    return min(max(n, 1), source.shape[axis]) if isinstance(n, int) else 1


def in_pages(shape: Sequence[int], dtype: Any) -> tuple[int, ...]:
    """Return how many entries along each axis come with one, of values that lie one after another.

    Parameters
    ----------
    shape : sequence of int
        Slowest axis first.
    dtype : numpy.dtype
    """
    pieces = []
    for k, n in enumerate(shape):
        each = max(prod(shape[k + 1 :]) * np.dtype(dtype).itemsize, 1)
        pieces.append(max(min(ceil(_PAGE / each), n), 1))
    return tuple(pieces)


class SomeTrials:
    """Some trials of an array that is read a few trials at a time.

    Parameters
    ----------
    source : dataset or array
        Trials first.
    rows : int array
        Which trials these are, in rising order.
    """

    def __init__(self, source: Any, rows: np.ndarray) -> None:
        self.source, self.rows = source, rows
        self.shape, self.dtype = (len(rows), *source.shape[1:]), source.dtype
        self.filename: str | None = None
        # Trials that are stored together are read together.
        self._together = trials_together(source)
        self.chunks = (min(self._together, max(len(rows), 1)), *self.shape[1:])

    def __getitem__(self, index: Any) -> np.ndarray:
        """Read some of it."""
        first, *others = index if isinstance(index, tuple) else (index,)
        rows = self.rows[first]
        far = np.flatnonzero(np.diff(rows) > max(self._together, _NEAR)) + 1
        pieces = [
            np.asarray(self.source[(slice(int(each[0]), int(each[-1]) + 1), *others)])[
                each - each[0]
            ]
            for each in np.split(rows, far)
            if len(each)
        ]
        return np.concatenate(pieces) if pieces else np.empty((0, *self.shape[1:]), self.dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Read all of it."""
        return np.asarray(self[:], dtype=dtype)


class LabelledTrials(SomeTrials):
    """Some trials of labelled data.

    Parameters
    ----------
    source, rows : as for `SomeTrials`
    labelled : xarray.DataArray
        All of the data, with axes in any order.
    order : sequence of str
        Its dimensions, that of trials first.
    """

    def __init__(self, source: Any, rows: np.ndarray, labelled: Any, order: Sequence[Any]) -> None:
        super().__init__(source, rows)
        self.dims = tuple(order)
        self.coords = {
            name: each.isel({order[0]: rows}) if order[0] in each.dims else each
            for name, each in labelled.coords.items()
        }
        self.attrs = dict(labelled.attrs)
        self.encoding = {"preferred_chunks": {order[0]: self.chunks[0]}}
