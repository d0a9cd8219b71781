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
    from trialtensor.models import TCA, SliceTCA

PACKAGES = ("numpy", "scipy", "numba", "scikit-learn", "xarray", "h5py")
FACTORS = tuple(f"{axis}_factors.csv" for axis in AXES)
LOADINGS = tuple(f"{axis}_loadings.csv" for axis in AXES)
SLICES = "slices.nc"
SCORES = ("seed", "loss", "explained_variance", "similarity", "stop_reason", "n_iter")


def write_factors(model: "TCA", folder: Path) -> list[Path]:
    """Write trial_factors.csv, neuron_factors.csv and time_factors.csv.

    One row a trial, neuron or time: its number or label, its coordinates, and one column a
    component (component_1, …). Rows without data have empty cells.

    Returns
    -------
    list of Path
        The files, in the order trial, neuron, time.
    """
    paths = [folder / name for name in FACTORS]
    for axis, path in zip(AXES, paths, strict=True):
        _write_table(path, axis, getattr(model, f"{axis}_factors_"), model.coords_)
    return paths


def write_slices(model: "SliceTCA", folder: Path) -> list[Path]:
    """Write the loadings of a SliceTCA as CSV tables, and all of it as slices.nc.

    The tables are like those of `write_factors`: trial_loadings.csv, neuron_loadings.csv and
    time_loadings.csv, as far as the model has components of that type. slices.nc is netCDF:
    what `to_xarray` gives, slices and loadings with the labels of the data.

    Returns
    -------
    list of Path
        The files, tables first in the order trial, neuron, time.
    """
    paths = [folder / name for name in slice_files(model)]
    for path in paths[:-1]:
        axis = path.name.partition("_")[0]
        _write_table(path, axis, getattr(model, f"{axis}_loadings_"), model.coords_)
    dataset = model.to_xarray()
    # A slash would make groups of an HDF5 file.
    renamed = {name: str(name).replace("/", "_") for name in dataset.variables if "/" in str(name)}
    dataset.rename(renamed).to_netcdf(paths[-1], engine="h5netcdf")
    return paths


def slice_files(model: "SliceTCA") -> tuple[str, ...]:
    """Names of the files that `write_slices` writes for this model."""
    have = [getattr(model, f"{axis}_loadings_").shape[1] > 0 for axis in AXES]
    return (*(name for name, is_there in zip(LOADINGS, have, strict=True) if is_there), SLICES)


def _write_table(path: Path, axis: str, columns: np.ndarray, coords: dict[str, Any]) -> None:
    labels = {axis: np.arange(len(columns))}
    labels |= {name: values for name, (dim, values) in coords.items() if dim == axis}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*labels, *(f"component_{r + 1}" for r in range(columns.shape[1]))])
        for label, row in zip(zip(*labels.values(), strict=True), columns, strict=True):
            writer.writerow([*label, *("" if np.isnan(x) else repr(float(x)) for x in row)])


def summarize(model: "TCA | SliceTCA", *, source: str, transform: str) -> dict[str, Any]:
    """Return what a script wants to know of a fit, in plain Python types for JSON.

    Parameters
    ----------
    model : TCA or SliceTCA
        Fitted.
    source : str
        Where the data came from.
    transform : str
        What was done to it before the fit.

    Returns
    -------
    dict
        Keys `model`, `explained_variance`, `loss`, `n_iter`, `stop_reason`, `advice`,
        `components`, `restarts`, `parameters`, `data`, `versions`; for a TCA also
        `core_consistency` and `triple_cosine`; for a SliceTCA `slicing_types`, and the
        `slicing` of each component. What is not finite is None.
    """
    return plain(
        {
            "model": type(model).__name__,
            "explained_variance": model.explained_variance_ratio_,
            "loss": model.loss_,
            "n_iter": model.n_iter_,
            "stop_reason": model.stop_reason_.value,
            "advice": model.stop_reason_.advice,
            **_of_its_kind(model),
            "components": _components(model),
            "restarts": [{name: getattr(r, name) for name in SCORES} for r in model.restarts_],
            "parameters": model.get_params(deep=False),
            "data": {"source": source, "transform": transform, **model.data_summary_},
            "versions": versions(),
        }
    )


def _of_its_kind(model: Any) -> dict[str, Any]:
    """What only this kind of model knows of itself."""
    if not hasattr(model, "trial_slices_"):
        return {
            "core_consistency": model.core_consistency_,
            "triple_cosine": model.triple_cosine_,
        }
    return {
        "slicing_types": {
            axis: {
                "n_components": len(getattr(model, f"{axis}_slices_")),
                "explained_variance_alone": model.type_explained_variance_alone_[i],
                "explained_variance_unique": model.type_explained_variance_unique_[i],
            }
            for i, axis in enumerate(AXES)
        }
    }


def _components(model: Any) -> list[dict[str, Any]]:
    columns: dict[str, Any] = {
        "weight": model.weights_,
        "explained_variance_alone": model.explained_variance_alone_,
        "explained_variance_unique": model.explained_variance_unique_,
        "explained_variance_shared": model.explained_variance_shared_,
    }
    if hasattr(model, "trial_slices_"):
        counts = [len(getattr(model, f"{axis}_slices_")) for axis in AXES]
        columns = {"slicing": np.repeat(AXES, counts), **columns}
    return [
        {name: values[r] for name, values in columns.items()} for r in range(len(model.weights_))
    ]


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


def plain(value: Any) -> Any:
    """Turn NumPy types into those of JSON, and what is not finite into None.

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
