"""How data on disk is laid out: trials that are stored together, and axes in another order."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, prod
from typing import Any

import numpy as np

# Bytes that systems read at once: what is spread more thinly than that takes as long as all of it.
_PAGE = 4096
# Trials that are as near to each other are read in one piece, with what is between them.
_NEAR = 2


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


class InOneRow:
    """A source with more than three axes, whose trials are read as one row each.

    Parameters
    ----------
    source : dataset or array
        Trials first, of any shape.
    """

    def __init__(self, source: Any) -> None:
        self.source, self.others = source, tuple(source.shape[1:])
        self.shape = (source.shape[0], prod(self.others), 1)
        self.dtype = source.dtype

    def __getitem__(self, index: Any) -> np.ndarray:
        """Read some trials, ``(n, n_all_others, 1)``, or a range of entries of all trials."""
        given = index if isinstance(index, tuple) else (index,)
        if len(given) == 1:
            values = np.asarray(self.source[given[0]])
            return values.reshape(len(values), -1, 1)
        start, stop, _ = given[1].indices(self.shape[1])
        parts = [
            np.asarray(self.source[(given[0], *where)]).reshape(self.shape[0], -1)
            for where in _covering(self.others, start, stop)
        ]
        return np.concatenate(parts, axis=1)[:, :, None]


def _covering(shape: Sequence[int], start: int, stop: int) -> list[tuple[slice, ...]]:
    """Return slices that hold the entries of a range of a flattened array, in their order.

    Examples
    --------
    >>> [[(part.start, part.stop) for part in where] for where in _covering((3, 4), 2, 9)]
    [[(0, 1), (2, 4)], [(1, 2)], [(2, 3), (0, 1)]]
    """
    if start >= stop:
        return []
    if len(shape) == 1:
        return [(slice(start, stop),)]
    each = prod(shape[1:])
    first, last = ceil(start / each), stop // each
    if first > last:  # within one entry of the first axis
        own = slice(last, last + 1)
        inside = _covering(shape[1:], start - last * each, stop - last * each)
        return [(own, *where) for where in inside]
    head = _covering(shape[1:], start - (first - 1) * each, each) if start < first * each else []
    tail = _covering(shape[1:], 0, stop - last * each)
    return [
        *((slice(first - 1, first), *where) for where in head),
        *([(slice(first, last),)] if first < last else []),
        *((slice(last, last + 1), *where) for where in tail),
    ]


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
        far = (np.diff(rows) > _NEAR) & (np.diff(rows // self._together) > 0)
        pieces = [
            np.asarray(self.source[(slice(int(each[0]), int(each[-1]) + 1), *others)])[
                each - each[0]
            ]
            for each in np.split(rows, np.flatnonzero(far) + 1)
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
