"""Optima that restarts reach on planted problems: ``python -m benchmarks.optima [MODEL ...]``.

Several optima are no fault, but restarts must differ for their agreement to mean anything, and the
best of the default restarts should be the best that many more starts find.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trialtensor import TCA, CoupledTCA, Parafac2, SliceTCA, TrialVaryingDynamics
from trialtensor.selection import stability

N_PROBLEMS = 50
# Restarts are at one optimum if their losses differ by less than this (relative) ...
SAME_LOSS = 1e-4
# ... and their components, or the subspaces of loadings, are this similar.
ALIKE = 0.99
SHAPE = (12, 9, 10)
RANK = 4
RANKS = (2, 1, 1)

Fit = Callable[..., Any]


@dataclass(frozen=True)
class Kind:
    """A model, its planted data, and the number of starts that serve as reference."""

    fit: Fit
    make: Callable[[np.random.Generator], Any]
    n_many: int = 200
    # Varied starts for a model whose own restarts may be one start.
    starts: Callable[[Any, np.random.Generator], Any] | None = None


@dataclass(frozen=True)
class Found:
    """What came of one problem."""

    n_optima: int
    # Loss of the default fit, relative to the best of many starts.
    above: float
    n_dead: int
    n_restarts: int
    seconds: float


def _factors(
    rng: np.random.Generator, positive: tuple[bool, bool, bool], rank: int = RANK
) -> list[np.ndarray]:
    """Draw factors with a common part, since distinct ones are found from any start."""
    drawn = [np.sqrt(0.5) * rng.standard_normal((n, 1)) for n in SHAPE]
    whole = [f + np.sqrt(0.5) * rng.standard_normal((len(f), rank)) for f in drawn]
    return [np.abs(f) if up else f for f, up in zip(whole, positive, strict=True)]


def _noisy(X: np.ndarray, rng: np.random.Generator, level: float = 1.0) -> np.ndarray:
    return X / X.std() + level * rng.standard_normal(X.shape)


def _cp(*positive: bool, level: float = 1.0) -> Callable[[np.random.Generator], np.ndarray]:
    def make(rng: np.random.Generator) -> np.ndarray:
        factors = _factors(rng, (positive[0], positive[1], positive[2]))
        return _noisy(np.einsum("kr,nr,tr->knt", *factors), rng, level)

    return make


def _positive_slices(rng: np.random.Generator) -> np.ndarray:
    X = np.zeros(SHAPE)
    for axis, rank in enumerate(RANKS):
        others = [n for i, n in enumerate(SHAPE) if i != axis]
        loading = np.abs(rng.standard_normal((SHAPE[axis], rank)))
        slices = np.abs(rng.standard_normal((rank, *others)))
        X += np.moveaxis(np.tensordot(loading, slices, axes=1), 0, axis)
    return _noisy(X, rng)


def _blocks(rng: np.random.Generator) -> np.ndarray:
    trial, neuron, time_ = _factors(rng, (True, False, False), 2)
    turns = [np.linalg.qr(rng.standard_normal((SHAPE[1], SHAPE[1])))[0] for _ in range(3)]
    parts = np.array_split(np.arange(SHAPE[0]), 3)
    X = [
        np.einsum("kr,nr,tr->knt", trial[rows], turn @ neuron, time_)
        for rows, turn in zip(parts, turns, strict=True)
    ]
    return _noisy(np.concatenate(X), rng)


def _regions(rng: np.random.Generator) -> dict[str, np.ndarray]:
    trial, *_ = _factors(rng, (False, False, False))
    found = {}
    for name in ("a", "b"):
        _, neuron, time_ = _factors(rng, (False, False, False))
        found[name] = _noisy(np.einsum("kr,nr,tr->knt", trial, neuron, time_), rng)
    return found


def _dynamics(rng: np.random.Generator) -> np.ndarray:
    n_trials, n, n_times, rank = 20, 6, 20, 2
    factors = (rng.standard_normal((n_trials, rank)), *rng.standard_normal((2, n, rank)))
    W = np.einsum("kr,nr,mr->knm", *factors)
    W *= 0.9 / np.abs(np.linalg.eigvals(W)).max(axis=1)[:, None, None]
    X = np.zeros((n_trials, n, n_times))
    X[:, :, 0] = rng.standard_normal((n_trials, n))
    for t in range(n_times - 1):
        step = 0.5 * rng.standard_normal((n_trials, n))
        X[:, :, t + 1] = np.einsum("knm,km->kn", W, X[:, :, t]) + step
    return X


def _subset_starts(X: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Draw loadings from the leading singular vectors of each unfolding."""
    starts = []
    for axis, rank in enumerate(RANKS):
        unfolded = np.moveaxis(X, axis, 0).reshape(X.shape[axis], -1)
        vectors = np.linalg.svd(unfolded, full_matrices=False)[0]
        starts.append(vectors[:, rng.permutation(2 * rank + 2)[:rank]])
    return starts


