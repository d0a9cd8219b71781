"""TCA of a stream of trials compared with TCA of all: ``python -m benchmarks.streaming``."""

from __future__ import annotations

import sys
import tracemalloc

import numpy as np

from benchmarks.timing import clock
from trialtensor import TCA, make_tca

N_TRIALS, BATCH, RANK = 10_000, 100, 5
REQUIRED = 1.02


def loss_of(model: TCA, X: np.ndarray) -> float:
    """Compute the loss over all trials, with the best trial factors for the final components."""
    total = 0.0
    for first in range(0, len(X), 500):
        part = X[first : first + 500]
        total += float(np.sum((part - model.inverse_transform(model.transform(part))) ** 2))
    return total


def stream(X: np.ndarray, nonnegative: bool) -> tuple[TCA, float, list[int]]:
    """Return the final model, its seconds, and the peak memory during calls 10, 20, ..."""
    model, seconds, peaks = TCA(RANK, nonnegative=nonnegative, random_state=0), 0.0, []
    for i, first in enumerate(range(0, len(X), BATCH)):
        part = X[first : first + BATCH]
        watched = i % 10 == 9
        if watched:
            tracemalloc.start()
        _, own, _ = clock(lambda p=part: model.partial_fit(p))
        if watched:
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        seconds += own
    return model, seconds, peaks


def main() -> int:
    """Return exit status 1 if a requirement was missed."""
    missed = False
    print(
        "| trials | loss / batch loss | required | peak at trial 1000 and 10000 (MB) "
        "| stream, all (s) |"
    )
    print("| --- | --- | --- | --- | --- |")
    for snr in (0.5, 5.0):
        for nonnegative in (False, True):
            X = make_tca(N_TRIALS, 15, 20, RANK, snr=snr, nonnegative=nonnegative, random_state=0).X
            # The same trials in any order.
            whole, all_seconds, _ = clock(
                lambda x=X, n=nonnegative: TCA(RANK, nonnegative=n, n_init=2, random_state=0).fit(x)
            )
            for order in ("shuffled", "in order"):
                trials = X
                if order == "shuffled":
                    trials = X[np.random.default_rng(0).permutation(len(X))]
                streamed, seconds, peaks = stream(trials, nonnegative)
                ratio = loss_of(streamed, trials) / whole.loss_
                missed |= ratio > REQUIRED
                sign = ", non-negative" if nonnegative else ""
                print(
                    f"| snr {snr:g}{sign}, {order} | {ratio:.5f} | {REQUIRED} | "
                    f"{peaks[0] / 1e6:.2f}, {peaks[-1] / 1e6:.2f} | "
                    f"{seconds:.1f}, {all_seconds:.1f} |",
                    flush=True,
                )
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
