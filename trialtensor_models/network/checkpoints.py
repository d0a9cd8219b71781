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
FORMAT_VERSION = 3
# What networks of version 1 had no word for: they were without it, and stay so. Those of version 2
# had no Purkinje cells, as networks have none unless asked for.
_VERSION_1 = {"pathways": {"eligibility": 0.0}, "cerebellum": {"inhibition": 0.0, "even": False}}
_PARTS = {
    "cortex": Cortex,
    "pathways": Pathways,
    "cerebellum": Cerebellum,
    "plasticity": Plasticity,
}


def packaged(task: str, seed: int, index: int | None = None) -> Blueprint:
    """Read a network of the package for a task.

    Parameters
    ----------
    task : str
        Name of the task.
    seed : int
        Of the wiring.
    index : int, optional
        Of the cortex; cortices take turns over seeds unless given.

    Returns
    -------
    Blueprint

    Raises
    ------
    ValueError
        If there is no network for this task, no cortex of this number, or a number isn't a whole
        one of at least 0.
    """
    names = _names_of(task)
    seed = check_whole("seed", seed, 0, SEEDS)
    if index is None:
        index = seed % len(names)
    check_whole("index", index, 0)
    if index >= len(names):
        raise ValueError(
            f"index: the package has cortices 0 to {len(names) - 1} for {task!r}, got {index}"
        )
    return replace(_packaged(names[index]), seed=int(seed))


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
        If there is none; names the tasks that have some.

    Examples
    --------
    >>> n_packaged("center_out")
    5
    """
    return len(_names_of(task))


def _names_of(task: str) -> list[str]:
    """Files of a task, in the order of their numbers."""
    if not isinstance(task, str):
        raise ValueError(f"task: expected the name of a task, got {task!r}")
    stems = [entry.name[:-3] for entry in PACKAGED.iterdir() if entry.name.endswith(".h5")]
    parts = [stem.rsplit("_", 1) for stem in stems]
    numbers = sorted(int(number) for name, number in parts if name == task)
    if not numbers:
        known = sorted({name for name, _ in parts})
        raise ValueError(f"task: there are networks for {known}, got {task!r}")
    return [f"{task}_{number}.h5" for number in numbers]


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
        version = _version_of(file)
        configuration = json.loads(file.attrs["configuration"])
        if version == 1:
            for part, values in _VERSION_1.items():
                configuration[part] = values | configuration[part]
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


def _version_of(file: h5py.File) -> int:
    if file.attrs.get("format") != FORMAT:
        raise RefusedError("is HDF5, but not a network of this package")
    version = int(file.attrs.get("format_version", -1))
    if version not in range(1, FORMAT_VERSION + 1):
        raise RefusedError(
            f"is a network of version {version}, this package reads versions up to "
            f"{FORMAT_VERSION}; make it anew with pretrain()"
        )
    return version
