"""Trainings as HDF5 files: arrays and JSON, never anything that could be executed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from trialtensor.opening.guard import RefusedError, reading_own
from trialtensor.opening.hdf5 import open_hdf5
from trialtensor.storage import write_hdf5
from trialtensor_models.circuit.anatomy import Anatomy
from trialtensor_models.circuit.dynamics import SETPOINTS, Setpoints
from trialtensor_models.circuit.plan import Plan
from trialtensor_models.circuit.state import Checkpoint, State
from trialtensor_models.circuit.trials import Setting
from trialtensor_models.tasks import Task, task_from

FORMAT = "trialtensor-circuit"
FORMAT_VERSION = 1
_SETPOINT = "setpoint_"


def write_state(path: Path, plan: Plan, state: State, *, exact: bool = True) -> None:
    """Write a training; the file appears whole or not at all.

    Parameters
    ----------
    path : Path
    plan : Plan
    state : State
    exact : bool
        False rounds weights to float32, and leaves out what going on would need.
    """
    dtype = np.float64 if exact else np.float32
    arrays = [_arrays(each) for each in state.checkpoints]

    def fill(file: h5py.File) -> None:
        file.attrs["format"] = FORMAT
        file.attrs["format_version"] = FORMAT_VERSION
        file.attrs["configuration"] = json.dumps(plan.configuration())
        file.attrs["seconds"] = state.seconds
        file.attrs["iteration"] = state.iteration
        file["iterations"] = [each.iteration for each in state.checkpoints]
        file["losses"] = np.asarray(state.losses)
        for name, first in arrays[0].items():
            stacked = np.stack([each[name] for each in arrays]).astype(dtype)
            # Most arrays that nothing trains are there only once.
            if (stacked == stacked[:1]).all():
                stacked = stacked[:1]
            options = {"compression": "gzip", "shuffle": True} if first.size > 64 else {}
            file.create_dataset(f"checkpoints/{name}", data=stacked, **options)
        if exact and state.rng is not None:
            file.attrs["rng"] = json.dumps(state.rng)
            for name, array in state.moments.items():
                file.create_dataset(f"moments/{name}", data=array)

    write_hdf5(path, fill)


def read_state(path: Path, plan: Plan) -> State:
    """Read what a training had come to, to go on with it.

    Parameters
    ----------
    path : Path
    plan : Plan
        What is being trained.

    Returns
    -------
    State

    Raises
    ------
    ValueError
        If the file isn't a training, or of another plan; names what differs.
    """
    with reading_own(path, "training"), open_hdf5(path, own=True) as file:
        found = _header(file)
        _check_same(found, json.loads(json.dumps(plan.configuration())))
        if "rng" not in file.attrs:
            raise RefusedError("was saved as a result, and can't be continued")
        return _state(file)


def read_training(path: Path, task: Any = None) -> tuple[Plan, State]:
    """Read a training.

    Parameters
    ----------
    path : Path
    task : task or its class, optional
        If its name isn't known here.

    Returns
    -------
    Plan, State
    """
    with reading_own(path, "training"), open_hdf5(path, own=True) as file:
        return _plan(_header(file), task), _state(file)


def _header(file: h5py.File) -> dict[str, Any]:
    if file.attrs.get("format") != FORMAT:
        raise RefusedError("is HDF5, but not a training of a circuit")
    version = int(file.attrs.get("format_version", -1))
    if version != FORMAT_VERSION:
        raise RefusedError(
            f"is a training of version {version}, this package reads version {FORMAT_VERSION}"
        )
    found: dict[str, Any] = json.loads(file.attrs["configuration"])
    return found


def _check_same(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    for name, value in sorted(wanted.items(), key=lambda item: item[0] == "kept"):
        other = found.get(name)
        if isinstance(value, Mapping) and isinstance(other, Mapping):
            _check_same(other, value)
        elif other != value:
            word = {"kept": "checkpoints", "name": "task"}.get(name, name)
            raise RefusedError(
                f"holds another training: its {word} is {other!r}, not {value!r}; give another path"
            )


def _plan(configuration: dict[str, Any], task: Any) -> Plan:
    anatomy: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in configuration.pop("anatomy").items()
    }
    own: Task = task_from(configuration.pop("task"), task)
    setting = Setting(task=own, **configuration.pop("setting"))
    kept = tuple(configuration.pop("kept"))
    return Plan(anatomy=Anatomy(**anatomy), setting=setting, kept=kept, **configuration)


def _state(file: h5py.File) -> State:
    iterations = file["iterations"][()]
    stacked = {name: _float(file["checkpoints"][name][()]) for name in file["checkpoints"]}
    checkpoints = [
        _checkpoint(int(iteration), {n: a[min(k, len(a) - 1)] for n, a in stacked.items()})
        for k, iteration in enumerate(iterations)
    ]
    last = checkpoints[-1]
    moments: dict[str, np.ndarray] = {}
    if "moments" in file:
        for weight, parts in file["moments"].items():
            moments |= {f"{weight}/{part}": parts[part][()] for part in parts}
    return State(
        weights=dict(last.weights),
        setpoints=last.setpoints,
        rng=json.loads(file.attrs["rng"]) if "rng" in file.attrs else None,
        iteration=int(file.attrs["iteration"]),
        losses=file["losses"][()].tolist(),
        checkpoints=checkpoints,
        moments=moments,
        seconds=float(file.attrs["seconds"]),
    )


def _arrays(checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    points = {_SETPOINT + name: getattr(checkpoint.setpoints, name) for name in SETPOINTS}
    return checkpoint.weights | points


def _checkpoint(iteration: int, arrays: dict[str, np.ndarray]) -> Checkpoint:
    points = Setpoints(**{name: arrays[_SETPOINT + name] for name in SETPOINTS})
    weights = {name: each for name, each in arrays.items() if not name.startswith(_SETPOINT)}
    return Checkpoint(iteration, weights, points)


def _float(array: np.ndarray) -> np.ndarray:
    return array.astype(float)
