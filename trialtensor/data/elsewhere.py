"""Data that isn't an array in memory: on disk, on a cluster, on a device."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

# From this size on, as floating-point numbers, data stays where it is. Smaller data is read: it
# fits into any memory, and everything is faster and possible there.
LARGE = 1_000_000_000
_UNITS = {"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12}


@dataclass(frozen=True, eq=False)
class OnDisk:
    """Data to be read a few trials at a time, and how; see :func:`on_disk`.

    Attributes
    ----------
    source : dataset or array
    memory : int or None
        Bytes that a fit may hold of it.
    checkpoint : path or None
    progress : bool
    """

    source: Any
    memory: int | None = None
    checkpoint: Path | None = None
    progress: bool = False
    attrs: dict[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the source."""
        return tuple(self.source.shape)

    @property
    def ndim(self) -> int:
        """Number of axes of the source."""
        return len(self.shape)

    @property
    def dtype(self) -> Any:
        """Of the source."""
        return self.source.dtype

    def __getitem__(self, index: Any) -> Any:
        """Read some of the source."""
        return self.source[index]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Read all of the source, for whatever needs it in memory."""
        return np.asarray(self.source, dtype=dtype)


def on_disk(
    X: Any,
    *,
    memory: str | float | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> OnDisk:
    """Have data read a few trials at a time, however small it is, and say how.

    Models take large datasets as they are (an HDF5 or Zarr dataset, a NumPy memmap, a lazily opened
    ``xarray.DataArray``) and read them this way by themselves. This is for more say.

    Parameters
    ----------
    X : dataset, array or xarray.DataArray
        (n_trials, n_neurons, n_times), or with more axes. Never written to.
    memory : str or number, optional
        About how much memory a fit may use: ``"2GB"``, or bytes. Blocks of trials that are read at
        once are sized by it. By default blocks are of 64 MB.
    checkpoint : path, optional
        A file to which the result of each pass over the data is appended. A fit with the same data
        and parameters that was stopped in its midst goes on from there, to the same result bit for
        bit. Removed when the fit is done.
    progress : bool
        Show how far each pass over the data is, in bytes, with the remaining time.

    Returns
    -------
    OnDisk
        For ``fit``, ``transform`` and ``score``.

    Raises
    ------
    ValueError
        For data without a shape or in a file that is closed, a size that isn't one, or a checkpoint
        that can't be written to.

    Examples
    --------
    >>> import numpy as np
    >>> import trialtensor as tt
    >>> X = tt.make_tca(40, 20, 30, 2, snr=5.0, random_state=0).X
    >>> in_blocks = tt.on_disk(X, memory="100MB")
    >>> model = tt.TCA(2, random_state=0).fit(in_blocks)
    >>> bool(np.isclose(model.loss_, tt.TCA(2, random_state=0).fit(X).loss_))
    True
    """
    refuse_closed(X)
    if not hasattr(X, "shape") or not hasattr(X, "dtype"):
        raise ValueError(
            "X: expected an array or dataset (HDF5, Zarr, memmap, xarray.DataArray), got "
            f"{type(X).__name__}"
        )
    if len(X.shape) < 3:
        raise ValueError(f"X: expected (n_trials, n_neurons, n_times), got shape {tuple(X.shape)}")
    given = None if memory is None else parse_bytes(memory)
    path = None if checkpoint is None else _usable(Path(checkpoint))
    return OnDisk(X, given, path, bool(progress), dict(getattr(X, "attrs", {})))


def parse_bytes(size: str | float, name: str = "memory") -> int:
    """Return a size as bytes.

    Parameters
    ----------
    size : str or number
        Such as "2GB", "500 MB" or bytes.
    name : str
        Argument name used in error messages.

    Examples
    --------
    >>> parse_bytes("2GB"), parse_bytes("1.5 mb"), parse_bytes(1000)
    (2000000000, 1500000, 1000)
    """
    found = re.fullmatch(r"\s*([0-9.]+(?:e[0-9]+)?)\s*([kmgt]?i?b?)\s*", str(size).lower())
    try:
        unit = "" if found is None else found[2].replace("i", "")
        n = 0 if found is None else float(found[1]) * _UNITS[unit if unit in _UNITS else unit + "b"]
    except (ValueError, KeyError):
        n = 0
    if n < 1:
        raise ValueError(
            f"{name}: expected a size such as '2GB' or a number of bytes, got {size!r}"
        )
    return int(n)


def source_of(X: Any) -> Any:
    """Return the data itself, without what `on_disk` says of how it is to be read.

    Parameters
    ----------
    X : anything
    """
    return X.source if isinstance(X, OnDisk) else X


def refuse_closed(X: Any, name: str = "X") -> None:
    """Refuse a dataset whose file is closed.

    Parameters
    ----------
    X : anything
    name : str
        Argument name used in error messages.

    Raises
    ------
    ValueError
        If so.
    """
    if library_of(X) == "h5py" and not X:
        raise ValueError(f"{name}: its file is closed; keep it open until the fit is done")
    held: Any = getattr(getattr(getattr(X, "variable", None), "_data", None), "array", None)
    if getattr(held, "is_closed", False):
        raise ValueError(
            f"{name}: {held.path.name} is closed; fit inside of the with block, or read it again"
        )


def kind_of(X: Any) -> str | None:
    """Tell where data is, if it isn't to be taken as an array in memory.

    Recognised by what data says of itself; none of the libraries is imported.

    Parameters
    ----------
    X : anything

    Returns
    -------
    {"disk", "dask", "device"} or None
    """
    refuse_closed(X)
    if isinstance(X, OnDisk):
        return "dask" if is_dask(X.source) else "disk"
    if is_dask(X):
        return "dask" if size_as_floats(X) >= LARGE else None
    library = library_of(X)
    if library in ("torch", "cupy"):
        return "device" if _is_on_device(X) else None
    stays = library in ("h5py", "zarr") or isinstance(X, np.memmap) or is_lazy(X)
    return "disk" if stays and size_as_floats(X) >= LARGE else None


def path_of(source: Any) -> Path | None:
    """Return the file or folder that a dataset is in, if it says so.

    Parameters
    ----------
    source : dataset or array
    """
    for found in (
        getattr(source, "filename", None),
        getattr(getattr(source, "file", None), "filename", None),
        getattr(getattr(source, "store", None), "path", None),
        getattr(getattr(source, "store", None), "root", None),
        getattr(source, "encoding", {}).get("source") if hasattr(source, "encoding") else None,
    ):
        if isinstance(found, (str, os.PathLike)) and os.path.exists(found):
            return Path(found)
    return None


def _usable(path: Path) -> Path:
    """Refuse a checkpoint that can't be written to, before any work."""
    folder = path.absolute().parent
    why = ""
    if not folder.is_dir():
        why = f"there is no folder {folder}"
    elif path.is_dir():
        why = "it is a folder"
    elif not os.access(path if path.exists() else folder, os.W_OK):
        why = "it may not be written to"
    if why:
        raise ValueError(f"checkpoint: {path} can't be used, because {why}; give another path")
    return path


