"""Fitted models as HDF5 files: arrays and JSON, never anything that could be executed."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from trialtensor.data.labels import plain_labels, unlabelled
from trialtensor.models.fitted import FitRecord, Fitted, Named, Restart
from trialtensor.solvers.result import StopReason
from trialtensor.storage import write_hdf5

FORMAT = "trialtensor-model"
FORMAT_VERSION = 2


@dataclass(frozen=True, eq=False)
class Stored:
    """The contents of a model file.

    Attributes
    ----------
    parameters : dict
        Of the estimator.
    arrays : dict of Named
    record : FitRecord
    data, coords : dict
        As in :class:`~trialtensor.models.fitted.Fitted`.
    """

    parameters: dict[str, Any]
    arrays: dict[str, Named]
    record: FitRecord
    data: dict[str, Any]
    coords: dict[str, tuple[str, np.ndarray]]


def save(model: Any, path: str | os.PathLike[str]) -> None:
    """Write a fitted model, with a checksum; the file appears complete or not at all.

    Parameters
    ----------
    model : fitted estimator
    path : path of the HDF5 file, replaced if it exists

    Raises
    ------
    OSError
        If the folder does not exist or can't be written to.
    """
    write_hdf5(path, lambda file: _write(file, model))


def _write(file: h5py.File, model: Any) -> None:
    fitted: Fitted = model.fitted_
    file.attrs["format"] = FORMAT
    file.attrs["format_version"] = FORMAT_VERSION
    file.attrs["model"] = fitted.kind
    file.attrs["parameters"] = json.dumps(_plain_parameters(model))
    file.attrs["data_summary"] = json.dumps(fitted.data)
    record = fitted.record
    file.attrs["loss"], file.attrs["n_iter"] = record.loss, record.n_iter
    file.attrs["stop_reason"] = str(record.stop_reason)
    file.attrs["explained_variance_ratio"] = float(record.explained_variance_ratio)
    file["loss_history"] = record.loss_history
    arrays = file.create_group("arrays", track_order=True)
    for name, named in fitted.arrays.items():
        _write_named(arrays, name, named)
    coords = file.create_group("coords")
    for i, (name, (axis, values)) in enumerate(fitted.coords.items()):
        # Numbered, because a label may be called what no HDF5 object can be.
        dataset = write_values(coords, f"{i:06d}", np.asarray(values))
        dataset.attrs["name"], dataset.attrs["axis"] = name, axis
    restarts = file.create_group("restarts")
    for i, restart in enumerate(record.restarts):
        _write_restart(restarts.create_group(f"{i:06d}"), restart)


def read(file: h5py.File) -> Stored:
    """Read a file that ``save`` wrote in the current format."""
    summary = json.loads(file.attrs["data_summary"])
    restarts = file["restarts"]
    return Stored(
        read_parameters(file),
        {name: _read_named(stored) for name, stored in file["arrays"].items()},
        FitRecord(
            loss=float(file.attrs["loss"]),
            loss_history=file["loss_history"][()],
            explained_variance_ratio=np.float64(file.attrs["explained_variance_ratio"]),
            n_iter=int(file.attrs["n_iter"]),
            stop_reason=StopReason(file.attrs["stop_reason"]),
            restarts=[_read_restart(restarts[key]) for key in sorted(restarts)],
        ),
        {**summary, "shape": tuple(summary["shape"])},
        read_coords(file),
    )


def read_parameters(file: h5py.File) -> dict[str, Any]:
    """Read parameters; JSON lists of axis names become tuples."""
    parameters = json.loads(file.attrs["parameters"])
    return {k: tuple(v) if isinstance(v, list) else v for k, v in parameters.items()}


def read_coords(file: h5py.File) -> dict[str, tuple[str, np.ndarray]]:
    """Read the coordinates of the data."""
    stored = [file["coords"][key] for key in sorted(file["coords"])]
    return {
        str(each.attrs["name"]): (str(each.attrs["axis"]), _read_labels(each)) for each in stored
    }


def _write_named(group: h5py.Group, name: str, named: Named) -> None:
    if isinstance(named.values, dict):
        stored = group.create_group(name)
        for i, (key, values) in enumerate(named.values.items()):
            write_values(stored, f"{i:06d}", np.asarray(values)).attrs["name"] = key
    else:
        stored = write_values(group, name, np.asarray(named.values))
    stored.attrs["dims"] = json.dumps(named.dims)


def _read_named(stored: h5py.Group | h5py.Dataset) -> Named:
    dims = tuple(json.loads(stored.attrs["dims"]))
    if isinstance(stored, h5py.Group):
        members = [stored[key] for key in sorted(stored)]
        return Named(dims, {str(each.attrs["name"]): read_values(each) for each in members})
    values = read_values(stored)
    return Named(dims, values if dims else values.item())


def _plain_parameters(model: Any) -> dict[str, Any]:
    """Return parameters as JSON, with defaults for those that can't be stored."""
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


