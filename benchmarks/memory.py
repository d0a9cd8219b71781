"""Peak memory of a fit in a fresh process, in multiples of the data's own size."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import problems
from benchmarks.problems import RANK, Problem

LIMIT = 2.5
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Peak:
    """Peak memory beyond what the imports and a tiny fit had taken, over the data's size.

    The data itself, which the process loads, counts as 1.
    """

    task: str
    times_data: float

    @property
    def met(self) -> bool:
        """Within the limit."""
        return self.times_data < LIMIT


def compare() -> list[Peak]:
    """All tasks, each in its own process."""
    tasks = {
        "single fit": (problems.collinear, 1),
        "single fit, 10 restarts": (problems.collinear, 10),
        "non-negative": (problems.counts, 1),
        "tracked, 44 % observed": (problems.tracked, 1),
    }
    return [Peak(name, _measure(make(), n_init)) for name, (make, n_init) in tasks.items()]


def table(peaks: list[Peak]) -> str:
    """Markdown table."""
    lines = ["| task | peak memory / data | required | verdict |", "| --- | --- | --- | --- |"]
    for peak in peaks:
        verdict = "met" if peak.met else "MISSED"
        lines.append(f"| {peak.task} | {peak.times_data:.2f} | < {LIMIT} | {verdict} |")
    return "\n".join(lines)


def _measure(problem: Problem, n_init: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.npy"
        np.save(path, problem.X)
        options = {"nonnegative": problem.nonnegative, "n_init": n_init}
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.memory", str(path), json.dumps(options)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    return float(done.stdout)


def _status(field: str) -> int:
    """A memory field of this process, in bytes.

    Not ``getrusage``: its peak is inherited from the process that started this one.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(field + ":"))


def _child(path: str, options: dict[str, object]) -> float:
    from trialtensor import TCA

    tiny = problems.tracked((40, 20, 30), 2)
    TCA(2, random_state=0, **options).fit(np.abs(tiny.X))
    before = _status("VmRSS")
    X = np.load(path)
    TCA(RANK, random_state=0, **options).fit(X)
    return (_status("VmHWM") - before) / X.nbytes


if __name__ == "__main__":
    print(_child(sys.argv[1], json.loads(sys.argv[2])))
