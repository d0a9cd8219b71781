"""Single fits, ours compared with those of peers, to the same loss.

The best loss is the lowest that any package reaches: ours in a long fit with many restarts, the
peers in traces that run for as many sweeps again once they are near it. The target is that loss
plus a ten-thousandth of it. A peer is then timed doing only the sweeps that it needs, a number it
couldn't know in advance. Ours is timed as a user calls it, with checks, compression, its own
stopping rule and the final diagnostics.

A random start may end in a local optimum and never reach the target, for any package. On complete
data all start at random, from the seeds 0, 1, ...; with missing entries ours starts from singular
vectors, its default, and the peer both at random and from singular vectors.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import peers, problems
from benchmarks.peers import Peer
from benchmarks.problems import RANK, Factors, Problem
from benchmarks.timing import Row, Run, clock
from trialtensor import TCA

TOLERANCE = 1e-4


@dataclass(frozen=True)
class Task:
    """Data, the peers compared on it with their required ratios (if any), and our start."""

    name: str
    problem: Problem
    peers: Sequence[tuple[Peer, float | None]]
    init: str = "random"


@dataclass(frozen=True)
class Trace:
    """Loss after every sweep of a peer, and the cumulative seconds of its sweeps."""

    losses: list[float]
    seconds: list[float]

    def sweeps_to(self, target: float) -> int | None:
        """Count the sweeps until the loss is at or below the target; None if it never is.

        Parameters
        ----------
        target : float
        """
        return next((i for i, loss in enumerate(self.losses, 1) if loss <= target), None)


def single() -> Task:
    """Return the task on complete data."""
    required = [(peers.CP_ALS, 4.0), (peers.PARAFAC_SVD, 4.0), (peers.PARAFAC_RANDOM, 4.0)]
    return Task("single fit", problems.collinear(), [*required, (peers.PYTTB_CP_ALS, None)])


def nonnegative() -> Task:
    """Return the task on counts, with all factors non-negative."""
    compared = [(peers.NCP_HALS, 5.0), (peers.NN_PARAFAC_HALS, None)]
    return Task("non-negative", problems.counts(), compared)


def tracked() -> Task:
    """Return the task on cells tracked over ten sessions."""
    compared = [(peers.MCP_ALS, 10.0), (peers.MCP_ALS_SVD, 10.0)]
    return Task("tracked, 44 % observed", problems.tracked(), compared, init="svd")


def compare(task: Task, n_runs: int, cap_seconds: float, tol: float | None = None) -> list[Row]:
    """Time all packages on a task, in turns; ours stops by its default rule unless given `tol`."""
    problem = task.problem
    options = {} if tol is None else {"tol": tol}
    note = "".join(f", ours with {name}={value:g}" for name, value in options.items())
    _warm_up(problem.nonnegative)
    best = _long_fit(problem)
    traces = {
        peer: [_trace(peer, problem, seed, best, cap_seconds) for seed in range(n_runs)]
        for peer, _ in task.peers
    }
    best = min([best, *(min(t.losses) for each in traces.values() for t in each)])
    target = best * (1 + TOLERANCE)
    ours: list[Run] = []
    theirs: dict[Peer, list[Run]] = {peer: [] for peer, _ in task.peers}
    for seed in range(n_runs):
        ours.append(_our_run(task, seed, target, options))
        for peer, _ in task.peers:
            theirs[peer].append(_peer_run(peer, problem, seed, traces[peer][seed], target))
    return [
        Row(task.name, peer.name, ours, theirs[peer], best, required, note)
        for peer, required in task.peers
    ]


def _fit(problem: Problem, **options: object) -> TCA:
    return TCA(RANK, nonnegative=problem.nonnegative, **options).fit(problem.X)


def _factors(model: TCA) -> Factors:
    return model.trial_factors_ * model.weights_, model.neuron_factors_, model.time_factors_


def _warm_up(nonnegative: bool) -> None:
    """Trigger all compilation, of ours and of the peers."""
    tiny = (problems.counts if nonnegative else problems.tracked)((40, 20, 30), 2)
    TCA(2, nonnegative=nonnegative, n_init=1, random_state=0).fit(tiny.X)
    if nonnegative:
        peers.NCP_HALS.advance(tiny, 0, 2, 1)


def _long_fit(problem: Problem) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = _fit(problem, n_init=5, tol=1e-9, max_iter=3000, random_state=100)
    return problem.loss(_factors(model))


def _trace(peer: Peer, problem: Problem, seed: int, best: float, cap_seconds: float) -> Trace:
    trace = Trace([], [])
    start: int | Factors = seed
    spent, last = 0.0, None
    while spent < cap_seconds and (last is None or len(trace.losses) < last):
        began = time.perf_counter()
        start = peer.advance(problem, start, RANK, 1)
        spent += time.perf_counter() - began
        trace.losses.append(problem.loss(start))
        trace.seconds.append(spent)
        if last is None and trace.losses[-1] <= best * (1 + TOLERANCE):
            last = 2 * len(trace.losses)
    return trace


def _our_run(task: Task, seed: int, target: float, options: dict[str, float]) -> Run:
    model, seconds, cpu = clock(
        lambda: _fit(task.problem, init=task.init, n_init=1, random_state=seed, **options)
    )
    loss = task.problem.loss(_factors(model))
    return Run(seconds, cpu, loss, loss <= target, model.n_iter_)


def _peer_run(peer: Peer, problem: Problem, seed: int, trace: Trace, target: float) -> Run:
    sweeps = trace.sweeps_to(target)
    if sweeps is None:
        seconds, lowest = trace.seconds[-1], min(trace.losses)
        return Run(seconds, seconds, lowest, False, len(trace.losses))
    factors, seconds, cpu = clock(lambda: peer.advance(problem, seed, RANK, sweeps))
    loss = problem.loss(factors)
    # Rounding differs slightly between one call and many.
    return Run(seconds, cpu, loss, loss <= target * (1 + 1e-8), sweeps)
