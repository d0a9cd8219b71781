"""Searches over a file: memory, reads, and whether they find what a search in memory finds.

``python -m benchmarks.search_on_disk`` makes files of half a gigabyte and of two, searches each in
a process of its own, and removes them. Few sweeps are enough to see both.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

NEURONS, TIMES = 500, 250
SWEEPS = 2


def splitters() -> dict[str, Any]:
    """Return one of each kind, for a single split."""
    from trialtensor.selection import Speckled, TimeBlocks, TrialsByNeurons, WholeTrials

    kinds = (Speckled, TimeBlocks, TrialsByNeurons, WholeTrials)
    return {kind.__name__: kind(0.1, n_splits=1) for kind in kinds}


def search(X: Any, splits: Any, **options: Any) -> Any:
    """Search for one or two components by few sweeps."""
    from trialtensor import TCA, CrossValidatedSearch

    model = TCA(1, n_init=1, max_iter=SWEEPS)
    given = {"refit": False, "random_state": 0, **options}
    return CrossValidatedSearch(model, [1, 2], splits=splits, **given).fit(X)


def write(path: Path, gigabytes: float) -> None:
    """Write float32 trials of two components and noise, a few at a time."""
    n_trials = round(gigabytes * 1e9 / (4 * NEURONS * TIMES))
    rng = np.random.default_rng(0)
    neuron, time_course = rng.random((2, NEURONS)), rng.standard_normal((2, TIMES))
    shape = (n_trials, NEURONS, TIMES)
    values = np.lib.format.open_memmap(path, "w+", np.float32, shape)
    for trial in range(n_trials):
        signal = np.einsum("r,rn,rt->nt", rng.random(2), neuron, time_course)
        values[trial] = signal + rng.standard_normal((NEURONS, TIMES), np.float32)
    values.flush()


def measured(path: Path, name: str) -> None:
    """Search one file, and print memory beyond that of the imports, reads and seconds."""
    from trialtensor import on_disk
    from trialtensor.solvers.passes.chunked import ChunkedPasses

    reads = [0]
    begin = ChunkedPasses._begin_read

    def counted(self: Any) -> None:
        reads[0] += 1
        begin(self)

    ChunkedPasses._begin_read = counted  # type: ignore[method-assign]
    values = np.load(path, mmap_mode="r")
    search(np.asarray(values[:20]), splitters()["WholeTrials"])  # compiles and imports
    before, start = _peak(), time.process_time()
    found = search(on_disk(values), splitters()[name])
    spent = time.process_time() - start
    size = path.stat().st_size / 1e9
    print(
        f"{size:4.1f} GB  {name:16} {1000 * (_peak() - before):5.0f} MB more, {reads[0]:3} passes, "
        f"{size * reads[0] / spent:5.2f} GB a second of one processor; "
        f"errors {found.results_['error'].round(6).tolist()}",
        flush=True,
    )


def compared(shape: tuple[int, int, int]) -> None:
    """Compare searches of large data in memory and on disk, in double precision."""
    from trialtensor import make_tca, on_disk

    X = make_tca(*shape, 2, snr=1.0, random_state=0).X
    for name, splits in splitters().items():
        ours, theirs = (search(each, splits).results_["error"] for each in (on_disk(X), X))
        print(f"{name:16} differs from memory by {np.abs(ours - theirs).max():.1e}", flush=True)


def _peak() -> float:
    """Return the peak of resident memory in gigabytes, of this program alone."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1e6


def main(words: Sequence[str] | None = None) -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, nargs="+", default=[0.5, 2])
    parser.add_argument("--skip", action="store_true", help="don't compare with memory")
    parser.add_argument("--only", nargs="+", default=list(splitters()), help="splitters")
    parser.add_argument("--one", nargs=2, metavar=("FILE", "SPLITTER"), help=argparse.SUPPRESS)
    asked = parser.parse_args(words)
    if asked.one:
        measured(Path(asked.one[0]), asked.one[1])
        return
    if not asked.skip:
        compared((400, 150, 200))
    for gigabytes in asked.gigabytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "trials.npy"
            write(path, gigabytes)
            for name in asked.only:
                command = [sys.executable, "-m", __spec__.name, "--one", str(path), name]
                subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
