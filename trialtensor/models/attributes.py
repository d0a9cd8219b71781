"""The attributes of a fitted estimator that end in an underscore."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.models.fitted import Fitted


def set_attributes(model: Any, fitted: Fitted) -> None:
    """Set them as views of ``fitted``, and remove those of a fit before.

    Parameters
    ----------
    model : estimator
    fitted : Fitted
    """
    before = getattr(model, "fitted_", None)
    for name in set() if before is None else set(before.arrays) - set(fitted.arrays):
        delattr(model, f"{name}_")
    model.fitted_ = fitted
    for name, named in fitted.arrays.items():
        setattr(model, f"{name}_", named.values)
    record = fitted.record
    model.loss_, model.loss_history_ = record.loss, record.loss_history
    model.explained_variance_ratio_ = record.explained_variance_ratio
    model.n_iter_, model.stop_reason_ = record.n_iter, record.stop_reason
    model.restarts_ = record.restarts
    model.coords_, model.data_summary_ = fitted.coords, fitted.data
    model.n_features_in_ = int(fitted.data.get("n_neurons", fitted.shape[1]))
    model.__dict__.pop("feature_names_in_", None)
    axis, names = fitted.coords.get("neuron", (None, np.empty(0)))
    if axis == "neuron" and np.asarray(names).dtype.kind in "UO":
        known = [str(i if name is None else name) for i, name in enumerate(names)]
        model.feature_names_in_ = np.asarray(known, dtype=object)
