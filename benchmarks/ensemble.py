"""Ranks 1 to 10 with ten restarts each, compared with tensortools' Ensemble and its defaults."""

from __future__ import annotations

import numpy as np

from benchmarks import problems
from benchmarks.problems import Problem
from benchmarks.timing import Row, Run, clock
from trialtensor import TCA
from trialtensor.selection import fit_ranks

RANKS = tuple(range(1, 11))
RESTARTS = 10
REQUIRED = 100.0
# Two fits that stopped at the same optimum differ by their stopping rules.
SAME_LOSS = 1e-6


def compare(replicates: int = RESTARTS) -> list[Row]:
    """Time one run of Ensemble between two of ours.

    Parameters
    ----------
    replicates : int
        Restarts of Ensemble at each rank. With fewer than ten, its time is scaled up and the row
        says so. Ours always runs all ten.
    """
    problem = problems.collinear()
    before = _ours(problem)
    losses, seconds, cpu = _ensemble(problem, replicates)
    # Again afterwards: the machine may have become slower or faster in the minutes between.
    (own, *spent), again = before, _ours(problem)[1:]
    scale = RESTARTS / replicates
    excess = [our / theirs - 1 for our, theirs in zip(own, losses, strict=True)]
    worst = int(np.argmax(excess))
    same = excess[worst] <= SAME_LOSS
    ours = [Run(wall, cpu_time, own[worst], same) for wall, cpu_time in (spent, again)]
    note = "" if replicates == RESTARTS else f" ({replicates} of {RESTARTS} restarts, time scaled)"
    detail = {
        "ranks": RANKS,
        "our_losses": own,
        "their_losses": losses,
        "our_excess": excess,
        "cpu_ratio": cpu * scale / float(np.median([run.cpu_seconds for run in ours])),
    }
    return [
        Row(
            "ranks 1 to 10, 10 restarts (loss: worst rank)",
            "tensortools Ensemble",
            ours,
            [Run(seconds * scale, cpu * scale, losses[worst])],
            losses[worst],
            REQUIRED,
            note,
            detail,
        )
    ]


def _ours(problem: Problem) -> tuple[list[float], float, float]:
    estimator = TCA(1, n_init=RESTARTS, random_state=0)
    models, seconds, cpu = clock(lambda: fit_ranks(estimator, RANKS, problem.X))
    losses = [
        problem.loss((m.trial_factors_ * m.weights_, m.neuron_factors_, m.time_factors_))
        for m in models
    ]
    return losses, seconds, cpu


def _ensemble(problem: Problem, replicates: int) -> tuple[list[float], float, float]:
    import tensortools

    np.random.seed(0)  # Ensemble takes no seed of its own.
    ensemble = tensortools.Ensemble(fit_options={})
    _, seconds, cpu = clock(
        lambda: ensemble.fit(problem.X, ranks=RANKS, replicates=replicates, verbose=False)
    )
    losses = [problem.loss(tuple(ensemble.results[rank][0].factors)) for rank in RANKS]
    return losses, seconds, cpu
