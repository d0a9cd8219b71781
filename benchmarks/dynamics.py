"""Error of dynamics that change over trials, and coverage: ``python -m benchmarks.dynamics [N]``.

The matrices of 100 trials are estimated by one regression for all, by one for each 20 trials (of
the planted rank), and by `TrialVaryingDynamics` with trials on their own and smooth. Errors are
``|W - truth| / |truth|`` over all trials, with Monte-Carlo errors in units of the last digit.
"""

from __future__ import annotations

import sys
import warnings

import numpy as np

from trialtensor import TrialVaryingDynamics

N_TRIALS, N_NEURONS, N_TIMES, WINDOW = 100, 6, 30, 20
COURSES = ("no change", "steady drift", "sinusoid", "random walk", "learning", "step")
# Matrices of rank 2; and of full rank, where all entries change in two ways.
N_COMPONENTS = {"2": 2, "full": 9}


def courses(kind: str, rng: np.random.Generator) -> np.ndarray:
    """Return the strengths of two ways to change, (n_trials, 2)."""
    time = np.linspace(0, 1, N_TRIALS)
    if kind == "random walk":
        return np.cumsum(rng.standard_normal((N_TRIALS, 2)), axis=0) / N_TRIALS**0.5
    if kind == "sinusoid":
        return 0.5 * np.stack([np.sin(2 * np.pi * time), np.cos(2 * np.pi * time)], axis=1)
    one = {
        "no change": 0 * time,
        "steady drift": time - 0.5,
        "learning": 1 - np.exp(-np.maximum(time - 0.3, 0) / 0.2),
        "step": (time > 0.5) - 0.5,
    }[kind]
    return np.stack([one, -one], axis=1)


def simulated(kind: str, rank: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return trials driven by white noise, and their matrices."""
    rng = np.random.default_rng(seed)
    course, n = courses(kind, rng), N_NEURONS
    if rank == "full":
        base, *ways = rng.standard_normal((3, n, n)) / n**0.5
        W = base + np.einsum("kr,rij->kij", course, np.array(ways))
    else:
        output, source = rng.standard_normal((2, n, 2))
        W = np.einsum("kr,ir,jr->kij", 1 + course, output, source)
    W *= 0.9 / np.abs(np.linalg.eigvals(W)).max()
    X = rng.standard_normal((N_TRIALS, n, N_TIMES))
    for t in range(N_TIMES - 1):
        X[:, :, t + 1] += np.einsum("kij,kj->ki", W, X[:, :, t])
    return X, W


def regressed(X: np.ndarray, length: int, rank: str) -> np.ndarray:
    """Regress each bin on the one before, separately in windows of trials."""
    found = []
    for first in range(0, len(X), length):
        part = X[first : first + length]
        before, after = (
            each.transpose(1, 0, 2).reshape(N_NEURONS, -1)
            for each in (part[:, :, :-1], part[:, :, 1:])
        )
        W = after @ np.linalg.pinv(before)
        if rank != "full":
            kept = np.linalg.svd(W @ before, full_matrices=False)[0][:, : int(rank)]
            W = kept @ kept.T @ W
        found += [W] * len(part)
    return np.array(found)


def one(kind: str, rank: str, seed: int) -> list[float]:
    """Return the four errors, and the coverage of intervals of matrices and of radii."""
    X, W = simulated(kind, rank, seed)
    n_components = N_COMPONENTS[rank]
    models = [
        TrialVaryingDynamics(n_components, smoothness=smoothness, n_init=1, random_state=0).fit(X)
        for smoothness in (0, "auto")
    ]
    found = [regressed(X, N_TRIALS, rank), regressed(X, WINDOW, rank)]
    found += [model.matrices() for model in models]
    size = np.linalg.norm(W)
    held = models[1].intervals(X, random_state=0)
    radius = np.abs(np.linalg.eigvals(W)).max(axis=1)
    return [
        *(float(np.linalg.norm(each - W) / size) for each in found),
        float(np.mean((held.matrices[0] <= W) & (held.matrices[1] >= W))),
        float(np.mean((held.spectral_radius[0] <= radius) & (held.spectral_radius[1] >= radius))),
    ]


def main(n_sets: int = 20) -> None:
    print(f"{n_sets} data sets a row; 90 % intervals")
    print(
        "| rank | change | one matrix | windows of 20 | smoothness 0 | chosen | W held | radius |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for rank in N_COMPONENTS:
        for kind in COURSES:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                rows = np.array([one(kind, rank, seed) for seed in range(n_sets)])
            middle, error = rows.mean(axis=0), rows.std(axis=0, ddof=1) / n_sets**0.5
            shown = [f"{m:.3f} ({1000 * e:.0f})" for m, e in zip(middle, error, strict=True)]
            print(f"| {rank} | {kind} | {' | '.join(shown)} |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
