"""Data on a device with any number of axes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from trialtensor.solvers.exact_products import exact_products
from trialtensor.solvers.namespaces import as_numpy, namespace
from trialtensor.solvers.passes.axis_jobs import Values
from trialtensor.solvers.passes.base import Passes
from trialtensor.solvers.passes.block import Block
from trialtensor.solvers.passes.on_device import SMALL, DevicePasses, sweep_some_at_a_time
from trialtensor.solvers.passes.reshaped import Reshaped
from trialtensor.solvers.passes.together import Equations, GramOf, RowUpdate
from trialtensor.solvers.result import Factors


class ReshapedOnDevice(Reshaped):
    """An array on a device with any number of axes; sweeps and projections stay there."""

    inner: DevicePasses

    def sweep_together(
        self, models: Sequence[Factors], gram: GramOf, update: RowUpdate
    ) -> list[Equations]:
        """Update all factors of several CP models in two passes; see ``passes.sweep_together``.

        Parameters
        ----------
        models : sequence of three (n_axis, R) arrays
        gram : callable
        update : RowUpdate
        """
        return sweep_some_at_a_time(self._views, self.shape[2], models, gram, update)

    def compressed(self, axis: int, basis: np.ndarray) -> np.ndarray | Passes:
        """Express the data in the coordinates of ``basis``; what is still large stays there.

        Parameters
        ----------
        axis : int
        basis : (n_axis, n_core) array
        """
        if axis == 0:
            return super().compressed(axis, basis)
        return type(self)(self.inner, self.stored, (*self.steps, (axis, basis))).held()

    def held(self) -> np.ndarray | Passes:
        """Return the data as it is now."""
        with exact_products():
            found = self.run_there(Values())[0]
        if self.size <= SMALL:
            return as_numpy(found)
        return in_shape(found, self.dtype)

    def _views(self) -> Iterator[Block]:
        shown = self._of(Values()).shown
        return map(shown, self.inner.views())


def in_shape(
    X: Any, dtype: Any = None, *, has_missing: bool = False, mask: Any = None
) -> ReshapedOnDevice:
    """Return the passes over an array of another library with any number of axes.

    Parameters
    ----------
    X : array
    dtype, has_missing, mask : as for `DevicePasses`
    """
    flat, seen = (
        None if each is None else namespace(each).reshape(each, (X.shape[0], -1, 1))
        for each in (X, mask)
    )
    passes = DevicePasses(flat, dtype, has_missing=has_missing, mask=seen)
    return ReshapedOnDevice(passes, X.shape)
