"""Peak memory of a fit in a fresh process, in multiples of the data's own size."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import grid, problems, slicing
from benchmarks.problems import RANK
from trialtensor.data import make_slicetca

# Estimator, its components, and the limit of its peak as a multiple of the data.
Kind = tuple[str, object, float]

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Peak:
    """Peak memory beyond that of the imports and a tiny fit, relative to the data's size.

    The data itself, which the process loads, counts as 1.
    """

    task: str
    times_data: float
    limit: float

    @property
    def met(self) -> bool:
        """True if the peak is within the limit."""
        return self.times_data < self.limit


def compare() -> list[Peak]:
    """Measure all tasks, each in its own process."""
    tca, slices = ("TCA", RANK, 2.5), ("SliceTCA", slicing.RANKS, 4.0)
    nonnegative = {"nonnegative": True}
    tasks: dict[str, tuple[Callable[[], np.ndarray], Kind, dict[str, object]]] = {
        "TCA": (lambda: problems.collinear().X, tca, {"n_init": 1}),
        "TCA, 10 restarts": (lambda: problems.collinear().X, tca, {"n_init": 10}),
        "TCA, non-negative": (lambda: problems.counts().X, tca, {"n_init": 1, **nonnegative}),
        "TCA, 44 % observed": (lambda: problems.tracked().X, tca, {"n_init": 1}),
        "SliceTCA": (_slices, slices, {"n_init": 1}),
        "SliceTCA, 20 % missing": (_holed_slices, slices, {"n_init": 1}),
        "SliceTCA, non-negative": (
            lambda: np.abs(_slices()),
            slices,
            {"n_init": 1, "max_iter": 20, **nonnegative},
        ),
    }
    return [
        Peak(name, _measure(make(), kind, options), kind[2])
        for name, (make, kind, options) in tasks.items()
    ]


def _slices() -> np.ndarray:
    return make_slicetca(*grid.SHAPE, slicing.RANKS, snr=4.0, random_state=0).X


def _holed_slices() -> np.ndarray:
    return np.where(slicing.train_mask(grid.SHAPE, 0), _slices(), np.nan)


def table(peaks: list[Peak]) -> str:
    """Format peaks as a Markdown table."""
    lines = ["| task | peak memory / data | required | verdict |", "| --- | --- | --- | --- |"]
    for peak in peaks:
        verdict = "met" if peak.met else "MISSED"
        lines.append(f"| {peak.task} | {peak.times_data:.2f} | < {peak.limit} | {verdict} |")
    return "\n".join(lines)


def _measure(X: np.ndarray, kind: Kind, options: dict[str, object]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.npy"
        np.save(path, X)
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "benchmarks.memory",
                str(path),
                json.dumps([*kind[:2], options]),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    return float(done.stdout)


def _status(field: str) -> int:
    """Return a memory field of this process, in bytes.

    ``getrusage`` won't do, because a process inherits its peak from the one that started it.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(field + ":"))


def _child(path: str, name: str, n_components: object, options: dict[str, object]) -> float:
    import trialtensor

    make = getattr(trialtensor, name)
    tiny = np.abs(problems.tracked((40, 20, 30), 2).X)
    for few in (tiny, np.nan_to_num(tiny)):
        make(2 if name == "TCA" else (1, 1, 1), random_state=0, **options).fit(few)
    before = _status("VmRSS")
    X = np.load(path)
    make(n_components, random_state=0, **options).fit(X)
    return (_status("VmHWM") - before) / X.nbytes


if __name__ == "__main__":
    print(_child(sys.argv[1], *json.loads(sys.argv[2])))
