"""A function of every value of data that stays in its file: applied to what is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray
from xarray.backends import BackendArray
from xarray.core import indexing


class Elementwise(BackendArray):
    """An array of which each part is computed when it is read.

    Parameters
    ----------
    source : xarray.DataArray
        Not read yet.
    function : callable
        From values to as many values.
    """

    def __init__(
        self, source: xarray.DataArray, function: Callable[[np.ndarray], np.ndarray]
    ) -> None:
        self.source, self.function = source.variable, function
        self.shape = source.shape
        self.dtype = function(np.zeros(1, source.dtype)).dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        """Read a part and compute."""
        support = indexing.IndexingSupport.BASIC
        return indexing.explicit_indexing_adapter(key, self.shape, support, self._computed)

    def _computed(self, where: tuple[Any, ...]) -> np.ndarray:
        return self.function(self.source[where].to_numpy())


def elementwise(
    X: xarray.DataArray, function: Callable[[np.ndarray], np.ndarray]
) -> xarray.DataArray:
    """Return data that stays where it is, with a function applied to whatever part is read.

    Parameters
    ----------
    X : xarray.DataArray
    function : callable
        From values to as many values.
    """
    result = X.copy(deep=False, data=indexing.LazilyIndexedArray(Elementwise(X, function)))
    result.encoding = dict(X.encoding)
    result.set_close(X.close)
    return result
