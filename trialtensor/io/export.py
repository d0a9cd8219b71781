"""A fitted model as tables and as a machine-readable summary."""

import csv
import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import trialtensor
from trialtensor.data.axes import AXES

if TYPE_CHECKING:
    from trialtensor.models import TCA

PACKAGES = ("numpy", "scipy", "numba", "scikit-learn", "xarray", "h5py")


def write_factors(model: "TCA", folder: Path) -> list[Path]:
    """Write trial_factors.csv, neuron_factors.csv and time_factors.csv.

    One row a trial, neuron or time: its number or label, its coordinates, and one column a
    component (component_1, …). Rows without data have empty cells.

    Returns
    -------
    list of Path
        The files, in the order trial, neuron, time.
    """
    paths = []
    for axis in AXES:
        factors = getattr(model, f"{axis}_factors_")
        labels = {axis: np.arange(len(factors))}
        labels |= {name: values for name, (dim, values) in model.coords_.items() if dim == axis}
        header = [*labels, *(f"component_{r + 1}" for r in range(factors.shape[1]))]
        paths.append(folder / f"{axis}_factors.csv")
        with paths[-1].open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            for label, row in zip(zip(*labels.values(), strict=True), factors, strict=True):
                writer.writerow([*label, *("" if np.isnan(x) else repr(float(x)) for x in row)])
    return paths


def summarize(model: "TCA", *, source: str, transform: str) -> dict[str, Any]:
    """Return what a script wants to know of a fit, in plain Python types for JSON.

    Parameters
    ----------
    model : TCA
        Fitted.
    source : str
        Where the data came from.
    transform : str
        What was done to it before the fit.

    Returns
    -------
    dict
        Keys `model`, `explained_variance`, `loss`, `n_iter`, `stop_reason`, `advice`,
        `core_consistency`, `triple_cosine`, `components`, `restarts`, `parameters`, `data`,
        `versions`. What is not finite is None.
    """
    components = {
        "weight": model.weights_,
        "explained_variance_alone": model.explained_variance_alone_,
        "explained_variance_unique": model.explained_variance_unique_,
        "explained_variance_shared": model.explained_variance_shared_,
    }
    scores = ("seed", "loss", "explained_variance", "similarity", "stop_reason", "n_iter")
    return _plain(
        {
            "model": type(model).__name__,
            "explained_variance": model.explained_variance_ratio_,
            "loss": model.loss_,
            "n_iter": model.n_iter_,
            "stop_reason": model.stop_reason_.value,
            "advice": model.stop_reason_.advice,
            "core_consistency": model.core_consistency_,
            "triple_cosine": model.triple_cosine_,
            "components": [
                {name: values[r] for name, values in components.items()}
                for r in range(len(model.weights_))
            ],
            "restarts": [{name: getattr(r, name) for name in scores} for r in model.restarts_],
            "parameters": model.get_params(deep=False),
            "data": {"source": source, "transform": transform, **model.data_summary_},
            "versions": versions(),
        }
    )


def write_summary(summary: dict[str, Any], path: Path) -> None:
    """Write a summary as JSON (strict: no NaN)."""
    text = json.dumps(summary, indent=2, allow_nan=False, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on."""
    return {
        "trialtensor": trialtensor.__version__,
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


def _plain(value: Any) -> Any:
    """Turn NumPy types into those of JSON, and what is not finite into None."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(each) for each in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value if value is None else str(value)
