"""Activity and components region by region."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray
from sklearn.utils.validation import check_is_fitted

from trialtensor import CoupledTCA
from trialtensor.data.arrays import refuse_sparse
from trialtensor.data.labels import complete_labels
from trialtensor.data.parameters import check_instance
from trialtensor_models.analysis.known import known_rows


def changes_by_region(activity: xarray.DataArray) -> xarray.DataArray:
    """Take the mean trial away, and give every region the same power.

    The mean trial of each neuron says nothing of learning and would take most of the components; a
    region with few neurons, such as the nuclei, would otherwise count for nothing.

    Parameters
    ----------
    activity : xarray.DataArray (trial, neuron, time)
        With the coordinate ``region``. NaN is missing.

    Examples
    --------
    >>> activity = xarray.DataArray(
    ...     np.arange(12.0).reshape(3, 2, 2),
    ...     dims=("trial", "neuron", "time"),
    ...     coords={"region": ("neuron", ["cortex", "nuclei"])},
    ... )
    >>> changes = changes_by_region(activity)
    >>> (changes**2).mean(("trial", "time")).values.round(6).tolist()
    [1.0, 1.0]
    """
    refuse_sparse(activity, "activity")
    if not isinstance(activity, xarray.DataArray):
        raise ValueError(
            "activity: expected a DataArray with the coordinate 'region', got "
            f"{type(activity).__name__}"
        )
    X = activity.transpose("trial", "neuron", "time")
    changes = X - X.mean("trial")
    region = complete_labels(X["region"].values, "region", "neuron needs one")
    names = np.unique(region)
    scale = np.zeros(len(region))
    for name in names:
        power = float(np.nansum(changes.values[:, region == name] ** 2))
        scale[region == name] = np.sqrt(X.size / len(names) / power) if power > 0 else 0.0
    return changes * xarray.DataArray(scale, dims="neuron")


def curves_by_region(model: Any, curves: np.ndarray) -> np.ndarray:
    """How much of each region follows each curve, as found by a `CoupledTCA` of the regions.

    The shared trial factors are regressed on the curves together, as in `learning_patterns`, so
    it doesn't matter which mixture of fast and slow a component is.

    Parameters
    ----------
    model : fitted CoupledTCA with ``shared="trial"``
    curves : (n_trials, n_curves) array

    Returns
    -------
    (n_regions, n_curves) array
        Sum of squares of what changes with a curve, as a fraction of all that changes over trials
        in the model of the region; regions in the order of ``model.dataset_names_``. Curves that
        correlate share what both explain, so a row may sum to more or less than 1.

    Examples
    --------
    >>> from trialtensor import CoupledTCA
    >>> curves = np.random.default_rng(0).standard_normal((30, 2))
    >>> X = {"a": curves[:, :1, None] * np.ones((5, 4)), "b": curves[:, 1:, None] * np.ones((3, 4))}
    >>> model = CoupledTCA(2, random_state=0).fit(X)
    >>> bool(np.allclose(curves_by_region(model, curves), [[1, 0], [0, 1]], atol=1e-3))
    True
    """
    check_instance("model", model, CoupledTCA, "a fitted CoupledTCA")
    check_is_fitted(model)
    factors, curves = known_rows(factors=model.trial_factors_, curves=curves)
    design = np.column_stack([np.ones(len(curves)), curves])
    slopes = np.linalg.lstsq(design, factors, rcond=None)[0][1:]
    spread = np.sum((curves - curves.mean(axis=0)) ** 2, axis=0)
    trials = factors - factors.mean(axis=0)
    shares = []
    for name, weights in zip(model.dataset_names_, model.weights_, strict=True):
        neuron, time = model.neuron_factors_[name] * weights, model.time_factors_[name]
        # What was never observed has no part in it.
        neuron, time = np.nan_to_num(neuron), np.nan_to_num(time)
        gram = (neuron.T @ neuron) * (time.T @ time)
        part = np.einsum("cr,rs,cs->c", slopes, gram, slopes) * spread
        shares.append(part / np.sum(gram * (trials.T @ trials)))
    return np.array(shares)
