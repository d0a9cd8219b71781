"""Networks as HDF5 files: arrays and JSON, never anything that could be executed."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, fields, replace
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from trialtensor.data.parameters import SEEDS, check_whole
from trialtensor.opening.guard import RefusedError, reading_own
from trialtensor.opening.hdf5 import open_hdf5
from trialtensor.storage import write_hdf5
from trialtensor_models.network.blueprint import Blueprint
from trialtensor_models.network.config import Cerebellum, Cortex, Pathways, Plasticity
from trialtensor_models.network.weights import CorticalWeights
from trialtensor_models.tasks import check_task_members, configuration_of, task_from

# The scripts in `trialtensor_models.training` make these files.
PACKAGED = files("trialtensor_models.network") / "packaged"
FORMAT = "trialtensor-ccrnn"
FORMAT_VERSION = 1
_PARTS = {
    "cortex": Cortex,
    "pathways": Pathways,
    "cerebellum": Cerebellum,
    "plasticity": Plasticity,
}


def packaged(task: str, seed: int) -> Blueprint:
    """Read the network number `seed` of the package for a task.

    Parameters
    ----------
    task : str
        Name of the task.
    seed : int
        Of the wiring; the cortices of the task take turns.

    Returns
    -------
    Blueprint

    Raises
    ------
    ValueError
        If there is no network for this task, or the seed isn't a whole number of at least 0.
    """
    of_task = _names(task)
    seed = check_whole("seed", seed, 0, SEEDS)
    return replace(_packaged(of_task[seed % len(of_task)]), seed=int(seed))


def n_packaged(task: str = "center_out") -> int:
    """Count the cortices of the package for a task.

    Parameters
    ----------
    task : str
        Name of the task.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If there is none.
    """
    return len(_names(task))


def _names(task: str) -> list[str]:
    names = sorted(entry.name for entry in PACKAGED.iterdir() if entry.name.endswith(".h5"))
    of_task = [name for name in names if name.rsplit("_", 1)[0] == task]
    if not of_task:
        known = sorted({name.rsplit("_", 1)[0] for name in names})
        raise ValueError(f"task: there are networks for {known}, got {task!r}")
    return of_task


@cache
def _packaged(name: str) -> Blueprint:
    """Read once: networks never change, and those of the same weights share their wiring."""
    with as_file(PACKAGED / name) as path:
        return read(path)


def write(network: Blueprint, path: str | os.PathLike[str]) -> None:
    """Write a network; the file appears whole or not at all.

    Parameters
    ----------
    network : Blueprint
    path : str or path

    Raises
    ------
    FileNotFoundError
        If the folder doesn't exist.
    ValueError
        If the network has no weights.
    """
    weights = network.weights
    if weights is None:
        raise ValueError("weights: the network has none to save; pretrain() it first")
    path, configuration = _path(path), json.dumps(_configuration(network))

    def fill(file: h5py.File) -> None:
        file.attrs["format"] = FORMAT
        file.attrs["format_version"] = FORMAT_VERSION
        file.attrs["configuration"] = configuration
        for part in fields(CorticalWeights):
            array = getattr(weights, part.name).astype(np.float32)
            file.create_dataset(part.name, data=array, compression="gzip", shuffle=True)

    write_hdf5(path, fill)


def read(path: str | os.PathLike[str], task: Any = None) -> Blueprint:
    """Read a network that `write` wrote.

    Parameters
    ----------
    path : str or path
    task : task or its class, optional
        What the network is trained on, if the name in the file isn't known here.

    Returns
    -------
    Blueprint

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a network, of another version, of a task that isn't known, or of another
        task.
    """
    path = _path(path)
    if task is not None:
        check_task_members(task)
    with reading_own(path, "network"), open_hdf5(path, own=True) as file:
        _check_format(file)
        configuration = json.loads(file.attrs["configuration"])
        arrays = {part.name: file[part.name][()] for part in fields(CorticalWeights)}
        return _blueprint(configuration, CorticalWeights(**arrays), task)


def _path(path: Any) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise ValueError(f"path: expected the name of a file, got {path!r}")
    return Path(path)


def _blueprint(configuration: dict[str, Any], weights: CorticalWeights, task: Any) -> Blueprint:
    return Blueprint(
        **{name: make(**configuration[name]) for name, make in _PARTS.items()},
        task=task_from(configuration["task"], task),
        weights=weights,
        seed=configuration["seed"],
        silenced=tuple((region, share) for region, share in configuration["silenced"]),
    )


def _configuration(network: Blueprint) -> dict[str, Any]:
    return {
        **{name: asdict(getattr(network, name)) for name in _PARTS},
        "task": configuration_of(network.task),
        "seed": int(network.seed),
        "silenced": [list(each) for each in network.silenced],
    }


def _check_format(file: h5py.File) -> None:
    if file.attrs.get("format") != FORMAT:
        raise RefusedError("is HDF5, but not a network of this package")
    version = int(file.attrs.get("format_version", -1))
    if version != FORMAT_VERSION:
        raise RefusedError(
            f"is a network of version {version}, this package reads version {FORMAT_VERSION}; "
            "make it anew with pretrain()"
        )
