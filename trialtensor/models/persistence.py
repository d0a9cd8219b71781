"""Fitted models as HDF5 files: arrays and JSON, never anything that could be executed."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from trialtensor.models.coupled import CoupledTCA
from trialtensor.models.dynamics import TrialVaryingDynamics
from trialtensor.models.parafac2 import Parafac2
from trialtensor.models.restart import Restart
from trialtensor.models.slicetca import SliceTCA
from trialtensor.models.tca import TCA
from trialtensor.solvers.result import StopReason

FORMAT = "trialtensor-model"
FORMAT_VERSION = 1
Model = TCA | SliceTCA | Parafac2 | CoupledTCA | TrialVaryingDynamics
_MODELS: dict[str, type[Model]] = {
    each.__name__: each for each in (TCA, SliceTCA, Parafac2, CoupledTCA, TrialVaryingDynamics)
}


def save(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a fitted model; the file appears whole or not at all.

    Parameters
    ----------
    model : fitted estimator
    path : path of the HDF5 file, replaced if it exists

    Raises
    ------
    OSError
        If the folder does not exist or can't be written to.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"path: {str(path)!r} is a folder; name a file to save into")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"path: there is no folder {str(path.parent)!r} to save into")
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    os.close(handle)
    try:
        with h5py.File(temporary, "w") as file:
            _write(file, model)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def load(path: str | os.PathLike[str]) -> Model:
    """Read a fitted model that ``save`` wrote.

    Parameters
    ----------
    path : path of the HDF5 file

    Returns
    -------
    fitted estimator

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, or is not a saved model, or comes from a newer version.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"path: there is no file {str(path)!r}")
    try:
        with h5py.File(path, "r") as file:
            _check_format(file, path)
            return _read(file)
    except (OSError, KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(f"path: {str(path)!r} is not a complete saved model ({error})") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _check_format(file: h5py.File, path: Path) -> None:
    if file.attrs.get("format") != FORMAT:
        raise ValueError(f"path: {str(path)!r} is an HDF5 file, but not a saved model")
    version = int(file.attrs["format_version"])
    if version > FORMAT_VERSION:
        raise ValueError(
            f"path: {str(path)!r} was written by a newer version (format {version}, this one "
            f"reads up to {FORMAT_VERSION}): upgrade trialtensor"
        )
    if file.attrs["model"] not in _MODELS:
        raise ValueError(
            f"path: {str(path)!r} holds a model of kind {file.attrs['model']!r}; known are "
            f"{sorted(_MODELS)}"
        )


def _write(file: h5py.File, model: Model) -> None:
    file.attrs["format"] = FORMAT
    file.attrs["format_version"] = FORMAT_VERSION
    file.attrs["model"] = type(model).__name__
    file.attrs["parameters"] = json.dumps(_plain_parameters(model))
    file.attrs["data_summary"] = json.dumps(model.data_summary_)
    file.attrs["stop_reason"] = str(model.stop_reason_)
    file.attrs["explained_variance_ratio"] = float(model.explained_variance_ratio_)
    for name in model._saved_numbers:
        file.attrs[name] = getattr(model, name)
    for name in model._saved_arrays:
        _write_values(file, name, np.asarray(getattr(model, name)))
    if hasattr(model, "trial_gram_"):
        file["trial_gram_"] = model.trial_gram_
        file.attrs["n_trials_seen_"] = model.n_trials_seen_
    for name in getattr(model, "_saved_tables", ()):
        _write_table(file, name, getattr(model, name))
    if isinstance(model, CoupledTCA):
        file.attrs["dataset_names"] = json.dumps(model.dataset_names_)
    coords = file.create_group("coords")
    for i, (name, (axis, values)) in enumerate(model.coords_.items()):
        # Numbered, because a label may be called what no HDF5 object can be.
        dataset = _write_values(coords, f"{i:06d}", np.asarray(values))
        dataset.attrs["name"], dataset.attrs["axis"] = name, axis
    restarts = file.create_group("restarts")
    for i, restart in enumerate(model.restarts_):
        _write_restart(restarts.create_group(f"{i:06d}"), restart)


def _write_table(file: h5py.File, name: str, table: Any) -> None:
    """A dict of arrays as a group, an array as itself."""
    if not isinstance(table, dict):
        _write_values(file, name, np.asarray(table))
        return
    group = file.create_group(name)
    for i, (key, values) in enumerate(table.items()):
        _write_values(group, f"{i:06d}", np.asarray(values)).attrs["name"] = key


def _read_table(stored: h5py.Group | h5py.Dataset) -> Any:
    if isinstance(stored, h5py.Dataset):
        return _read_values(stored)
    return {str(stored[key].attrs["name"]): _read_values(stored[key]) for key in sorted(stored)}


def _plain_parameters(model: Model) -> dict[str, Any]:
    """Parameters as JSON; a generator's state or given factors can't be one, and are named."""
    plain = {}
    for name, value in model.get_params(deep=False).items():
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, (set, frozenset)):
            value = sorted(value)
        if isinstance(value, (tuple, list, np.ndarray)) and name != "init":
            value = [each.item() if isinstance(each, np.generic) else each for each in value]
        try:
            json.dumps(value)
        except TypeError:
            value = "svd" if name == "init" else None
        plain[name] = value
    return plain


