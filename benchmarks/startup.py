"""Start-up times: ``python -m benchmarks.startup``.

Covers the import, relative to bare Python; the first fit of a fresh process, with and without
compiled kernels in the cache; and a fit from a read-only installation.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
# Every kind of fit, because each compiles its own kernels.
FIT = """
import numpy as np
from trialtensor import TCA
X = np.random.default_rng(0).random((60, 30, 20))
holes = np.where(np.random.default_rng(1).random(X.shape) < 0.1, np.nan, X)
for nonnegative in (False, True):
    for data in (X, holes):
        TCA(3, nonnegative=nonnegative, n_init=2, max_iter=200, tol=1e-3, random_state=0).fit(data)
"""


@dataclass(frozen=True)
class Startup:
    """Seconds of one way to start, and their limit (None: it only has to work)."""

    task: str
    seconds: float
    allowed: float | None

    @property
    def met(self) -> bool:
        """True if it was fast enough."""
        return self.allowed is None or self.seconds < self.allowed


def compare(runs: int = 5) -> list[Startup]:
    """Time every way to start, each in a process of its own."""
    bare = median(_seconds("pass") for _ in range(runs))
    imported = median(_seconds("import trialtensor") for _ in range(runs))
    with tempfile.TemporaryDirectory() as cache:
        cold = _seconds(FIT, NUMBA_CACHE_DIR=cache)
        warm = median(_seconds(FIT, NUMBA_CACHE_DIR=cache) for _ in range(runs))
    return [
        Startup("import trialtensor, over bare Python", imported - bare, 0.3),
        Startup("first fits, compiled kernels in the cache", warm, 3.0),
        Startup("first fits, nothing in the cache", cold, 15.0),
        Startup("first fits, read-only installation", read_only(), None),
    ]


def read_only() -> float:
    """Fit from a read-only copy, with no place for a cache.

    Raises
    ------
    subprocess.CalledProcessError
        If the fit fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "site")
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "trialtensor", copy / "trialtensor", ignore=ignored)
        _set_writable(copy, False)
        try:
            return _seconds(FIT, cwd=copy, HOME="/nonexistent", XDG_CACHE_HOME="/nonexistent")
        finally:
            _set_writable(copy, True)


def _set_writable(folder: Path, writable: bool) -> None:
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755 if writable else 0o555)


def _seconds(code: str, cwd: Path = ROOT, **environment: str) -> float:
    begin = time.perf_counter()
    subprocess.run(
        [*_as_nobody(cwd), sys.executable, "-c", code],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(cwd), **environment},
        check=True,
    )
    return time.perf_counter() - begin


def _as_nobody(cwd: Path) -> list[str]:
    """Drop root's privileges where possible, because nothing is read-only for root."""
    setpriv = shutil.which("setpriv")
    if cwd == ROOT or os.geteuid() != 0 or setpriv is None:
        return []
    return [setpriv, "--bounding-set=-dac_override", "--inh-caps=-dac_override"]


def table(startups: list[Startup]) -> str:
    """Format the times as a Markdown table."""
    lines = ["| start | seconds | allowed | verdict |", "| --- | --- | --- | --- |"]
    for each in startups:
        allowed = "" if each.allowed is None else f"{each.allowed:g}"
        verdict = "met" if each.met else "MISSED"
        lines.append(f"| {each.task} | {each.seconds:.2f} | {allowed} | {verdict} |")
    return "\n".join(lines)


if __name__ == "__main__":
    found = compare()
    print(table(found))
    sys.exit(not all(each.met for each in found))
