"""Tables and a machine-readable summary of a fitted model."""

import json
import platform
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

import trialtensor
from trialtensor.io.tables import (
    FACTOR_FILES,
    FACTORS,
    SLICES,
    factor_files,
    factor_files_in,
    write_factors,
)
from trialtensor.models.base import TrialEstimator
from trialtensor.models.credibility import credibility
from trialtensor.models.fitted import Component, Fitted
from trialtensor.models.undetermined import findings
from trialtensor.models.verdict import advice
from trialtensor.storage import write_whole

__all__ = [
    "FACTORS",
    "FACTOR_FILES",
    "SLICES",
    "component_counts",
    "factor_files",
    "factor_files_in",
    "plain",
    "summarize",
    "versions",
    "write_factors",
    "write_summary",
]

PACKAGES = ("numpy", "scipy", "numba", "scikit-learn", "xarray", "h5py")
SCORES = (
    "seed",
    "origin",
    "loss",
    "explained_variance",
    "similarity",
    "stop_reason",
    "finished",
    "n_iter",
)


def summarize(
    model: TrialEstimator,
    *,
    source: str,
    transform: str,
    fit_options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a summary of a fit for scripts, in plain Python types for JSON.

    Parameters
    ----------
    model : fitted model of any kind
    source : str
        Where the data came from.
    transform : str
        Processing before the fit.
    fit_options : dict, optional
        Further arguments that ``fit`` got, such as blocks.

    Returns
    -------
    dict
        Keys `model`, `explained_variance`, `loss`, `n_iter`, `stop_reason`, `advice`,
        `verdict` (whether the components can be believed, and the sentence that says why),
        `about_missing` (why not to trust it there), `components`, `restarts`,
        `n_different_starts`, `parameters`, `data`, `versions`; also, every number that this kind
        of model has (`core_consistency`, `triple_cosine`); with slices, `slicing_types`
        and the `slicing` of each component; with several datasets, numbers for each
        (`explained_variance_by_dataset`), and each component's `weights`, `shares` and
        `datasets`; with blocks, their trials (`blocks`). Non-finite values are None.
    """
    check_is_fitted(model)
    fitted, record = model.fitted_, model.fitted_.record
    return plain(
        {
            "model": type(model).__name__,
            "explained_variance": record.explained_variance_ratio,
            "loss": record.loss,
            "n_iter": record.n_iter,
            "stop_reason": record.stop_reason.value,
            "advice": advice(fitted),
            "verdict": asdict(credibility(fitted)),
            "about_missing": findings(fitted),
            **_of_its_kind(model),
            "components": [_component(fitted, r) for r in range(len(fitted.components))],
            "n_different_starts": len(record.different_starts),
            "restarts": [{name: getattr(r, name) for name in SCORES} for r in record.restarts],
            "parameters": model.get_params(deep=False),
            **({"fit_options": dict(fit_options)} if fit_options else {}),
            "data": {"source": source, "transform": transform, **fitted.data},
            "versions": versions(),
        }
    )


def component_counts(model: TrialEstimator) -> dict[str, int]:
    """Count the components of each type ("trial-slicing"); empty for models without types.

    Parameters
    ----------
    model : fitted model of any kind
    """
    found = [_type(component) for component in model.fitted_.components]
    return {name: found.count(name.partition("-")[0]) for name in model.component_types}


def _type(component: Component) -> str:
    """Return "trial" for "trial 2", or "component" if there is only one type."""
    return component.name.rpartition(" ")[0]


def _of_its_kind(model: TrialEstimator) -> dict[str, Any]:
    """Return values that only this kind of model has."""
    fitted = model.fitted_
    arrays = fitted.arrays.items()
    found = {name: named.values for name, named in arrays if named.dims == ()}
    for name, named in arrays:
        if named.dims == ("dataset",):
            found[name] = dict(zip(fitted.datasets, named.values, strict=True))
    if fitted.blocks:
        found["blocks"] = {label: trials for label, trials in fitted.blocks.items()}
    counts = component_counts(model)
    if counts:
        found[f"{_typing(fitted)}_types"] = {
            name.partition("-")[0]: {
                "n_components": n,
                **{
                    key: fitted[f"type_{key}"][i]
                    for key in ("explained_variance_alone", "explained_variance_unique")
                    if f"type_{key}" in fitted.arrays
                },
            }
            for i, (name, n) in enumerate(counts.items())
        }
    return found


def _component(fitted: Fitted, r: int) -> dict[str, Any]:
    component = fitted.components[r]
    found: dict[str, Any] = {}
    if _type(component) != "component":
        found[_typing(fitted)] = _type(component)
    found["weight"] = component.weight
    found["explained_variance_alone"] = component.explained_variance_alone
    found["explained_variance_unique"] = component.explained_variance_unique
    shared = fitted.arrays.get("explained_variance_shared")
    found["explained_variance_shared"] = None if shared is None else shared.values[r]
    if fitted.datasets:
        own = {part.dataset for part in component.parts} - {None}
        found["datasets"] = [name for name in fitted.datasets if name in own]
    for name, named in fitted.arrays.items():
        if named.dims == ("dataset", "component"):
            found[name] = dict(zip(fitted.datasets, named.values[:, r], strict=True))
    return found


def _typing(fitted: Fitted) -> str:
    """Return the name for types of components: "slicing" or "type"."""
    return "slicing" if fitted.sliced else "type"


def write_summary(summary: dict[str, Any], path: Path) -> None:
    """Write a summary as JSON (strict: no NaN)."""
    text = json.dumps(summary, indent=2, allow_nan=False, ensure_ascii=False)
    write_whole(path, text + "\n")


def versions() -> dict[str, str]:
    """Return the versions of Python and of packages that affect results."""
    found = {"trialtensor": trialtensor.__version__, "python": platform.python_version()}
    for package in PACKAGES:
        with suppress(PackageNotFoundError):  # numba can be left out
            found[package] = version(package)
    return found


def plain(value: Any) -> Any:
    """Convert NumPy types to JSON types, and non-finite numbers to None.

    Examples
    --------
    >>> plain({"counts": np.arange(2), "error": np.nan})
    {'counts': [0, 1], 'error': None}
    """
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(each) for each in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value if value is None else str(value)
