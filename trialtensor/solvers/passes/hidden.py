"""Data some of whose entries are hidden by a mask, which is read or drawn a few trials at a time.

Hidden entries become NaN while blocks are read, so that all that reads them treats them as missing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from trialtensor.solvers.passes.reading import Unchanged

# Bytes of masks that are kept between passes.
_MOST_BITS = 64_000_000


class Mask(Protocol):
    """Tells which entries of some trials to show."""

    def __call__(self, trials: np.ndarray, observed: np.ndarray) -> np.ndarray:
        """Return a bool array of the shape of ``observed``; repeatable, whatever the blocks.

        Parameters
        ----------
        trials : int array
            Their numbers.
        observed : (n_some_trials, n_neurons, n_times) bool array
        """


class MaskedSource:
    """A source with NaN where a mask beside it is False.

    Parameters
    ----------
    source : Source
    mask : array or dataset of bools, of the shape of the source
    dtype : numpy.dtype
        float32 or float64.
    path : path, optional
        The file of the mask, which must not change while it is read.
    """

    def __init__(self, source: Any, mask: Any, dtype: Any, path: Path | None = None) -> None:
        self.source, self.mask = source, mask
        self.shape, self.dtype = tuple(source.shape), np.dtype(dtype)
        self._unchanged = Unchanged(path, "mask")

    def __getitem__(self, index: Any) -> np.ndarray:
        """Read some of it."""
        self._unchanged.check()
        values = np.asarray(self.source[index])
        return hide(values, np.asarray(self.mask[index]), self.dtype)


class DrawnSource:
    """A source with NaN where a mask hides entries, which is drawn when trials are read.

    Masks are kept for the next pass as bits, as far as these are few; others are drawn again.

    Parameters
    ----------
    source : Source
    mask : Mask
    dtype : numpy.dtype
        float32 or float64.
    """

    def __init__(self, source: Any, mask: Mask, dtype: Any) -> None:
        self.source, self.mask = source, mask
        self.shape, self.dtype = tuple(source.shape), np.dtype(dtype)
        self._bits: dict[tuple[int, ...], np.ndarray] = {}
        self._room = _MOST_BITS

    def __getitem__(self, index: Any) -> np.ndarray:
        """Read some trials."""
        if isinstance(index, tuple):
            (index,) = index  # a mask is drawn for whole trials
        trials = np.arange(self.shape[0])[index]
        values = np.asarray(self.source[index])
        key = (len(trials), *trials[:1].tolist(), *trials[-1:].tolist())
        if isinstance(index, slice) and key in self._bits:
            shown = np.unpackbits(self._bits[key], count=values.size).view(bool)
            return hide(values, shown.reshape(values.shape), self.dtype)
        shown = draw(values, trials, self.mask)
        if isinstance(index, slice) and values.size // 8 < self._room:
            self._bits[key] = np.packbits(shown)
            self._room -= self._bits[key].nbytes
        return hide(values, shown, self.dtype)


def hide(values: np.ndarray, shown: np.ndarray, as_type: Any) -> np.ndarray:
    """Return floating-point numbers with NaN where they aren't shown.

    Parameters
    ----------
    values : array
    shown : bool array of the same shape
    as_type : numpy.dtype
    """
    found = np.array(values, dtype=as_type, order="C")
    np.copyto(found, np.nan, where=~shown)
    return found


def draw(values: np.ndarray, trials: np.ndarray, mask: Mask) -> np.ndarray:
    """Return what a mask shows of some trials.

    Parameters
    ----------
    values : (n_some_trials, n_neurons, n_times) array
    trials : (n_some_trials,) int array
    mask : Mask
    """
    observed = ~np.isnan(values) if values.dtype.kind == "f" else np.ones(values.shape, bool)
    return mask(trials, observed)


def masked_dask(data: Any, mask: Any, dtype: Any) -> Any:
    """Return a dask array with NaN where a mask beside it is False.

    Parameters
    ----------
    data : dask.array.Array
    mask : array, dataset or dask array of bools, of the same shape
    dtype : numpy.dtype
    """
    import dask.array as da

    if not isinstance(mask, da.Array):
        # A mask in memory would otherwise travel with each pass.
        mask = da.from_array(mask, chunks=data.chunks).persist()
    kept = {"as_type": dtype, "dtype": dtype, "meta": np.empty((0,) * data.ndim, dtype)}
    return da.map_blocks(hide, data, mask.rechunk(data.chunks), **kept)


def drawn_dask(data: Any, mask: Mask, dtype: Any) -> Any:
    """Return a dask array with NaN where a mask, drawn in the tasks, hides entries.

    Parameters
    ----------
    data : dask.array.Array
    mask : Mask
    dtype : numpy.dtype
    """
    import dask.array as da

    data = data.rechunk({1: -1, 2: -1})
    trials = da.arange(data.shape[0], chunks=(data.chunks[0],))[:, None, None]
    kept = {"dtype": dtype, "meta": np.empty((0,) * data.ndim, dtype)}
    return da.map_blocks(_draw_on, data, trials, mask=mask, as_type=dtype, **kept)


def _draw_on(values: np.ndarray, trials: np.ndarray, *, mask: Mask, as_type: Any) -> np.ndarray:
    return hide(values, draw(values, trials.reshape(-1), mask), as_type)
