"""Parafac2 compared with tensorly on slices of different sizes: ``python -m benchmarks.parafac2``.

tensorly is called as in its documentation. A timed run of ours is a whole fit with checks and
final diagnostics, from its single default start to tensorly's final loss or a lower one.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.timing import Row, Run, clock, table
from trialtensor import Parafac2, make_parafac2
from trialtensor.data import SyntheticBlocks
from trialtensor.solvers.matching import cosines

REQUIRED = 5.0


def tasks() -> dict[str, tuple[SyntheticBlocks, int]]:
    """Return data sets and their numbers of components."""
    rng = np.random.default_rng(0)
    return {
        "40 slices of 60 to 120 x 80, rank 4": (
            make_parafac2(1, rng.integers(60, 121, 40), 80, 4, snr=4.0, random_state=0),
            4,
        ),
        "150 slices of 40 to 80 x 90, rank 5": (
            make_parafac2(1, rng.integers(40, 81, 150), 90, 5, snr=2.0, random_state=0),
            5,
        ),
        "300 slices of 100 to 200 x 100, rank 6": (
            make_parafac2(1, rng.integers(100, 201, 300), 100, 6, snr=1.0, random_state=0),
            6,
        ),
    }


def compare(n_runs: int = 3) -> list[Row]:
    """Time our fits to the peer's final loss; the peer starts at random, its default."""
    rows = []
    for name, (data, rank) in tasks().items():
        X = [block[0] for block in data.X]
        _ours(X[:8], rank, 0, 1e-6)
        for init in ("random", "svd"):
            theirs = [_run(partial(_peer, X, rank, init, seed), X) for seed in range(n_runs)]
            ours = []
            for seed, peer in enumerate(theirs):
                run = _run(partial(_ours, X, rank, seed, 1e-7), X)
                reached = run.loss <= peer.loss * (1 + 1e-6)
                ours.append(Run(run.seconds, run.cpu_seconds, run.loss, reached, run.sweeps))
            best = min(run.loss for run in (*ours, *theirs))
            rows.append(Row(name, f"tensorly parafac2 ({init})", ours, theirs, best, REQUIRED))
    return rows


def recovery(fractions: tuple[float, ...] = (0.0, 0.1, 0.3), n_sets: int = 10) -> str:
    """Find the worst congruence of a component with its planted one, by missing fraction."""
    lines = ["| missing | worst congruence of trial, neuron, time factors |", "| --- | --- |"]
    for fraction in fractions:
        worst = np.ones(3)
        for seed in range(n_sets):
            data = make_parafac2(snr=4.0, missing_fraction=fraction, random_state=seed)
            model = Parafac2(3, random_state=0).fit(data.X)
            worst = np.minimum(worst, _congruence(model, data))
        lines.append(f"| {fraction:.0%} | {', '.join(f'{each:.4f}' for each in worst)} |")
    return "\n".join(lines)


def _congruence(model: Parafac2, data: SyntheticBlocks) -> np.ndarray:
    own = [model.neuron_factors_[b, : x.shape[1]] for b, x in enumerate(data.X)]
    pairs = (
        (data.trial_factors, model.trial_factors_),
        (np.concatenate(data.neuron_factors), np.concatenate(own)),
        (data.time_factors, model.time_factors_),
    )
    return np.array([np.abs(cosines(a, b)).max(axis=1).min() for a, b in pairs])


def _ours(X: list[np.ndarray], rank: int, seed: int, tol: float) -> list[np.ndarray]:
    model = Parafac2(rank, n_init=1, tol=tol, random_state=seed).fit(X)
    return [block[0] for block in model.reconstruct()]


def _peer(X: list[np.ndarray], rank: int, init: str, seed: int) -> list[np.ndarray]:
    from tensorly.decomposition import parafac2
    from tensorly.parafac2_tensor import parafac2_to_slices

    return parafac2_to_slices(parafac2(X, rank, init=init, random_state=seed))


def _run(fit: Callable[[], list[np.ndarray]], X: list[np.ndarray]) -> Run:
    rebuilt, seconds, cpu = clock(fit)
    loss = sum(float(np.sum((x - y) ** 2)) for x, y in zip(X, rebuilt, strict=True))
    return Run(seconds, cpu, loss)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    found = compare()
    print(table(found))
    print()
    print(recovery())
    sys.exit(0 if all(row.met for row in found) else 1)