def write_values(group: h5py.Group, name: str, values: np.ndarray) -> h5py.Dataset:
    """Write an array of numbers, dates or text, with empty text where there is no label."""
    kind = values.dtype.kind
    if kind in "Mm":
        unit = np.datetime_data(values.dtype)[0]
        dataset = group.create_dataset(name, data=values.astype("int64"))
        dataset.attrs["datetime"] = f"{kind}8[{unit}]"
    elif kind in "biufc":
        dataset = group.create_dataset(name, data=values)
    else:
        labels = values if kind == "U" else plain_labels(values)
        gone = unlabelled(labels)
        known = labels[~gone].tolist()
        text = np.full(labels.shape, "", object)
        text[~gone] = [_storable(str(value)) for value in known]
        dataset = group.create_dataset(name, data=text, dtype=h5py.string_dtype())
        dataset.attrs["unlabelled"] = ""
        dataset.attrs["boolean"] = bool(known) and all(isinstance(v, bool) for v in known)
    return dataset


def _write_restart(group: h5py.Group, restart: Restart) -> None:
    if restart.seed is not None:
        group.attrs["seed"] = restart.seed
    if restart.origin is not None:
        group.attrs["origin"] = restart.origin
    for name in ("loss", "explained_variance", "similarity", "n_iter", "on_full_data", "joint"):
        group.attrs[name] = getattr(restart, name)
    group.attrs["stop_reason"] = str(restart.stop_reason)
    group.attrs["axes"] = json.dumps(restart.axes)
    group["weights"] = restart.weights
    for i, factor in enumerate(restart.factors):
        group[f"factor_{i}"] = factor


def read_values(dataset: h5py.Dataset) -> np.ndarray:
    """Read an array that ``write_values`` wrote."""
    if h5py.check_string_dtype(dataset.dtype):
        return np.asarray(dataset.asstr()[()], dtype=str)
    values = dataset[()]
    if "datetime" in dataset.attrs:
        values = values.astype(dataset.attrs["datetime"])
    return values


def _storable(text: str) -> str:
    """Return text that HDF5 can hold: without NUL, and without halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _read_labels(dataset: h5py.Dataset) -> np.ndarray:
    """Read labels, of which some may be missing."""
    values = read_values(dataset)
    if values.dtype.kind == "U" and "unlabelled" not in dataset.attrs:
        # Earlier versions wrote None as a word.
        values = np.where(values == "None", "", values)
    values = plain_labels(values)
    if dataset.attrs.get("boolean", False):
        known = ~unlabelled(values)
        values = values.astype(object)
        values[known] = values[known] == "True"
    return values


def _read_restart(group: h5py.Group) -> Restart:
    axes = tuple(json.loads(group.attrs["axes"]))
    return as_restart(
        group,
        factors=tuple(group[f"factor_{i}"][()] for i in range(len(axes))),
        on_full_data=bool(group.attrs["on_full_data"]),
        axes=axes,
        joint=bool(group.attrs["joint"]),
        origin=int(group.attrs["origin"]) if "origin" in group.attrs else None,
    )


def as_restart(group: h5py.Group, **more: Any) -> Restart:
    """Build a restart from the fields that every file format stores, and ``more``."""
    return Restart(
        seed=int(group.attrs["seed"]) if "seed" in group.attrs else None,
        loss=float(group.attrs["loss"]),
        explained_variance=float(group.attrs["explained_variance"]),
        similarity=float(group.attrs["similarity"]),
        stop_reason=StopReason(group.attrs["stop_reason"]),
        n_iter=int(group.attrs["n_iter"]),
        weights=group["weights"][()],
        **more,
    )
