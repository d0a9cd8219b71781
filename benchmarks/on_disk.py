"""Fits of data larger than their memory: ``python -m benchmarks.on_disk [--gigabytes 8]``.

With ``--axes 4`` of trials x channels x frequencies x times (TCA only), and beside that in memory.

Writes a recording of planted components with noise, fits it in a process of its own for each kind
and format, and removes it. Every pass starts with the file out of the page cache, and the speed of
the disk is measured just before it, by reading as much in one go: disks of shared machines differ
from minute to minute. A pass is held against the slower of its two limits, the disk and the
products that it has to compute at this processor's own speed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from trialtensor.solvers.contraction import khatri_rao

N_COMPONENTS = 10
RANKS = (2, 2, 2)
# Trials, neurons and times have the proportions of 2,000 x 2,000 x 500; so much has a trial of
# more axes, too.
_SHAPES = {3: (2000, 500), 4: (100, 50, 200)}
_PROBE = 500_000_000
KINDS = ("tca", "slicetca")
FORMATS = ("memmap", "uint8", "zarr")
# Resident memory that a fit may take, in bytes.
MOST_RESIDENT = 2e9


def shape_of(gigabytes: float, n_axes: int = 3) -> tuple[int, ...]:
    """Return the shape of float32 data of some size, fewer trials for less."""
    of_trial = _SHAPES[n_axes]
    return max(20, round(gigabytes * 1e9 / (4 * np.prod(of_trial)))), *of_trial


def write(path: Path, form: str, shape: tuple[int, ...]) -> None:
    """Write planted components and noise, a trial at a time."""
    rng = np.random.default_rng(0)
    trial, *others = (rng.random((n, N_COMPONENTS), np.float32) for n in shape)
    patterns = reduce(khatri_rao, others).T.copy()
    target = _target(path, form, shape)
    for k in range(shape[0]):
        rates = trial[k] @ patterns
        rates += 0.5 * rng.standard_normal(rates.size, np.float32)
        rates = rates.reshape(shape[1:])
        counts = form != "memmap"
        target[k] = np.clip(np.round(4 * rates), 0, 255).astype("u1") if counts else rates
    if hasattr(target, "flush"):
        target.flush()


def _target(path: Path, form: str, shape: tuple[int, ...]) -> Any:
    if form == "zarr":
        import zarr

        return zarr.open(str(path), mode="w", shape=shape, chunks=(1, *shape[1:]), dtype="u1")
    dtype = "f4" if form == "memmap" else "u1"
    return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)


def opened(path: Path, form: str) -> Any:
    """Open what `write` has written."""
    if form == "zarr":
        import zarr

        return zarr.open(str(path), mode="r")
    return np.load(path, mmap_mode="r")


def fit_here(path: Path, form: str, kind: str, memory: str) -> None:
    """Fit in this process, and print a line of JSON for each pass and one for the whole."""
    import trialtensor as tt
    from trialtensor.solvers.passes import chunked

    source = opened(path, form)
    run, flops = chunked.ChunkedPasses.run, _processor_speed()

    def timed(self: Any, job: Any) -> Any:
        limit = _disk_speed(path, form, source)
        forget(path)
        start = time.perf_counter()
        found = run(self, job)
        taken, job = time.perf_counter() - start, getattr(job, "job", job)
        _say(job=type(job).__name__, seconds=taken, disk=limit, columns=_columns(job))
        return found

    gram = chunked.ChunkedPasses.gram_of_trials

    def timed_gram(self: Any) -> Any:
        limit = _disk_speed(path, form, source)
        forget(path)
        start = time.perf_counter()
        found = gram(self)
        _say(job="GramOfTrials", seconds=time.perf_counter() - start, disk=limit, columns=0)
        return found

    chunked.ChunkedPasses.run = timed  # type: ignore[method-assign]
    chunked.ChunkedPasses.gram_of_trials = timed_gram  # type: ignore[method-assign]
    model: Any = tt.TCA(N_COMPONENTS, n_init=10, random_state=0)
    if kind == "slicetca":
        model = tt.SliceTCA(RANKS, n_init=10, random_state=0)
    start = time.perf_counter()
    model.fit(source[:] if memory == "all" else tt.on_disk(source, memory=memory))
    _say(
        whole=time.perf_counter() - start,
        resident=_peak(),
        loss=model.loss_,
        explained=float(model.explained_variance_ratio_),
        n_iter=model.n_iter_,
        flops=flops,
    )


def forget(path: Path) -> None:
    """Drop a file, or the files of a folder, from the page cache."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    for each in files:
        descriptor = os.open(each, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def _disk_speed(path: Path, form: str, source: Any) -> float:
    """Return the bytes a second that can be had of the source, without any work on them."""
    forget(path)
    start, n_bytes = time.perf_counter(), 0
    if form == "zarr":
        # Decompression is the limit of compressed data.
        per_trial = int(np.prod(source.shape[1:]))
        n = max(1, min(source.shape[0], _PROBE // per_trial))
        n_bytes = np.asarray(source[:n]).nbytes
    else:
        with open(path, "rb", buffering=0) as file:
            room = bytearray(64_000_000)
            while n_bytes < _PROBE and (n := file.readinto(room)):
                n_bytes += n
    return n_bytes / (time.perf_counter() - start)


def _processor_speed() -> float:
    """Return the operations a second of a large product in single precision."""
    a = np.random.default_rng(0).random((1500, 4000), np.float32)
    best = np.inf
    for _ in range(5):
        start = time.perf_counter()
        a @ a.T
        best = min(best, time.perf_counter() - start)
    return float(1500**2 * 4000 / best)


def _peak() -> int:
    words = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()
    return int(words[0]) * 1000


def _say(**found: Any) -> None:
    print(json.dumps(found), flush=True)


def _operations(job: str, shape: tuple[int, ...], columns: int) -> float:
    """Return the operations of a pass that are limited by products: Gram matrices and sketches.

    Parameters
    ----------
    job : str
    shape : three ints
    columns : int
        Of all products with the data in a sketch pass.
    """
    size = float(np.prod(shape))
    # A symmetric product needs half of them.
    longest = {"AxisGram": max(shape[1:]), "GramAlong": shape[-1], "GramOfTrials": shape[0]}
    return size * longest.get(job, 2 * columns)


def _columns(job: Any) -> int:
    """Return how many columns a sketch pass multiplies the data with, counting images."""
    if type(job).__name__ != "Reach":
        return 0
    trial, neuron, time = (each.shape[1] for each in job.directions)
    return int(trial + 2 * neuron + 2 * time + len(job.slices))


def compare(
    shape: tuple[int, ...], kinds: Sequence[str], forms: Sequence[str], memory: str
) -> bool:
    """Print how each pass does against its limit; return whether all requirements were met."""
    met = True
    print(f"{' x '.join(map(str, shape))} values, {np.prod(shape) * 4 / 1e9:.1f} GB as float32")
    with tempfile.TemporaryDirectory() as folder:
        for form in forms:
            path = Path(folder) / form
            write(path, form, shape)
            for kind in kinds:
                met &= _one(path, form, kind, memory, shape)
                if len(shape) > 3:
                    _in_memory(path, form, kind)
            if path.is_file():
                path.unlink()
    return met


def _in_memory(path: Path, form: str, kind: str) -> None:
    """Print what the same fit takes in memory."""
    whole = json.loads(_fitted(path, form, kind, "all").stdout.splitlines()[-1])
    print(
        f"  in memory: {whole['whole']:.0f} s with reading, peak resident "
        f"{whole['resident'] / 1e9:.2f} GB, loss {whole['loss']!r}"
    )


def _fitted(path: Path, form: str, kind: str, memory: str) -> Any:
    command = [sys.executable, "-m", "benchmarks.on_disk", "--fit", str(path), form, kind, memory]
    return subprocess.run(command, capture_output=True, text=True)


def _one(path: Path, form: str, kind: str, memory: str, shape: tuple[int, ...]) -> bool:
    done = _fitted(path, form, kind, memory)
    if done.returncode:
        print(f"{form} {kind}: failed: {done.stderr.strip().splitlines()[-1:]}")
        return False
    *passes, whole = map(json.loads, done.stdout.splitlines())
    n_bytes = float(np.prod(shape)) * (4 if form == "memmap" else 1)
    by_job: dict[str, list[tuple[float, float]]] = {}
    for each in passes:
        products = _operations(each["job"], shape, each["columns"]) / whole["flops"]
        limit = max(n_bytes / each["disk"], products)
        by_job.setdefault(each["job"], []).append((each["seconds"], limit))
    met = whole["resident"] <= MOST_RESIDENT
    in_passes = sum(each["seconds"] for each in passes)
    print(
        f"\n{form}, {kind}: {len(passes)} reads, {in_passes:.1f} s in passes of "
        f"{whole['whole']:.0f} s with probes, peak resident {whole['resident'] / 1e9:.2f} GB, "
        f"explained {whole['explained']:.4f}, {whole['n_iter']} sweeps, loss {whole['loss']!r}"
    )
    for job, times in by_job.items():
        seconds, limits = (float(np.median(each)) for each in zip(*times, strict=True))
        share = float(np.median([limit / spent for spent, limit in times]))
        met &= share >= 0.5
        print(
            f"  {job:20} {len(times):3} x {seconds:6.2f} s  {n_bytes / seconds / 1e9:5.2f} GB/s  "
            f"limit {limits:6.2f} s  {share:4.0%} of it"
        )
    return bool(met)


def main(arguments: list[str] | None = None) -> int:
    """Return exit status 1 if a requirement was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=8)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS)
    parser.add_argument("--formats", nargs="+", default=list(FORMATS), choices=FORMATS)
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--axes", type=int, default=3, choices=_SHAPES)
    parser.add_argument("--fit", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.fit:
        path, form, kind, memory = options.fit
        fit_here(Path(path), form, kind, memory)
        return 0
    kinds = [each for each in options.kinds if options.axes == 3 or each == "tca"]
    shape = shape_of(options.gigabytes, options.axes)
    return 0 if compare(shape, kinds, options.formats, options.memory) else 1


if __name__ == "__main__":
    raise SystemExit(main())
