"""Sessions that are whole but mean harm: 10⁹ declared spikes or trials, circles, wrong types."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from benchmarks.fuzz_files import sessions

_BILLION = 10**9


def make_hostile_session(path: Path, mark: Path, rng: np.random.Generator) -> None:
    """Change a whole recording so that it means harm.

    Parameters
    ----------
    path : Path
        A copy of one that `sessions` wrote, which is changed.
    mark : Path
        Of traps.
    rng : numpy.random.Generator
    """
    kind = path.stem.split("-")[0].removeprefix("session_")
    ways = _WAYS.get(kind, [_replaced_by_a_trap])
    way = ways[rng.integers(len(ways))]
    if way is _replaced_by_a_trap:
        _replaced_by_a_trap(path, mark)
    else:
        way(path, rng)


def _replaced_by_a_trap(path: Path, mark: Path) -> None:
    file = max(path.rglob("*.*"), default=path, key=lambda each: each.is_file())
    sessions.plant(file if file.is_file() else path / "trap.pkl", mark)


def _huge_header(path: Path, rng: np.random.Generator) -> None:
    """Declare 10⁹ values in the header of an array."""
    files = sorted(path.rglob("*.npy"))
    file = files[rng.integers(len(files))]
    with file.open("r+b") as raw:
        shape = ("(1000000000,)", "(1000000000, 1)", "(2, 1000000000)")[rng.integers(3)]
        text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
        raw.write(b"\x93NUMPY\x01\x00\x76\x00" + text.encode())


def _declared(path: Path, rng: np.random.Generator) -> None:
    """Declare 10⁹ values in HDF5, hardly any of which were ever written."""
    with h5py.File(path, "r+") as file:
        names: list[str] = []
        file.visititems(lambda name, item: names.append(name) if hasattr(item, "shape") else None)
        name = names[rng.integers(len(names))]
        dtype, attributes = file[name].dtype, dict(file[name].attrs)
        shape = (_BILLION,) if file[name].ndim < 2 else (_BILLION, *file[name].shape[1:])
        del file[name]
        how = {"chunks": (2**20, *shape[1:]), "compression": "gzip"} if rng.random() < 0.7 else {}
        made = file.create_dataset(name, shape, dtype, **how)
        made.attrs.update(attributes)


def _circles(path: Path, rng: np.random.Generator) -> None:
    """Let groups hold each other, and references lead to themselves."""
    with h5py.File(path, "r+") as file:
        groups: list[str] = []
        file.visititems(lambda name, item: None if hasattr(item, "shape") else groups.append(name))
        for name in groups:
            file[f"{name}/again"] = file["/"]
        if "spikes" in file and file["spikes"].dtype == object:
            file["spikes"][0, 0] = file["spikes"].ref
        if "units/spike_times_index" in file:
            index = file["units/spike_times_index"]
            index.attrs["target"] = index.ref
        for name in ("units", "intervals/trials"):
            if name in file and rng.random() < 0.5:
                file[name].attrs["colnames"] = np.array([name, "again", "id"], dtype=object)


def _wrong_types(path: Path, rng: np.random.Generator) -> None:
    """Put values of another type into the place of some."""
    with h5py.File(path, "r+") as file:
        names: list[str] = []
        file.visititems(lambda name, item: names.append(name) if hasattr(item, "shape") else None)
        for name in rng.choice(names, 2):
            attributes = dict(file[name].attrs) if name in file else {}
            n = file[name].shape[0] if name in file and file[name].ndim else 3
            if name in file:
                del file[name]
            odd = [
                np.array(["x"] * n, dtype=object), np.arange(n) + 1j, np.full(n, 2**63, "u8"),
                np.full(n, -1), np.zeros((n, 0)), np.array(np.nan), np.full((n, 2, 2), np.inf),
                np.zeros(n, [("a", "f8")]), np.full(n, np.nan),
            ]  # fmt: skip
            made = file.create_dataset(name, data=odd[rng.integers(len(odd))])
            made.attrs.update(attributes)


def _index(path: Path, rng: np.random.Generator) -> None:
    """Let the spikes of units begin and end where there are none."""
    with h5py.File(path, "r+") as file:
        n = file["units/spike_times_index"].shape[0]
        del file["units/spike_times_index"]
        odd = [
            np.full(n, _BILLION), np.arange(n)[::-1], np.full(n, -5), np.arange(n) * 2.5,
            np.arange(_BILLION, _BILLION + n), np.full(n, 2**64 - 1, "u8"), np.zeros(0, "u8"),
        ]  # fmt: skip
        file["units/spike_times_index"] = odd[rng.integers(len(odd))]
        file["units/spike_times_index"].attrs["neurodata_type"] = "VectorIndex"


def _links(path: Path, rng: np.random.Generator) -> None:
    with h5py.File(path, "r+") as file:
        name = sorted(file)[rng.integers(len(file))]
        del file[name]
        if rng.random() < 0.5:
            file[name] = h5py.ExternalLink("/etc/passwd", "/x")
        else:
            file[name] = h5py.SoftLink(f"/{name}")


def _clusters(path: Path, rng: np.random.Generator) -> None:
    """Number clusters absurdly."""
    file = next(path.rglob("*spike*clusters.npy"))
    values = np.load(file)
    values = values.astype(np.int64)
    odd = [values + 2**40, -values - 1, values.astype(float) / 3, np.full_like(values, 2**31 - 1)]
    np.save(file, odd[rng.integers(len(odd))])


def _times(path: Path, rng: np.random.Generator) -> None:
    """Give times that are none."""
    file = next(path.rglob("*spike*times.npy"))
    values = np.load(file)
    odd = [
        np.full(values.shape, 2**64 - 1, "u8"), np.full(values.shape, np.nan),
        np.full(values.shape, np.inf), (values % 50_000).astype("f2"), values.astype("S5"),
        values[:0],
    ]  # fmt: skip
    np.save(file, odd[rng.integers(len(odd))])


def _parameters(path: Path, rng: np.random.Generator) -> None:
    odd = ["-1", "(" * 5000, "9" * 5000, "[]", "1e400", "-" * 20000 + "1", "None", "0x10", "''"]
    text = f"sample_rate = {odd[rng.integers(len(odd))]}\n"
    with (path / "params.py").open("a") as file:
        file.write(text)


def _text(path: Path, rng: np.random.Generator) -> None:
    """Write a table that is absurd."""
    n = int(10 ** rng.uniform(2, 5))
    odd = [
        "trial,neuron,time,value\n" + "".join(f"{k},{k},{k},1\n" for k in range(n)),
        ",".join(f"c{k}" for k in range(n)) + "\n" + "1," * n + "\n",
        'trial,neuron,time,value\n1,1,1,"' + "x" * n,
        "trial,neuron,time,value\n1,1,1,1," + "1," * n + "\n",
        "trial,neuron,time,value\n1,1,1e308,1\n1,1,-1e308,1\n1,1,inf,2\n",
        "trial,trial,trial,trial\n1,2,3,4\n",
        "neuron,time\n" + "a,0.1\n" * n + "\0\0\0",
        "time,a,b\n" + "".join(f"{k / 10},{k},x\n" for k in range(100)),
        "\n" * n,
        "trial,neuron,time,value\n" + "9" * n + ",1,0,1\n",
    ]
    path.write_text(odd[rng.integers(len(odd))])


def _rows(path: Path, rng: np.random.Generator) -> None:
    """Repeat one row more often than memory holds."""
    import pyarrow
    from pyarrow import parquet

    n = 5 * 10**6
    same = pyarrow.array(np.zeros(n, np.int8))
    columns = {name: same for name in ("trial", "unit", "time", "value")}
    table = pyarrow.table(columns)
    with parquet.ParquetWriter(path, table.schema) as writer:
        for _ in range(3):
            writer.write_table(table)


def _metadata(path: Path, rng: np.random.Generator) -> None:
    """Change a number or a name in the metadata of Zarr."""
    files = [each for each in path.rglob("*") if each.name in (".zarray", ".zattrs", "zarr.json")]
    file = files[rng.integers(len(files))]
    text = file.read_text()
    odd = [
        "1000000000",
        "-1",
        "1e9",
        '"pickle"',
        "null",
        "[]",
        "{}",
        "99999999999999999999",
        "true",
    ]
    digits = [k for k, each in enumerate(text) if each.isdigit() or each == "n"]
    at = digits[rng.integers(len(digits))]
    file.write_text(text[:at] + odd[rng.integers(len(odd))] + text[at + 1 :])


def _loops(path: Path, rng: np.random.Generator) -> None:
    for name in ("a", "b"):
        os.symlink(path, path / name)


_IN_HDF5: list[Callable[..., None]] = [_declared, _circles, _wrong_types, _links]
_WAYS: dict[str, list[Callable[..., None]]] = {
    "nwb": [*_IN_HDF5, _index, _wrong_types],
    "matlab73": _IN_HDF5,
    "suite2p": [_huge_header, _loops],
    "phy": [_huge_header, _clusters, _times, _parameters],
    "alf": [_huge_header, _clusters, _times, _loops],
    "table": [_text],
    "excel": [_text],
    "parquet": [_rows, _replaced_by_a_trap],
    "zarr": [_metadata],
    "nwbzarr": [_metadata],
}
