"""Small recordings in every format of sessions, files and folders, before they are damaged."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas
import scipy.io

RNG = np.random.default_rng(1)
N_UNITS, N_SPIKES, N_TRIALS, N_SAMPLES = 5, 200, 8, 120
TIMES = np.sort(RNG.random(N_SPIKES) * 40)
CLUSTERS = RNG.integers(0, N_UNITS, N_SPIKES)
TRIALS = pandas.DataFrame(
    {
        "trial": np.arange(N_TRIALS) + 1,
        "start_time": np.arange(N_TRIALS) * 5.0,
        "stop_time": np.arange(N_TRIALS) * 5.0 + 4,
        "go_cue": np.where(np.arange(N_TRIALS) == 2, np.nan, np.arange(N_TRIALS) * 5.0 + 1.25),
        "side": np.array(list("lr"))[np.arange(N_TRIALS) % 2],
    }
)
# What a trap makes in the folder of the suite if it is executed.
MARK = "executed"


class _Trap:
    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.makedirs, (str(self._mark), 0o777, True)


def plant(path: Path, mark: Path) -> None:
    """Write a file that leaves a mark if it is executed or unpickled.

    Parameters
    ----------
    path : Path
        Its suffix tells what it looks like.
    mark : Path
    """
    if path.suffix == ".py":
        path.write_text(f"import os\nos.makedirs({str(mark)!r}, exist_ok=True)\n")
    elif path.suffix == ".npy":
        np.save(path, np.array([_Trap(mark)], dtype=object), allow_pickle=True)
    else:
        path.write_bytes(pickle.dumps(_Trap(mark)))


def make_sessions(folder: Path) -> list[Path]:
    """Write one recording of each format for which the packages are there.

    Parameters
    ----------
    folder : Path
        Traps leave their mark beside it.
    """
    found = []
    for name, write in _SESSIONS.items():
        with suppress(ImportError):  # of pyarrow or zarr
            write(folder / name, folder.parent / MARK)
            found.append(folder / name)
    return found


def _spikes_of() -> list[np.ndarray]:
    return [TIMES[unit == CLUSTERS] for unit in range(N_UNITS)]


def _typed(item: Any, kind: str, **attributes: Any) -> Any:
    given = {"neurodata_type": kind, "namespace": "core", "description": "x", **attributes}
    for name, value in given.items():
        item.attrs[name] = value
    return item


def nwb(path: Path, mark: Path) -> None:
    """Write an NWB file by h5py alone."""
    with h5py.File(path, "w") as file:
        _typed(file, "NWBFile", nwb_version="2.8.0")
        _nwb_units(file.create_group("units"))
        trials = _typed(file.create_group("intervals/trials"), "TimeIntervals")
        columns = {name: TRIALS[name].to_numpy() for name in TRIALS if name != "trial"}
        trials.attrs["colnames"] = list(columns)
        trials["id"] = np.arange(N_TRIALS)
        for name, values in columns.items():
            stored = [str(each) for each in values] if values.dtype.kind not in "fi" else values
            trials[name] = stored
            _typed(trials[name], "VectorData")
        series = _typed(file.create_group("acquisition/lfp"), "ElectricalSeries")
        series["data"] = RNG.random((N_SAMPLES, 3))
        series["data"].attrs.update({"unit": "V", "conversion": 0.5, "offset": 0.1})
        series["starting_time"] = 0.0
        series["starting_time"].attrs.update({"rate": 10.0, "unit": "s"})


def _nwb_units(units: Any) -> None:
    spikes = _spikes_of()
    _typed(units, "Units", colnames=["spike_times", "quality"])
    units["id"] = np.arange(N_UNITS)
    units["spike_times"] = np.concatenate(spikes)
    units["spike_times_index"] = np.cumsum([len(each) for each in spikes]).astype("u2")
    units["quality"] = ["good", "mua"] * 2 + ["good"]
    for name in ("spike_times", "quality"):
        _typed(units[name], "VectorData")
    _typed(units["spike_times_index"], "VectorIndex", target=units["spike_times"].ref)


def matlab5(path: Path, mark: Path) -> None:
    """Write a MATLAB file of version 5."""
    cells = np.empty((N_UNITS, 1), dtype=object)
    cells[:, 0] = _spikes_of()
    trials = {name: TRIALS[name].to_numpy() for name in TRIALS}
    scipy.io.savemat(path, {"spikes": cells, "trials": trials}, do_compression=True)


def matlab73(path: Path, mark: Path) -> None:
    """Write a MATLAB file of version 7.3 by h5py."""
    with h5py.File(path, "w", userblock_size=512) as file:
        cells = file.create_dataset("spikes", (1, N_UNITS), h5py.ref_dtype)
        cells.attrs["MATLAB_class"] = np.bytes_("cell")
        for k, times in enumerate(_spikes_of()):
            cell = file.create_dataset(f"#refs#/{k}", data=times[None])
            cell.attrs["MATLAB_class"] = np.bytes_("double")
            cells[0, k] = cell.ref
        trials = file.create_group("trials")
        trials.attrs["MATLAB_class"] = np.bytes_("struct")
        for name in ("start_time", "go_cue"):
            trials[name] = TRIALS[name].to_numpy()[None]
            trials[name].attrs["MATLAB_class"] = np.bytes_("double")
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512, b" "))


def suite2p(path: Path, mark: Path) -> None:
    """Write a folder of Suite2p with two planes."""
    for plane in ("plane0", "plane1"):
        (path / plane).mkdir(parents=True)
        for name in ("F", "Fneu", "spks"):
            np.save(path / plane / f"{name}.npy", RNG.random((4, N_SAMPLES)).astype("f4"))
        np.save(path / plane / "iscell.npy", RNG.random((4, 2)).round())
        for name in ("ops.npy", "stat.npy"):
            plant(path / plane / name, mark)


def phy(path: Path, mark: Path) -> None:
    """Write a folder of Phy."""
    path.mkdir()
    np.save(path / "spike_times.npy", (TIMES * 30000).astype("u8")[:, None])
    np.save(path / "spike_clusters.npy", CLUSTERS.astype("i4"))
    np.save(path / "spike_templates.npy", CLUSTERS.astype("i4"))
    groups = pandas.DataFrame({"cluster_id": range(N_UNITS), "group": "good"})
    groups.to_csv(path / "cluster_group.tsv", sep="\t", index=False)
    depths = pandas.DataFrame({"cluster_id": range(N_UNITS), "depth": 5.5, "group": "mua"})
    depths.to_csv(path / "cluster_info.tsv", sep="\t", index=False)
    plant(path / "params.py", mark)
    with (path / "params.py").open("a") as file:
        file.write("sample_rate = 30000.\n")
    plant(path / "ops.npy", mark)
    TRIALS.to_csv(path / "trials.csv", index=False)


def alf(path: Path, mark: Path) -> None:
    """Write a folder of ALF files with a revision."""
    probe, newer = path / "alf" / "probe00", path / "alf" / "#2024-01-01#"
    for folder in (probe, newer):
        folder.mkdir(parents=True)
    arrays = {
        probe / "spikes.times": TIMES,
        probe / "spikes.clusters": CLUSTERS.astype("u4"),
        probe / "clusters.channels": np.arange(N_UNITS),
        probe / "channels.rawInd": np.arange(20),
        path / "alf" / "_ibl_trials.intervals": TRIALS[["start_time", "stop_time"]].to_numpy(),
        path / "alf" / "_ibl_trials.goCue_times": np.zeros(N_TRIALS),
        newer / "_ibl_trials.goCue_times": TRIALS["go_cue"].to_numpy(),
        path / "alf" / "_ibl_wheel.timestamps": np.arange(N_SAMPLES) / 10,
        path / "alf" / "_ibl_wheel.position": RNG.random(N_SAMPLES),
    }
    for file, values in arrays.items():
        np.save(file.with_name(file.name + ".npy"), values)
    metrics = pandas.DataFrame({"cluster_id": range(N_UNITS), "label": 1.0})
    metrics.to_csv(probe / "clusters.metrics.csv", index=False)
    plant(path / "alf" / "_ibl_trials.extra.npy", mark)


def _long() -> pandas.DataFrame:
    trial, neuron, time = np.indices((N_TRIALS, 3, 10)).reshape(3, -1)
    return pandas.DataFrame(
        {"trial": trial, "unit": [f"unit{n}" for n in neuron], "time": time / 10,
         "value": RNG.random(len(trial)).round(5), "side": np.array(list("lr"))[trial % 2]}
    )  # fmt: skip


def table(path: Path, mark: Path) -> None:
    """Write a table with one row a value."""
    _long().to_csv(path, index=False)


def table_of_excel(path: Path, mark: Path) -> None:
    """Write a table as Excel does in countries with decimal commas."""
    _long().to_csv(path, sep=";", decimal=",", encoding="utf-16", index=False)


def parquet(path: Path, mark: Path) -> None:
    """Write a table as Parquet."""
    _long().to_parquet(path, index=False)


def tables(path: Path, mark: Path) -> None:
    """Write a folder with spikes, trials and units."""
    path.mkdir()
    spikes = pandas.DataFrame({"unit": CLUSTERS, "time": TIMES})
    units = pandas.DataFrame({"unit": range(N_UNITS), "region": "M1"})
    for name, each in {"spikes": spikes, "trials": TRIALS, "units": units}.items():
        each.to_csv(path / f"{name}.csv", index=False)


def numpy_spikes(path: Path, mark: Path) -> None:
    """Write an archive with an array a unit."""
    spikes = {f"unit{k}": each for k, each in enumerate(_spikes_of())}
    np.savez(path, trials_cue=TRIALS["go_cue"].to_numpy(), **spikes)


def pynapple(path: Path, mark: Path) -> None:
    """Write an archive as pynapple does, with its pickle of metadata."""
    np.savez(
        path, t=TIMES, index=CLUSTERS, keys=np.arange(N_UNITS), start=[0.0], end=[40.0],
        type=np.array(["TsGroup"]), _metadata=np.array(_Trap(mark), dtype=object),
    )  # fmt: skip


def zarr(path: Path, mark: Path) -> None:
    """Write a Zarr folder with a tensor by zarr."""
    import zarr as package

    root = package.open_group(str(path), mode="w")
    make = getattr(root, "create_array", None) or root.create_dataset
    for name, values in {"x": RNG.random((6, 5, 4)), "reward": np.arange(6)}.items():
        make(name, shape=values.shape, chunks=values.shape, dtype=values.dtype)[...] = values
    plant(path / "x" / "notes.pkl", mark)


def _nwb_zarr(path: Path, mark: Path) -> None:
    """Write an NWB folder by zarr, as hdmf-zarr does."""
    import zarr as package

    root = package.open_group(str(path), mode="w")
    root.attrs.update({"neurodata_type": "NWBFile", "namespace": "core", "nwb_version": "2.8.0"})
    spikes = _spikes_of()
    units = root.create_group("units")
    units.attrs.update({"neurodata_type": "Units", "colnames": ["spike_times"]})
    ends = np.cumsum([len(each) for each in spikes])
    arrays = {"id": np.arange(N_UNITS), "spike_times": TIMES, "spike_times_index": ends}
    for name, values in arrays.items():
        make = getattr(units, "create_array", None) or units.create_dataset
        stored = make(name, shape=values.shape, chunks=values.shape, dtype=values.dtype)
        stored[...] = values
        stored.attrs["neurodata_type"] = "VectorIndex" if name.endswith("index") else "VectorData"
    stored.attrs["target"] = {"zarr_dtype": "object",
                              "value": {"source": ".", "path": "/units/spike_times"}}  # fmt: skip


_SESSIONS: dict[str, Callable[[Path, Path], None]] = {
    "session_nwb.nwb": nwb,
    "session_matlab5.mat": matlab5,
    "session_matlab73.mat": matlab73,
    "session_suite2p": suite2p,
    "session_phy": phy,
    "session_alf": alf,
    "session_table.csv": table,
    "session_excel.csv": table_of_excel,
    "session_parquet.parquet": parquet,
    "session_tables": tables,
    "session_spikes.npz": numpy_spikes,
    "session_pynapple.npz": pynapple,
    "session_zarr.zarr": zarr,
    "session_nwbzarr.zarr": _nwb_zarr,
}
