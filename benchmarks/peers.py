"""The other packages, each as one function that runs sweeps from a seed or from factors.

Alternating sweeps have no memory beyond the factors, so a fit cut into single sweeps visits the
same points as a single call. This gives loss traces for packages that don't report them. Timed
runs are always single calls, with stopping rules and reports switched off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from benchmarks.problems import Factors, Problem
from trialtensor.models.observed import prepare
from trialtensor.solvers.initialization import svd_start

Start = int | Factors


@dataclass(frozen=True)
class Peer:
    """The solver of another package.

    Attributes
    ----------
    name : str
    advance : callable
        ``(problem, start, rank, n_sweeps) -> factors``; a start that is an int is a seed.
    """

    name: str
    advance: Callable[[Problem, Start, int, int], Factors]


def _tensortools(method: str) -> Callable[[Problem, Start, int, int], Factors]:
    def advance(problem: Problem, start: Start, rank: int, n_sweeps: int) -> Factors:
        import tensortools

        where = {"random_state": start} if isinstance(start, int) else {"init": _ktensor(start)}
        if problem.weights is not None:
            where["mask"] = problem.weights
        fit = getattr(tensortools, method)(
            problem.filled,
            rank,
            # It stops once it has done more than max_iter sweeps.
            max_iter=n_sweeps - 1,
            tol=-np.inf,
            verbose=False,
            **where,
        )
        return tuple(fit.factors)

    def _ktensor(factors: Factors) -> object:
        import tensortools

        return tensortools.KTensor([f.copy() for f in factors])

    return advance


def _mcp_als_from_svd(problem: Problem, start: Start, rank: int, n_sweeps: int) -> Factors:
    """Start from singular vectors, like ours; tensortools itself only starts at random."""
    if isinstance(start, int):
        start = _svd_start(problem, rank)
    return _tensortools("mcp_als")(problem, start, rank, n_sweeps)


@lru_cache
def _svd_start(problem: Problem, rank: int) -> Factors:
    rng = np.random.default_rng(0)
    return svd_start(prepare(problem.X, None).problem, rank, rng, (problem.nonnegative,) * 3)


def _tensorly(init: str) -> Callable[[Problem, Start, int, int], Factors]:
    def advance(problem: Problem, start: Start, rank: int, n_sweeps: int) -> Factors:
        from tensorly.decomposition import parafac

        where = _tensorly_start(init, start)
        return _unit_weights(parafac(problem.filled, rank, n_iter_max=n_sweeps, tol=0, **where))

    return advance


def _tensorly_hals(problem: Problem, start: Start, rank: int, n_sweeps: int) -> Factors:
    from tensorly.decomposition import non_negative_parafac_hals

    fit = non_negative_parafac_hals(
        problem.filled, rank, n_iter_max=n_sweeps, tol=0, **_tensorly_start("svd", start)
    )
    return _unit_weights(fit)


def _tensorly_start(init: str, start: Start) -> dict[str, object]:
    if isinstance(start, int):
        return {"init": init, "random_state": start}
    return {"init": (np.ones(start[0].shape[1]), list(start))}


def _unit_weights(fit: object) -> Factors:
    weights, (trial, *others) = fit
    return (trial * weights, *others)


def _pyttb(problem: Problem, start: Start, rank: int, n_sweeps: int) -> Factors:
    import pyttb

    if isinstance(start, int):
        rng = np.random.default_rng(start)
        start = tuple(rng.normal(size=(n, rank)) for n in problem.X.shape)
    fit, *_ = pyttb.cp_als(
        pyttb.tensor(problem.filled),
        rank,
        maxiters=n_sweeps,
        stoptol=-1,
        init=pyttb.ktensor(list(start)),
        printitn=0,
    )
    first, *others = fit.factor_matrices
    return (first * fit.weights, *others)


CP_ALS = Peer("tensortools cp_als", _tensortools("cp_als"))
NCP_HALS = Peer("tensortools ncp_hals", _tensortools("ncp_hals"))
MCP_ALS = Peer("tensortools mcp_als", _tensortools("mcp_als"))
MCP_ALS_SVD = Peer("tensortools mcp_als (our svd start)", _mcp_als_from_svd)
PARAFAC_SVD = Peer("tensorly parafac (svd)", _tensorly("svd"))
PARAFAC_RANDOM = Peer("tensorly parafac (random)", _tensorly("random"))
NN_PARAFAC_HALS = Peer("tensorly non_negative_parafac_hals", _tensorly_hals)
PYTTB_CP_ALS = Peer("pyttb cp_als", _pyttb)
