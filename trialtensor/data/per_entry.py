"""Values or labels of which each trial (or neuron) has one: their shape and own coordinates."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.data.arrays import refuse_sparse
from trialtensor.data.axes import find_axis
from trialtensor.data.labels import labels_alike, plain_labels
from trialtensor.data.missing import as_array


def one_each(
    given: Any,
    n: int,
    argument: str,
    *,
    axis: str = "trial",
    along: Any = None,
    expected: str | None = None,
) -> np.ndarray:
    """Return one value for each entry of an axis, in the order of the data.

    Parameters
    ----------
    given : array-like of shape (n,) or (n, 1)
        A DataArray or Series with a coordinate of its own is put in the order of the data by it.
    n : int
        Entries of the axis.
    argument : str
        Name for error messages.
    axis : str
    along : array of shape (n,), optional
        The coordinate of the data along the axis.
    expected : str, optional
        What there must be, for error messages.

    Returns
    -------
    ndarray or MaskedArray of shape (n,)

    Raises
    ------
    ValueError
        For another shape, another axis, or coordinates that aren't those of the data.

    Examples
    --------
    >>> import pandas
    >>> one_each(pandas.Series([1, 2, 3], index=[9, 8, 7]), 3, "labels", along=[7, 8, 9]).tolist()
    [3, 2, 1]
    """
    refuse_sparse(given, argument)
    own = own_index(given, axis, argument)
    needed = f"{argument}: expected {expected or f'a value for each of the {n} {axis}s'}"
    if isinstance(given, (list, tuple)) and not any(hasattr(each, "shape") for each in given):
        # As objects: NumPy would make the text "nan" of a NaN among words.
        try:
            given = np.array(given, dtype=object)
        except ValueError:
            raise ValueError(f"{needed}, got nested lists") from None
    values = as_array(given)
    shape = values.shape
    if values.ndim == 2 and shape[1] == 1:
        values = values[:, 0]
    if own is not None:
        order = order_by(own, along, argument, axis)
        values = values if order is None else values[order]
    if values.shape != (n,):
        raise ValueError(f"{needed}, got shape {shape}")
    return values


def trials_first(values: Any) -> Any:
    """Return a DataArray of two dimensions with its trials first; anything else as it is.

    Parameters
    ----------
    values : array-like
    """
    dims: tuple[Any, ...] = getattr(values, "dims", ())
    if len(dims) == 2 and hasattr(values, "transpose") and find_axis(dims[1]) == "trial":
        return values.transpose(dims[1], dims[0])
    return values


def own_index(given: Any, axis: str, argument: str, place: int = 0) -> np.ndarray | None:
    """Return the coordinate that values bring along an axis; None if they have none.

    Parameters
    ----------
    given : array-like
        A DataArray, or a Series or DataFrame of pandas, whose numbering 0, 1, 2, ... is none.
    axis : str
    argument : str
        Name for error messages.
    place : int
        Which of the dimensions of ``given`` is the axis, where their names don't tell.

    Raises
    ------
    ValueError
        If the only dimension is that of another axis.
    """
    if hasattr(given, "dims") and hasattr(given, "coords"):
        named = [axis if dim == axis else find_axis(dim) for dim in given.dims]
        place = named.index(axis) if axis in named else place
        if named and named[place] not in (axis, None):
            raise ValueError(
                f"{argument}: expected values of {axis}s, got those of {named[place]}s (dimension "
                f"{given.dims[place]!r})"
            )
        return _own_coordinate(given, given.dims[place], axis) if given.dims else None
    index = getattr(given, "index", None) if place == 0 else getattr(given, "columns", None)
    if index is None or not hasattr(index, "get_indexer"):
        return None
    return None if _is_numbering(index) else plain_labels(index.to_numpy())


def _own_coordinate(given: Any, dim: Any, axis: str) -> np.ndarray | None:
    # Such as "trial" along a dimension "epoch", which is how data is read too.
    name = dim if dim in given.indexes else axis
    if name not in given.coords or given.coords[name].dims != (dim,):
        return None
    return plain_labels(given.coords[name].to_numpy())


def _is_numbering(index: Any) -> bool:
    if type(index).__name__ == "RangeIndex":
        return bool((index.start, index.step) == (0, 1))
    values = index.to_numpy()
    return values.dtype.kind in "iu" and np.array_equal(values, np.arange(len(values)))


def order_by(own: np.ndarray, along: Any, argument: str, axis: str) -> np.ndarray | None:
    """Return the order in which values with a coordinate of their own fit the data.

    Parameters
    ----------
    own : (m,) array
        Their coordinate.
    along : (n,) array, or None
        That of the data.
    argument, axis : str
        For error messages.

    Returns
    -------
    int array, or None
        None where they are in order already, or nothing tells another.

    Raises
    ------
    ValueError
        If one coordinate has entries that the other lacks, or some twice.
    """
    if along is None:
        _refuse_permuted(own, argument, axis)
        return None
    along = plain_labels(along)
    if own.shape == along.shape and _same(own, along):
        return None
    if own.dtype.kind in "mM" and own.dtype.kind == along.dtype.kind:
        common = np.result_type(own, along)  # or dates of two units would never be the same
        own, along = own.astype(common), along.astype(common)
    ours, theirs = along.tolist(), own.tolist()
    places = {each: i for i, each in enumerate(theirs)}
    n_lost, n_more = len(set(ours) - set(theirs)), len(set(theirs) - set(ours))
    if n_lost or n_more or not len(places) == len(theirs) == len(ours):
        twice = "" if n_lost or n_more else "; some occur twice, so that they give no order"
        raise ValueError(
            f"{argument}: its {axis} coordinate isn't that of the data: {len(theirs)} {axis}s, of "
            f"which {n_more} are not in the data, and {n_lost} of the {len(ours)} of the data are "
            f"not among them{twice}; give an array without coordinates, in the order of the data"
        )
    return np.array([places[each] for each in ours])


def _same(own: np.ndarray, along: np.ndarray) -> bool:
    if own.dtype.kind in "iuf" and along.dtype.kind in "iuf":
        # Times that went through other arithmetic may differ by rounding.
        return bool(np.allclose(own, along, rtol=1e-9, atol=0, equal_nan=True))
    return bool(labels_alike(own, along).all())


def _refuse_permuted(own: np.ndarray, argument: str, axis: str) -> None:
    """Refuse 0, 1, 2, ... in another order, where the data doesn't say how it counts."""
    n = len(own)
    if own.dtype.kind not in "iu" or (own[1:] > own[:-1]).all():
        return
    if np.array_equal(np.sort(own), np.arange(n)):
        raise ValueError(
            f"{argument}: its {axis}s are numbered in another order than 0 to {n - 1}, and the "
            f"data has no {axis} coordinate to compare with; give it one, or an array without "
            "coordinates in the order of the data"
        )