def _parafac2(X: np.ndarray, **options: Any) -> Parafac2:
    return Parafac2(2, **options).fit(X, blocks=np.repeat([0, 1, 2], SHAPE[0] // 3))


KINDS: dict[str, Kind] = {
    "TCA": Kind(lambda X, **o: TCA(RANK, **o).fit(X), _cp(False, False, False)),
    "TCA, non-negative trials": Kind(
        lambda X, **o: TCA(RANK, nonnegative=["trial"], **o).fit(X),
        _cp(True, False, False),
        n_many=50,
    ),
    "TCA, non-negative": Kind(
        lambda X, **o: TCA(RANK, nonnegative=True, **o).fit(X), _cp(True, True, True)
    ),
    "SliceTCA": Kind(
        lambda X, **o: SliceTCA(RANKS, **o).fit(X),
        # Four components that slices describe in more than one way.
        _cp(False, False, False, level=0.1),
        n_many=50,
        starts=_subset_starts,
    ),
    "SliceTCA, non-negative": Kind(
        lambda X, **o: SliceTCA(RANKS, nonnegative=True, **o).fit(X), _positive_slices, n_many=50
    ),
    "Parafac2": Kind(_parafac2, _blocks, n_many=50),
    "CoupledTCA": Kind(lambda X, **o: CoupledTCA(RANK, **o).fit(X), _regions, n_many=50),
    "TrialVaryingDynamics": Kind(
        lambda X, **o: TrialVaryingDynamics(2, **o).fit(X), _dynamics, n_many=50
    ),
}


def optima(restarts: list[Any]) -> int:
    """Count the optima among restarts."""
    if len(restarts) < 2:
        return len(restarts)
    # Older versions have no other places than those of their own.
    alone = [_alone(restart) for restart in restarts]
    similarity = stability(alone, n_null=1).pairs
    found: list[int] = []
    for i, restart in enumerate(restarts):
        same = (
            abs(restart.loss / restarts[j].loss - 1) < SAME_LOSS and similarity[i, j] > ALIKE
            for j in found
        )
        if not any(same):
            found.append(i)
    return len(found)


def _alone(restart: Any) -> Any:
    return replace(restart, origin=None) if hasattr(restart, "origin") else restart


def measure(kind: Kind, seed: int) -> Found:
    """Fit one problem with the default restarts, and with many."""
    X = kind.make(np.random.default_rng(seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.process_time()
        model = kind.fit(X, random_state=seed)
        seconds = time.process_time() - start
        rng = np.random.default_rng(seed + 10_000)
        if kind.starts is None:
            best = kind.fit(X, random_state=seed + 1, init="random", n_init=kind.n_many).loss_
        else:
            starts = [kind.starts(X, rng) for _ in range(kind.n_many)]
            best = min(kind.fit(X, init=each, n_init=1).loss_ for each in starts)
    restarts = model.restarts_
    dead = sum(bool(np.any(np.asarray(each.weights) == 0)) for each in restarts)
    return Found(
        optima(restarts), model.loss_ / min(best, model.loss_) - 1, dead, len(restarts), seconds
    )


def row(name: str, found: list[Found]) -> str:
    """Format the results of one model."""
    n, counts = len(found), [each.n_optima for each in found]
    best = sum(each.above <= SAME_LOSS for each in found)
    worst = max(each.above for each in found)
    dead, all_restarts = sum(e.n_dead for e in found), sum(e.n_restarts for e in found)
    return (
        f"| {name} | {np.mean(counts):.1f} ({min(counts)} to {max(counts)}) | {best} of {n} | "
        f"{100 * worst:.2f} % | {dead} of {all_restarts} | "
        f"{1000 * np.median([each.seconds for each in found]):.0f} ms |"
    )


def main(arguments: list[str] | None = None) -> int:
    """Print one row for each model."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.optima", description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {'; '.join(KINDS)}")
    parser.add_argument("--problems", type=int, default=N_PROBLEMS)
    options = parser.parse_args(arguments)
    print(
        "| model | optima among the default restarts | best is the best of many starts | worst "
        "case above it | restarts with a component at zero | time of a fit |\n" + "| --- " * 6 + "|"
    )
    for name in options.models or KINDS:
        found = [measure(KINDS[name], seed) for seed in range(options.problems)]
        print(row(name, found), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
