"""How data in blocks is arranged: one array with labels, or an array for each block."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from trialtensor.models import layout as layouts
from trialtensor.models.layout import Layout
from trialtensor.models.parafac2.blocks import is_ragged
from trialtensor.models.with_data import AskedWithData


class ArrangedInBlocks(AskedWithData):
    """Methods that find the trials of a block in the data."""

    varying: str
    ragged_: bool
    block_labels_: np.ndarray
    block_of_trial_: np.ndarray

    def layout(self, X: Any, mask: Any = None) -> Layout:
        """Check data and return the positions of its arrays among all trials and neurons.

        Parameters
        ----------
        X, mask : as for ``fit``

        Returns
        -------
        Layout
        """
        if not layouts.is_dict(X) and not is_ragged(X):
            return layouts.of_array(X, mask)
        if layouts.is_dict(X) and hasattr(self, "fitted_"):
            X = self._in_order_of_fit(X)
        same_neurons = self.varying == "time"
        return layouts.of_several(X, mask, same_trials=False, same_neurons=same_neurons)

    def _in_order_of_fit(self, X: Any) -> dict[Any, Any]:
        """Blocks by name, in the order in which their trials were counted."""
        given = {str(layouts.plain_key(name)): name for name in layouts.names_of(X)}
        known = [str(label) for label in self.fitted_.blocks]
        if not self.ragged_ or set(given) != set(known):
            fitted_to = f"blocks {known}" if self.ragged_ else "an array"
            raise ValueError(f"X: Parafac2 was fitted to {fitted_to}, got blocks {list(given)}")
        return {given[name]: X[given[name]] for name in known}

    def fit_arguments(self) -> dict[str, Any]:
        """Return the block of each training trial, as passed to ``fit``."""
        check_is_fitted(self)
        if self.ragged_:
            return {}
        return {"blocks": self.block_labels_[self.block_of_trial_]}
