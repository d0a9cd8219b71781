"""Runs as netCDF 4 files: one group a part, arrays and JSON only."""

from __future__ import annotations

import json
import os
from pathlib import Path

import h5py
import numpy as np
import xarray as xr

from trialtensor_models.sessions.run import Run, Truth

FORMAT = "trialtensor-run"
FORMAT_VERSION = 1


def save(run: Run, path: str | os.PathLike[str]) -> None:
    """Write a run; the file appears whole or not at all.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"path: there is no folder {str(path.parent)!r} to save into")
    truth = run.truth
    weights = xr.Dataset(
        {
            "C": (("trial", "channel", "cortex"), truth.C),
            "W_th": (("cortex", "channel"), truth.W_th),
            "W_PC": (("trial", "channel", "granule"), truth.W_PC),
            "fast": truth.fast,
            "slow": truth.slow,
            "region": ("neuron", truth.region),
        }
    )
    parts = {"behaviour": run.behaviour, "schedule": truth.schedule, "weights": weights}
    if run.activity is not None:
        parts["activity"] = run.activity.to_dataset(name="activity")
    if truth.counterfactual is not None:
        parts["counterfactual"] = truth.counterfactual
    for name, basis in truth.subspaces.items():
        parts[f"subspaces_{name}"] = xr.Dataset({"basis": (("unit", "component"), basis)})
    header = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "configuration": json.dumps(truth.configuration),
    }
    partial = path.with_name(path.name + ".part")
    try:
        xr.Dataset(attrs=header).to_netcdf(partial, engine="h5netcdf")
        for name, part in parts.items():
            part.to_netcdf(partial, mode="a", group=name, engine="h5netcdf")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def load(path: str | os.PathLike[str]) -> Run:
    """Read a run that `save` wrote.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a run, or of another version.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"path: there is no file {str(path)!r}")
    try:
        with h5py.File(path, "r") as file:
            kind, version = file.attrs.get("format"), file.attrs.get("format_version")
            configuration, groups = file.attrs.get("configuration"), list(file)
    except OSError as error:
        raise ValueError(f"path: {str(path)!r} is not a run ({error})") from error
    if kind != FORMAT:
        raise ValueError(f"path: {str(path)!r} is HDF5, but not a run of this package")
    if int(np.squeeze(version)) != FORMAT_VERSION:
        raise ValueError(
            f"path: {str(path)!r} is a run of version {int(np.squeeze(version))}, this package "
            f"reads version {FORMAT_VERSION}; simulate it anew"
        )
    parts = {}
    for name in groups:
        with xr.open_dataset(path, group=name, engine="h5netcdf") as part:
            parts[name] = part.load()
    weights = parts["weights"]
    truth = Truth(
        schedule=parts["schedule"],
        fast=weights["fast"],
        slow=weights["slow"],
        C=weights["C"].to_numpy(),
        W_th=weights["W_th"].to_numpy(),
        W_PC=weights["W_PC"].to_numpy(),
        counterfactual=parts.get("counterfactual"),
        subspaces={
            name.removeprefix("subspaces_"): part["basis"].to_numpy()
            for name, part in parts.items()
            if name.startswith("subspaces_")
        },
        region=weights["region"].to_numpy(),
        configuration=json.loads(configuration),
    )
    activity = parts["activity"]["activity"] if "activity" in parts else None
    return Run(activity, parts["behaviour"], truth)
