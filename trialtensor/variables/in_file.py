"""A variable that stays in its file: read a part at a time, whenever somebody asks for one."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import xarray
from xarray.backends import BackendArray
from xarray.core import indexing

from trialtensor.opening.guard import RefusedError
from trialtensor.opening.memory import refuse_whole
from trialtensor.variables.contents import InParts
from trialtensor.variables.readers import Guarded, find_reader


class InFile(BackendArray):
    """A variable of a file as xarray takes arrays that are elsewhere.

    The file is closed by `close`, or when nobody holds this any more. A copy that is sent to
    another process opens the file anew.

    Parameters
    ----------
    path : Path
    name : str
        Of the variable.
    order : sequence of int, optional
        Which of its axes come first, second and so on; by default, as in the file.
    """

    def __init__(self, path: Path, name: str, order: Sequence[int] | None = None) -> None:
        self.path, self.name = path, name
        self._parts, close = _opened(path, name)
        self._close = weakref.finalize(self, close)
        self.dtype = self._parts.dtype
        self.put_in(order or range(self._parts.like.ndim))

    def put_in(self, order: Sequence[int]) -> None:
        """Show the axes in an order.

        Parameters
        ----------
        order : sequence of int
        """
        own = self._parts.like.shape
        self.order = tuple(order)
        self.shape = tuple(own[k] for k in self.order)

    @property
    def like(self) -> np.ndarray | xarray.DataArray:
        """Zeros that take no memory, as it is in the file: with its names and coordinates."""
        return self._parts.like

    @property
    def chunks(self) -> tuple[int, ...] | None:
        """How it is stored, in the order of these axes; None for values one after the other."""
        chunks = self._parts.chunks
        return None if chunks is None else tuple(chunks[k] for k in self.order)

    @property
    def stored_first(self) -> tuple[int, ...]:
        """These axes in the order in which the file has them, slowest first."""
        axes = tuple(self.order.index(k) for k in range(len(self.order)))
        return axes[::-1] if self._parts.reverse else axes

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be read any more."""
        return not self._close.alive

    def close(self) -> None:
        """Close the file."""
        self._close()

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        """Read a part."""
        support = indexing.IndexingSupport.BASIC
        return indexing.explicit_indexing_adapter(key, self.shape, support, self._read)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Return how to open the file again."""
        return InFile, (self.path, self.name, self.order)

    def _read(self, where: tuple[Any, ...]) -> np.ndarray:
        if self.is_closed:
            raise RefusedError(f"{self.path.name} is closed; read it again")
        parts = tuple(slice(k, k + 1) if isinstance(k, int | np.integer) else k for k in where)
        sizes = [len(range(*k.indices(n))) for k, n in zip(parts, self.shape, strict=True)]
        refuse_whole(f"{self.name} of {self.path.name}", prod(sizes) * self.dtype.itemsize)
        own: list[Any] = [None] * len(parts)
        for place, part in zip(self.order, parts, strict=True):
            own[place] = part
        values = np.ascontiguousarray(self._parts.read(tuple(own)).transpose(self.order))
        single = tuple(0 if isinstance(k, int | np.integer) else slice(None) for k in where)
        return values[single]


def _opened(path: Path, name: str) -> tuple[InParts, Callable[[], None]]:
    reader = find_reader(path)
    assert isinstance(reader, Guarded)
    return reader.keep_open(path, name)
