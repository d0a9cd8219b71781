"""Reading files of the first format, in which each kind of model listed its own arrays."""

from __future__ import annotations

import json
from typing import Any

import h5py
import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.models.files import Stored, as_restart, read_coords, read_parameters, read_values
from trialtensor.models.fitted import FitRecord, Named, Restart
from trialtensor.solvers.result import StopReason

_BY_COMPONENT = {
    f"explained_variance_{name}": ("component",) for name in ("alone", "unique", "shared")
}
_FACTORS = {f"{axis}_factors": (axis, "component") for axis in AXES}
# Name of each array -> its axes. Numbers have none.
_ARRAYS: dict[str, dict[str, tuple[str, ...]]] = {
    "TCA": {**_FACTORS, "weights": ("component",), **_BY_COMPONENT},
    "SliceTCA": {
        **{f"{axis}_loadings": (axis, f"{axis}_component") for axis in AXES},
        "trial_slices": ("trial_component", "neuron", "time"),
        "neuron_slices": ("neuron_component", "trial", "time"),
        "time_slices": ("time_component", "trial", "neuron"),
        "weights": ("component",),
        **_BY_COMPONENT,
        "type_explained_variance_alone": ("type",),
        "type_explained_variance_unique": ("type",),
    },
    "Parafac2": {
        **_FACTORS,
        "weights": ("component",),
        "cross_product": ("component", "other_component"),
        "block_labels": ("block",),
        "block_of_trial": ("trial",),
        "row_counts": ("block",),
        **_BY_COMPONENT,
    },
    "CoupledTCA": {
        **_FACTORS,
        "weights": ("dataset", "component"),
        "shares": ("dataset", "component"),
        "private_to": ("component",),
        "explained_variance_by_dataset": ("dataset",),
        "scales": ("dataset",),
        "neuron_places": ("neuron",),
        "dataset_trial_factors": ("trial", "component"),
    },
    "TrialVaryingDynamics": {
        "trial_factors": ("trial", "component"),
        "output_factors": ("neuron", "component"),
        "input_factors": ("neuron", "component"),
        "weights": ("component",),
        "eigenvalues": ("trial", "eigenvalue"),
        "spectral_radius": ("trial",),
        "stable": ("trial",),
        "n_transitions": ("trial",),
        **_BY_COMPONENT,
    },
}
_NUMBERS = ("core_consistency", "triple_cosine", "ragged")


def read_first_format(file: h5py.File) -> Stored:
    """Read a model of the first format."""
    kind = str(file.attrs["model"])
    parameters = read_parameters(file)
    arrays = {
        name: Named(_dims(name, dims, parameters), _values(file[f"{name}_"]))
        for name, dims in _ARRAYS[kind].items()
    }
    for name in _NUMBERS:
        if f"{name}_" in file.attrs:
            arrays[name] = Named((), np.asarray(file.attrs[f"{name}_"]).item())
    if "trial_gram_" in file:
        arrays["trial_gram"] = Named(("component", "other_component"), file["trial_gram_"][()])
        arrays["n_trials_seen"] = Named((), int(file.attrs["n_trials_seen_"]))
    if kind == "TrialVaryingDynamics":
        # Unknown then: runs start from where nothing happens.
        state = np.where(np.isfinite(arrays["output_factors"].values[:, 0]), 0.0, np.nan)
        arrays["first_state"] = Named(("neuron",), state)
    summary = json.loads(file.attrs["data_summary"])
    restarts = file["restarts"]
    return Stored(
        parameters,
        arrays,
        FitRecord(
            loss=float(file.attrs["loss_"]),
            loss_history=file["loss_history_"][()],
            explained_variance_ratio=np.float64(file.attrs["explained_variance_ratio"]),
            n_iter=int(file.attrs["n_iter_"]),
            stop_reason=StopReason(file.attrs["stop_reason"]),
            restarts=[_restart(restarts[key], kind) for key in sorted(restarts)],
        ),
        {**summary, "shape": tuple(summary["shape"])},
        read_coords(file),
    )


def _dims(name: str, dims: tuple[str, ...], parameters: dict[str, Any]) -> tuple[str, ...]:
    """Return the axes of an array, with blocks first if factors vary between them."""
    return ("block", *dims) if name == f"{parameters.get('varying')}_factors" else dims


def _values(stored: h5py.Group | h5py.Dataset) -> Any:
    if isinstance(stored, h5py.Dataset):
        return read_values(stored)
    return {str(stored[key].attrs["name"]): read_values(stored[key]) for key in sorted(stored)}


def _restart(group: h5py.Group, kind: str) -> Restart:
    dynamics = kind == "TrialVaryingDynamics"
    return as_restart(
        group,
        factors=(group["trial"][()], group["neuron"][()], group["time"][()]),
        axes=("trial", "neuron", "neuron") if dynamics else AXES,
        joint=kind != "SliceTCA",
    )