def library_of(X: Any) -> str:
    """Return the name of the library that the class of data comes from.

    Parameters
    ----------
    X : anything
    """
    return type(X).__module__.partition(".")[0]


def is_dask(X: Any) -> bool:
    """Tell whether data is a dask array, or a DataArray that stands before one.

    Parameters
    ----------
    X : anything
    """
    inside = X.data if library_of(X) == "xarray" and getattr(X, "chunks", None) else X
    return library_of(inside) == "dask" and hasattr(inside, "dask")


def is_lazy(X: Any) -> bool:
    """Tell whether X is a DataArray that hasn't been read yet.

    Parameters
    ----------
    X : anything
    """
    # xarray has no public word for it.
    return library_of(X) == "xarray" and not getattr(getattr(X, "variable", X), "_in_memory", True)


def _is_on_device(X: Any) -> bool:
    return "cpu" not in str(getattr(X, "device", "cpu")).lower()


def size_as_floats(X: Any) -> float:
    """Return the bytes of data as floating-point numbers, in double precision unless it is single.

    Parameters
    ----------
    X : anything
        0 for what isn't an array.
    """
    shape, dtype = getattr(X, "shape", ()), getattr(X, "dtype", None)
    try:
        known = np.dtype(dtype)
    except TypeError:
        return 0.0
    each = 4 if known.kind == "f" and known.itemsize <= 4 else 8
    return float(np.prod(np.asarray(shape, float))) * each
