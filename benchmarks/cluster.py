"""Two dask workers on this machine beside the chunked form: ``python -m benchmarks.cluster``.

The same Zarr array on disk, in the page cache, and the same passes, in turns: the sum of squares,
compression, and sweeps. The verdict is by the seconds of the processor, of all processes together:
on a busy machine those of the wall clock belong to others.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from trialtensor.solvers.acceleration import RowUpdater
from trialtensor.solvers.compression import compress
from trialtensor.solvers.passes.base import Passes
from trialtensor.solvers.passes.chunked import ChunkedPasses
from trialtensor.solvers.passes.on_dask import DaskPasses
from trialtensor.solvers.problems import DenseProblem

SHAPE, CHUNK, RANK = (1000, 500, 500), 50, 8
N_WORKERS, N_SWEEPS, N_MORE = 2, 2, 10
RATIO, GROWTH = 1.5, 20e6
UPDATE = RowUpdater((False, False, False))


@dataclass(frozen=True)
class Checked:
    """A number beside what is required of it."""

    what: str
    found: str
    required: str
    met: bool


def compare(n_runs: int = 2) -> list[Checked]:
    """Run both in turns, then more sweeps on the cluster while its scheduler is watched.

    Parameters
    ----------
    n_runs : int
    """
    import dask.array
    import zarr

    with tempfile.TemporaryDirectory() as folder, _cluster() as client:
        path = str(Path(folder) / "data.zarr")
        _write(path)
        stored = zarr.open(path, mode="r")
        chunked = ChunkedPasses(stored, np.float32, step=CHUNK)
        cluster = DaskPasses(dask.array.from_zarr(path), np.float32)
        _passes(cluster)  # workers import what they need
        ours, theirs, losses = [], [], []
        for _ in range(n_runs):
            for passes, seconds in ((cluster, ours), (chunked, theirs)):
                start, used = time.perf_counter(), _processor_seconds(client)
                losses.append(_passes(passes))
                wall = time.perf_counter() - start
                seconds.append((_processor_seconds(client) - used, wall))
        held = DaskPasses(cluster.data.persist(), np.float32)
        return [*_beside(ours, theirs, losses), *_watched(client, held)]


def table(rows: list[Checked]) -> str:
    """Format results as a Markdown table."""
    lines = ["| cluster of two workers | found | required | verdict |", "| --- " * 4 + "|"]
    for row in rows:
        verdict = "" if not row.required else "met" if row.met else "MISSED"
        lines.append(f"| {row.what} | {row.found} | {row.required} | {verdict} |")
    return "\n".join(lines)


def _write(path: str) -> None:
    """Write three components with noise, chunk by chunk."""
    import zarr

    stored = zarr.open(
        path,
        mode="w",
        shape=SHAPE,
        chunks=(CHUNK, *SHAPE[1:]),
        dtype="f4",
        compressor=None,
    )
    rng = np.random.default_rng(0)
    trial, neuron, time_ = (rng.random((n, 3)) for n in SHAPE)
    for first in range(0, SHAPE[0], CHUNK):
        own = slice(first, first + CHUNK)
        model = np.einsum("kr,nr,tr->knt", trial[own], neuron, time_, optimize=True)
        stored[own] = model + 0.5 * rng.standard_normal(model.shape)


@contextmanager
def _cluster() -> Iterator[Any]:
    import dask
    from distributed import Client, LocalCluster

    paths = {"distributed.nanny.pre-spawn-environ.PYTHONPATH": os.pathsep.join(sys.path)}
    with (
        dask.config.set(paths),
        LocalCluster(N_WORKERS, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client


def _passes(X: Passes) -> float:
    problem = DenseProblem(X, X.norm2())
    compress(problem, RANK)
    return _sweeps(problem, N_SWEEPS)


def _sweeps(problem: DenseProblem, n: int) -> float:
    rng = np.random.default_rng(0)
    factors: Any = tuple(rng.random((n, RANK)).astype(np.float32) for n in SHAPE)
    loss = float("nan")
    for _ in range(n):
        factors, loss = problem.sweep(factors, UPDATE)
    return loss


def _processor_seconds(client: Any) -> float:
    """Return those of this process and of all workers."""
    return time.process_time() + sum(client.run(time.process_time).values())


def _beside(
    ours: list[tuple[float, float]], theirs: list[tuple[float, float]], losses: list[float]
) -> list[Checked]:
    rows = []
    for i, clock in enumerate(("processor", "wall clock")):
        first, second = (median(each[i] for each in runs) for runs in (ours, theirs))
        found = f"{first:.2f} s, chunked {second:.2f} s: {first / second:.2f} times"
        size = f"{4 * np.prod(SHAPE) / 1e9:.1f} GB"
        what = f"passes over {size}, {clock}"
        rows.append(Checked(what, found, "" if i else f"{RATIO} times", first <= RATIO * second))
    apart = (max(losses) - min(losses)) / min(losses)
    return [
        *rows,
        Checked("losses differ by", f"{apart:.0e}", "1e-05", apart <= 1e-5),
    ]


def _watched(client: Any, X: DaskPasses) -> list[Checked]:
    """Look at the scheduler before and after many sweeps, and at what travels in each."""
    problem = DenseProblem(X, X.norm2())
    _sweeps(problem, N_MORE)
    moved, before = _moved(client), client.run_on_scheduler(_resident)
    _sweeps(problem, N_MORE)
    after, moved = client.run_on_scheduler(_resident), _moved(client) - moved
    tasks = client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))
    growth = f"{before / 1e6:.0f} MB, then {after / 1e6:.0f} MB, {tasks} tasks left"
    n_chunks, (K, N, T) = SHAPE[0] // CHUNK, SHAPE
    # Sums go up with every chunk; each worker gets the factors twice.
    up, down = n_chunks * RANK * (N + T) * 4, 2 * N_WORKERS * RANK * (K + N + T) * 4
    sent = f"{moved / N_MORE / 1e6:.2f} MB"
    return [
        Checked(f"scheduler over {N_MORE} sweeps", growth, "20 MB", after - before <= GROWTH),
        Checked("sums a sweep, R (N + T) numbers a chunk", f"{up / 1e6:.2f} MB", "", True),
        Checked("factors a sweep, R (K + N + T) a worker", f"{down / 1e6:.2f} MB", "", True),
        Checked("sent by workers a sweep, chunks that dask moved included", sent, "", True),
        Checked("data read where it is, a sweep", f"{2 * 4 * K * N * T / 1e6:.0f} MB", "", True),
    ]


def _moved(client: Any) -> int:
    """Return the bytes that workers have sent so far."""
    each = client.run(lambda dask_worker: dask_worker.transfer_outgoing_bytes_total)
    return int(sum(each.values()))


def _resident() -> int:
    """Return the resident memory of this process, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


if __name__ == "__main__":
    found = compare()
    print(table(found))
    sys.exit(0 if all(each.met for each in found if each.required) else 1)