def _write_values(group: h5py.Group, name: str, values: np.ndarray) -> h5py.Dataset:
    kind = values.dtype.kind
    if kind in "Mm":
        unit = np.datetime_data(values.dtype)[0]
        dataset = group.create_dataset(name, data=values.astype("int64"))
        dataset.attrs["datetime"] = f"{kind}8[{unit}]"
    elif kind in "biufc":
        dataset = group.create_dataset(name, data=values)
    else:
        text = [str(value).replace("\0", "") for value in values]
        dataset = group.create_dataset(name, data=text, dtype=h5py.string_dtype())
    return dataset


def _write_restart(group: h5py.Group, restart: Restart) -> None:
    if restart.seed is not None:
        group.attrs["seed"] = restart.seed
    group.attrs["loss"] = restart.loss
    group.attrs["explained_variance"] = restart.explained_variance
    group.attrs["similarity"] = restart.similarity
    group.attrs["stop_reason"] = str(restart.stop_reason)
    group.attrs["n_iter"] = restart.n_iter
    group["weights"] = restart.weights
    for axis, factor in zip(("trial", "neuron", "time"), restart.factors, strict=True):
        group[axis] = factor


def _read(file: h5py.File) -> Model:
    parameters = json.loads(file.attrs["parameters"])
    # JSON has lists only; the names of axes are a tuple by custom.
    parameters = {k: tuple(v) if isinstance(v, list) else v for k, v in parameters.items()}
    model = _MODELS[file.attrs["model"]](**parameters)
    for name in model._saved_arrays:
        setattr(model, name, _read_values(file[name]))
    if "trial_gram_" in file:
        model.trial_gram_ = file["trial_gram_"][()]
        model.n_trials_seen_ = int(file.attrs["n_trials_seen_"])
    for name in getattr(model, "_saved_tables", ()):
        setattr(model, name, _read_table(file[name]))
    if isinstance(model, CoupledTCA):
        model.dataset_names_ = json.loads(file.attrs["dataset_names"])
    for name in model._saved_numbers:
        setattr(model, name, np.asarray(file.attrs[name]).item())
    model.explained_variance_ratio_ = np.float64(file.attrs["explained_variance_ratio"])
    model.stop_reason_ = StopReason(file.attrs["stop_reason"])
    summary = json.loads(file.attrs["data_summary"])
    model.data_summary_ = {**summary, "shape": tuple(summary["shape"])}
    coords = file["coords"]
    model.coords_ = {coords[key].attrs["name"]: _read_coord(coords[key]) for key in sorted(coords)}
    model.restarts_ = [_read_restart(file["restarts"][key]) for key in sorted(file["restarts"])]
    if not isinstance(model, SliceTCA):
        model._n_features_out = model.weights_.shape[-1]
    return model


def _read_coord(dataset: h5py.Dataset) -> tuple[str, np.ndarray]:
    return str(dataset.attrs["axis"]), _read_values(dataset)


def _read_values(dataset: h5py.Dataset) -> np.ndarray:
    if h5py.check_string_dtype(dataset.dtype):
        values = np.asarray(dataset.asstr()[()], dtype=str)
    else:
        values = dataset[()]
    if "datetime" in dataset.attrs:
        values = values.astype(dataset.attrs["datetime"])
    return values


def _read_restart(group: h5py.Group) -> Restart:
    return Restart(
        seed=int(group.attrs["seed"]) if "seed" in group.attrs else None,
        loss=float(group.attrs["loss"]),
        explained_variance=float(group.attrs["explained_variance"]),
        similarity=float(group.attrs["similarity"]),
        stop_reason=StopReason(group.attrs["stop_reason"]),
        n_iter=int(group.attrs["n_iter"]),
        weights=group["weights"][()],
        factors=(group["trial"][()], group["neuron"][()], group["time"][()]),
    )
