"""Run the comparisons and print one table: ``python -m benchmarks [TASK ...]``."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import sys
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import threadpoolctl

from benchmarks import (
    binning,
    ccrnn,
    cluster,
    ensemble,
    evidence,
    four_way,
    grid,
    kernels,
    memory,
    selection,
    single_fits,
    slicing,
    theories,
)
from benchmarks.timing import Row, table

SINGLE_FITS = {
    "single": single_fits.single,
    "nonnegative": single_fits.nonnegative,
    "tracked": single_fits.tracked,
}
# Task -> the function that returns rows, each with its `met`, and the one that formats them.
SECTIONS: dict[str, tuple[Callable[[], list[Any]], Callable[[list[Any]], str]]] = {
    "grid": (grid.compare, grid.table),
    "memory": (memory.compare, memory.table),
    "cluster": (cluster.compare, cluster.table),
    "binning": (binning.compare, binning.table),
    "kernels": (kernels.compare, kernels.table),
    "selection": (selection.compare, selection.table),
    "search": (selection.checks, evidence.table),
    "evidence": (evidence.compare, evidence.table),
    "ccrnn": (ccrnn.compare, evidence.table),
    "four_way": (four_way.compare, four_way.table),
    "theories": (theories.compare, theories.table),
}
TASKS = (*SINGLE_FITS, "ensemble", "slices", *SECTIONS)
RESULTS = Path(__file__).parent / "results"
PACKAGES = ("numpy", "scipy", "numba", "tensorly", "tensortools", "pyttb", "slicetca", "torch")


def main(arguments: list[str] | None = None) -> int:
    """Return exit status 1 if a requirement was missed."""
    options = _parse(arguments)
    # Raised by the peers' own compiled code.
    warnings.filterwarnings("ignore", message=".*faster on contiguous arrays")
    print(_machine(), flush=True)
    rows: list[Row] = []
    for name in options.tasks:
        if name in SINGLE_FITS:
            task = SINGLE_FITS[name]()
            rows += _say(single_fits.compare(task, options.runs, options.cap, options.tol))
        elif name == "ensemble":
            rows += _say(ensemble.compare(options.replicates))
        elif name == "slices":
            rows += _say(slicing.compare(options.runs))
    found = {name: SECTIONS[name][0]() for name in options.tasks if name in SECTIONS}
    tables = [table(rows)] if rows else []
    tables += [SECTIONS[name][1](each) for name, each in found.items()]
    print("\n" + "\n\n".join(tables))
    print(_busy(rows), end="")
    forgotten = kernels.uncovered(found["kernels"]) if "kernels" in found else set()
    if forgotten:
        print(f"\nKernels without a comparison: {', '.join(sorted(forgotten))}")
    _save({"rows": rows, **found}, "\n\n".join(tables))
    required = [row.met for row in rows if row.required is not None]
    met = all([*required, *(each.met for section in found.values() for each in section)])
    return 0 if met and not forgotten else 1


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=f"of {', '.join(TASKS)}")
    parser.add_argument("--runs", type=int, default=3, help="timed runs, each its own seed")
    parser.add_argument("--cap", type=float, default=100.0, help="seconds a peer's fit may take")
    parser.add_argument("--tol", type=float, default=1e-5, help="our stopping rule in single fits")
    parser.add_argument(
        "--replicates", type=int, default=ensemble.RESTARTS, help="Ensemble restarts a rank"
    )
    options = parser.parse_args(arguments)
    unknown = set(options.tasks) - set(TASKS)
    if unknown:
        parser.error(f"unknown task {', '.join(sorted(unknown))}; there are {', '.join(TASKS)}")
    options.tasks = options.tasks or list(TASKS)
    return options


def _say(rows: list[Row]) -> list[Row]:
    """Print progress to stderr during long runs."""
    for row in rows:
        print(" | ".join(row.cells()), file=sys.stderr, flush=True)
    return rows


def _machine() -> str:
    threads = {pool["num_threads"] for pool in threadpoolctl.threadpool_info()}
    if threads - {1}:
        raise RuntimeError(f"thread pools of {threads} threads: run as python -m benchmarks")
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, one thread used; "
        f"Python {platform.python_version()}, {packages}"
    )


def _busy(rows: list[Row]) -> str:
    """Return a warning if the wall clock ran ahead while the processor did other work."""
    runs = [run for row in rows for run in (*row.ours, *row.theirs)]
    worst = max((run.seconds / run.cpu_seconds for run in runs), default=1.0)
    if worst < 1.1:
        return ""
    return f"\nThe machine was busy: one run took {worst:.2f} times its processor time.\n"


def _save(results: dict[str, Any], tables: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    stem = time.strftime("%Y%m%d-%H%M%S")
    plain = {name: [dataclasses.asdict(r) for r in each] for name, each in results.items()}
    text = json.dumps({"machine": _machine(), **plain}, indent=1)
    (RESULTS / f"{stem}.json").write_text(text)
    (RESULTS / f"{stem}.md").write_text(f"{_machine()}\n\n{tables}\n")


if __name__ == "__main__":
    sys.exit(main())
