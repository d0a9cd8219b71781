"""Small files of every format that can be read, before they are damaged."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import xarray

from benchmarks.fuzz_files.sessions import make_sessions

SHAPE = (14, 6, 8)
# Their values are checked by sums in the file: a wrong one can't come back unnoticed.
CHECKED = ("npz_", "h5_fletcher")


def make_all(folder: Path, only: str | None = None) -> list[Path]:
    """Write one file of each kind.

    Parameters
    ----------
    folder : Path
    only : str, optional
        How the names of those that are made begin.
    """
    if only is not None and only.startswith("session"):
        return [path for path in make_sessions(folder) if path.name.startswith(only)]
    rng = np.random.default_rng(0)
    X = rng.poisson(3.0, SHAPE).astype(float)
    labels = {"side": np.array(list("lr") * 7), "depth": rng.random(6)}
    found = []
    for name, write in {**_ARRAYS, **_HIERARCHIES}.items():
        found.append(folder / name)
        write(found[-1], X, labels)
    found += _models(folder, X) + _simulations(folder)
    found = [path for path in found if path.name.startswith(only or "")]
    return found if only is not None else found + make_sessions(folder)


def _npz(save: Callable[..., None], dtype: str) -> Callable[..., None]:
    def write(path: Path, X: np.ndarray, labels: dict[str, np.ndarray]) -> None:
        save(path, counts=X.astype(dtype), bin_width_s=0.02, **labels)

    return write


def _npy(order: str, dtype: str) -> Callable[..., None]:
    def write(path: Path, X: np.ndarray, labels: dict[str, np.ndarray]) -> None:
        np.save(path, np.array(X, dtype, order=order))

    return write


def _netcdf(engine: str, **encoding: object) -> Callable[..., None]:
    def write(path: Path, X: np.ndarray, labels: dict[str, np.ndarray]) -> None:
        dims = ("trial", "neuron", "time")
        coords = {
            "time": np.arange(SHAPE[2]) * 0.02,
            "side": ("trial", labels["side"]),
            "depth": ("neuron", labels["depth"], {"units": "mm"}),
        }
        data = xarray.Dataset({"counts": (dims, X)}, coords)
        data.to_netcdf(path, engine=engine, encoding={"counts": encoding})

    return write


def _hdf5(**storage: object) -> Callable[..., None]:
    def write(path: Path, X: np.ndarray, labels: dict[str, np.ndarray]) -> None:
        with h5py.File(path, "w") as file:
            counts = file.create_dataset("session/counts", data=X, **storage)
            file["session/side"] = labels["side"].tolist()
            file["depth"] = labels["depth"]
            file["time"] = np.arange(SHAPE[2]) * 0.02
            file["time"].make_scale("time")
            counts.dims[2].attach_scale(file["time"])

    return write


def _matlab(path: Path, X: np.ndarray, labels: dict[str, np.ndarray]) -> None:
    with h5py.File(path, "w", userblock_size=512) as file:
        file["counts"] = X.T
        file["counts"].attrs["MATLAB_class"] = np.bytes_("double")
        file["depth"] = labels["depth"][None]
        file["depth"].attrs["MATLAB_class"] = np.bytes_("double")
        cells = file.create_dataset("side", (1, SHAPE[0]), h5py.ref_dtype)
        cells.attrs["MATLAB_class"] = np.bytes_("cell")
        for k, side in enumerate(labels["side"]):
            text = file.create_dataset(f"#refs#/{k}", data=np.array([[ord(side)]], "u2"))
            text.attrs["MATLAB_class"] = np.bytes_("char")
            cells[0, k] = text.ref
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512, b" "))


_ARRAYS = {
    "npy_f8.npy": _npy("C", "<f8"),
    "npy_fortran.npy": _npy("F", ">f4"),
    "npy_bool.npy": _npy("C", "?"),
    "npz_stored.npz": _npz(np.savez, "f8"),
    "npz_deflated.npz": _npz(np.savez_compressed, "u1"),
}
_HIERARCHIES = {
    "nc3.nc": _netcdf("scipy"),
    "nc4.nc": _netcdf("h5netcdf"),
    "nc4_packed.nc": _netcdf(
        "h5netcdf", dtype="int16", scale_factor=0.5, _FillValue=np.int16(-1), zlib=True
    ),
    "nc4_as.h5": _netcdf("h5netcdf"),
    "h5_contiguous.h5": _hdf5(),
    "h5_chunked.h5": _hdf5(chunks=(7, 3, 4)),
    "h5_gzip.h5": _hdf5(chunks=(7, 3, 4), compression="gzip", shuffle=True),
    "h5_lzf.h5": _hdf5(chunks=(7, 6, 8), compression="lzf"),
    "h5_scaleoffset.h5": _hdf5(chunks=(7, 6, 8), scaleoffset=2),
    "h5_fletcher.h5": _hdf5(chunks=(14, 6, 8), fletcher32=True),
    "matlab.mat": _matlab,
    "matlab_as.h5": _matlab,
}


def _models(folder: Path, X: np.ndarray) -> list[Path]:
    """Fit and save each kind of model."""
    from trialtensor import TCA, CoupledTCA, Parafac2, SliceTCA, TrialVaryingDynamics

    once = {"n_init": 1, "max_iter": 5, "random_state": 0}
    fits = {
        "model_tca.h5": (TCA(2, **once), {}),
        "model_slicetca.h5": (SliceTCA((1, 1, 1), **once), {}),
        "model_parafac2.h5": (Parafac2(2, **once), {"blocks": np.arange(14) // 7}),
        "model_coupled.h5": (CoupledTCA(2, groups=np.arange(6) // 3, **once), {}),
        "model_dynamics.h5": (TrialVaryingDynamics(2, **once), {}),
    }
    for name, (model, given) in fits.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # five sweeps are few
            model.fit(X, **given).save(folder / name)
    return [folder / name for name in fits]


def _simulations(folder: Path) -> list[Path]:
    """Save a network and a short run of it."""
    from trialtensor_models import CCRNN, CenterOut, Schedule, simulate

    network = CCRNN.pretrained()
    network.save(folder / "network.h5")
    simulate(network, CenterOut(), Schedule().baseline(2), record="behaviour").save(
        folder / "run.nc"
    )
    return [folder / "network.h5", folder / "run.nc"]
