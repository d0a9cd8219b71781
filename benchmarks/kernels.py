"""Comparison of every compiled kernel with the same computation in NumPy."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np
from scipy.optimize import nnls

import trialtensor.kernels as kernels
from benchmarks import (
    adaptation_kernels,
    change_kernels,
    spike_kernels,
    theory_kernels,
    transition_kernels,
)
from benchmarks.timing import clock
from trialtensor.kernels.active_set import exact_nonnegative_rows
from trialtensor.kernels.least_squares import damped_rows
from trialtensor.kernels.nonnegative import nonnegative_rows


@dataclass(frozen=True)
class Comparison:
    """Seconds of a kernel and of its NumPy form, and the difference of their results."""

    kernel: str
    case: str
    compiled: float
    numpy: float
    difference: float

    @property
    def met(self) -> bool:
        """True if the kernel is faster and gives the same result."""
        return self.compiled < self.numpy and self.difference < 1e-8


def compare(n_runs: int = 7) -> list[Comparison]:
    """Time all kernels on the sizes of a sweep over 400 trials with 8 components."""
    rng = np.random.default_rng(0)
    rank, n_rows, n_passes = 8, 400, 8
    design = rng.random((n_rows, 50, rank))
    own = np.einsum("iur,ius->irs", design, design)
    results = []
    for case, grams in (("one Gram matrix", own[:1]), ("a Gram matrix a row", own)):
        rhs = np.einsum("irs,is->ir", grams, rng.normal(size=(n_rows, rank)))
        start = rng.random((n_rows, rank))
        results.append(
            _compare(
                f"nonnegative_rows, {case}",
                lambda g=grams, m=rhs, x=start: nonnegative_rows(g, m, x, n_passes, 0.0),
                lambda g=grams, m=rhs, x=start: _nonnegative_rows_numpy(g, m, x, n_passes),
                n_runs,
            )
        )
        # The last solve of trial factors, from nearby, as the fit does.
        near = np.maximum(np.linalg.solve(grams, rhs[:, :, None])[:, :, 0], 0)
        results.append(
            _compare(
                f"exact_nonnegative_rows, {case}",
                lambda g=grams, m=rhs, x=near: exact_nonnegative_rows(g, m, x, 1e-14),
                lambda g=grams, m=rhs: _exact_nonnegative_rows_scipy(g, m),
                n_runs,
            )
        )
    # The cells of a trial slice: many rows, few components.
    rank, n_rows = 3, 20_000
    design = rng.normal(size=(n_rows, 10, rank))
    own = np.einsum("iur,ius->irs", design, design)
    rhs, start = rng.normal(size=(2, n_rows, rank))
    results.append(
        _compare(
            "damped_rows, a Gram matrix a row",
            lambda: damped_rows(own, rhs, start, 1e-15),
            lambda: np.linalg.solve(own, rhs[:, :, None])[:, :, 0],
            n_runs,
        )
    )
    others = (
        *(adaptation_kernels, change_kernels, spike_kernels),
        *(theory_kernels, transition_kernels),
    )
    for name, compiled, numpy in (case for module in others for case in module.cases()):
        results.append(_compare(name, compiled, numpy, n_runs))
    return results


def uncovered(results: list[Comparison]) -> set[str]:
    """Return the compiled functions that no comparison covers."""
    compiled = set()
    for module in pkgutil.iter_modules(kernels.__path__, kernels.__name__ + "."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if hasattr(value, "py_func") and not name.startswith("_"):
                compiled.add(name)
    return compiled - {result.kernel for result in results}


def table(results: list[Comparison]) -> str:
    """Format results as a Markdown table."""
    lines = [
        "| kernel | compiled (ms) | NumPy (ms) | ratio | difference | verdict |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for r in results:
        lines.append(
            f"| {r.kernel}, {r.case} | {1e3 * r.compiled:.3f} | {1e3 * r.numpy:.3f} | "
            f"{r.numpy / r.compiled:.1f} | {r.difference:.0e} | {'met' if r.met else 'MISSED'} |"
        )
    return "\n".join(lines)


def _compare(
    name: str,
    compiled: Callable[[], np.ndarray],
    numpy: Callable[[], np.ndarray],
    n_runs: int,
) -> Comparison:
    kernel, case = name.split(", ", 1)
    difference = float(np.abs(compiled() - numpy()).max())
    seconds = [(clock(compiled)[1], clock(numpy)[1]) for _ in range(n_runs)]
    return Comparison(
        kernel, case, median(s[0] for s in seconds), median(s[1] for s in seconds), difference
    )


def _nonnegative_rows_numpy(
    grams: np.ndarray, rhs: np.ndarray, start: np.ndarray, n_passes: int
) -> np.ndarray:
    """Take the same coordinate steps for all rows at once."""
    x = start.copy()
    shared = grams.shape[0] == 1
    for _ in range(n_passes):
        for r in range(x.shape[1]):
            pull = x @ grams[0, r] if shared else np.einsum("is,is->i", grams[:, r], x)
            x[:, r] = np.maximum(x[:, r] + (rhs[:, r] - pull) / grams[:, r, r], 0)
    return x


def _exact_nonnegative_rows_scipy(grams: np.ndarray, rhs: np.ndarray) -> np.ndarray:
    """Solve row after row from a Cholesky factor, by the same method on a design matrix."""
    factors = np.linalg.cholesky(grams)
    shared = len(factors) == 1
    return np.array(
        [
            nnls((factor := factors[0 if shared else i]).T, np.linalg.solve(factor, row))[0]
            for i, row in enumerate(rhs)
        ]
    )
