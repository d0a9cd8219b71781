"""How often the default fit of SliceTCA finds the best optimum that many starts find, and how fast.

Run as ``python -m benchmarks.slice_starts [n_problems]``.
"""

from __future__ import annotations

import sys
import time
import warnings
from dataclasses import dataclass

import numpy as np

from trialtensor import SliceTCA
from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.slices.projection import ProjectionProblem
from trialtensor.solvers.slices.starts import orders_of
from trialtensor.solvers.slices.subspaces import minimise_projections

N_PROBLEMS, N_STARTS = 100, 200
# Relative difference from the best loss, and from the sum of squares where the fit is exact.
WITHIN, EXACT = 1e-4, 1e-14
REQUIRED = 97


@dataclass(frozen=True)
class Found:
    """Losses of the default fit and of the best of many starts, and the seconds of the fit."""

    loss: float
    best: float
    norm2: float
    seconds: float

    @property
    def reached(self) -> bool:
        """True if the fit is as good as the best."""
        lowest = min(self.loss, self.best)
        return self.loss <= lowest * (1 + WITHIN) + EXACT * self.norm2


def draw(seed: int) -> tuple[np.ndarray, tuple[int, int, int]]:
    """Draw a small problem: components or slices or noise alone, collinear or not, noisy or not."""
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(6, 21, size=3))
    ranks = (0, 0, 0)
    while not any(ranks):
        trial, neuron, time_ = (int(rank) for rank in rng.integers(0, 3, size=3))
        ranks = (trial, neuron, time_)
    n = int(rng.integers(1, 5))
    collinear, noise = rng.choice([0, 0.5, 0.9, 0.999]), rng.choice([1e-12, 1e-3, 0.1, 1.0])
    kind = rng.choice(["components", "components", "slices", "noise"])
    X = rng.standard_normal(shape)
    if kind == "components":
        u, v, w = (
            np.sqrt(collinear) * rng.standard_normal((size, 1))
            + np.sqrt(1 - collinear) * rng.standard_normal((size, n))
            for size in shape
        )
        X = np.einsum("kr,nr,tr->knt", u, v, w)
    elif kind == "slices":
        X = sum(_slices(shape, axis, rng) for axis in range(3))
    return X / X.std() + noise * rng.standard_normal(shape), ranks


def _slices(shape: tuple[int, ...], axis: int, rng: np.random.Generator) -> np.ndarray:
    n = int(rng.integers(1, 4))
    slices = rng.standard_normal((n, *np.delete(shape, axis))) * rng.exponential(size=(n, 1, 1))
    part = np.tensordot(rng.standard_normal((shape[axis], n)), slices, axes=(1, 0))
    return np.moveaxis(part, 0, axis)


def best_of_many(X: np.ndarray, ranks: tuple[int, int, int], seed: int) -> float:
    """Return the lowest loss of starts in any order of axes: nothing, subsets, random subspaces."""
    rng = np.random.default_rng(seed)
    problem = ProjectionProblem.of(X, sum_of_squares(X), ranks)
    orders = orders_of(ranks)
    bases = [np.linalg.eigh(gram)[1][:, ::-1] for gram in problem.grams if gram is not None]
    losses = []
    for i in range(N_STARTS if len(orders) > 1 else 1):
        loadings = []
        for basis, rank in zip(bases, ranks, strict=True):
            n = min(len(basis), 2 * rank + int(rng.choice([2, 6])))
            drawn = basis[:, rng.choice(n, rank, replace=False)]
            if i % 3 == 0:
                drawn = np.linalg.qr(rng.standard_normal((len(basis), rank)))[0]
            loadings.append(0 * drawn if i < len(orders) else drawn)
        u, v, w = loadings
        order = orders[i] if i < len(orders) else orders[rng.integers(len(orders))]
        found = minimise_projections(problem, (u, v, w), max_iter=2000, tol=1e-7, first=order)
        losses.append(found.loss)
    return min(losses)


def compare(n_problems: int = N_PROBLEMS) -> list[Found]:
    """Fit every problem with all defaults, and from many starts."""
    results = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        SliceTCA((1, 1, 1), random_state=0).fit(draw(0)[0])
        for seed in range(n_problems):
            X, ranks = draw(seed)
            before = time.process_time()
            loss = SliceTCA(ranks, random_state=0).fit(X).loss_
            seconds = time.process_time() - before
            results.append(Found(loss, best_of_many(X, ranks, seed), sum_of_squares(X), seconds))
    return results


def main(n_problems: int = N_PROBLEMS) -> None:
    """Print how many fits are as good as the best, and their time."""
    found = compare(n_problems)
    reached = sum(each.reached for each in found)
    worst = max(each.loss / max(each.best, EXACT * each.norm2) for each in found)
    seconds = np.array([each.seconds for each in found])
    print(
        f"SliceTCA, {len(found)} random problems: {reached} within {WITHIN:g} of the best of "
        f"{N_STARTS} starts ({REQUIRED} of {N_PROBLEMS} required), the worst {worst:.3f} times "
        f"it; {1e3 * seconds.mean():.1f} ms a fit on average, {1e3 * np.median(seconds):.1f} median"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
