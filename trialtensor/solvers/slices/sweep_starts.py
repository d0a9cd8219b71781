"""Where restarts by sweeps begin, for data with missing entries and for non-negative components.

Without a constraint, every other restart begins where a few exact steps lead with zeros in place of
missing entries, and so they differ as those of complete data do. Where much is missing that may be
the wrong place, so the others are random. Non-negative loadings begin with the sizes of a random
subset of leading singular vectors, each restart with another type first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trialtensor.solvers.compression import leading_basis
from trialtensor.solvers.runs import Start
from trialtensor.solvers.slices.complete import CompleteSweeps
from trialtensor.solvers.slices.contraction import OTHERS, Triple, as_triple, contract
from trialtensor.solvers.slices.gauge import from_projections
from trialtensor.solvers.slices.projection import ProjectionProblem
from trialtensor.solvers.slices.starts import Begin, choose_begins, orders_of
from trialtensor.solvers.slices.subspaces import minimise_projections
from trialtensor.solvers.slices.surrogate import Surrogate
from trialtensor.solvers.slices.sweeps import SweepData

_EXACT_SWEEPS = 3
# Singular vectors beyond twice the components.
_MARGIN = 2
# Draws for each start that is wanted.
_TRIES = 5


def choose_sweep_begins(
    data: SweepData | CompleteSweeps,
    starts: Sequence[Start],
    ranks: tuple[int, int, int],
    *,
    nonnegative: bool,
) -> list[Begin]:
    """Choose where each restart begins.

    Parameters
    ----------
    data : SweepData or CompleteSweeps
    starts : sequence of Start
        "svd", "random", or given loadings.
    ranks : three ints
        Trial-, neuron- and time-slicing components.
    nonnegative : bool

    Returns
    -------
    list of Begin
        With slices; zeros where only loadings are known.
    """
    drawn = [_drawn(data.X, start, ranks, nonnegative=nonnegative) for start in starts]
    places = [i for i, each in enumerate(starts) if each.factors is None and each.kind == "svd"]
    places = places if nonnegative else places[::2]
    by_svd = [starts[i] for i in places]
    if nonnegative:
        found = _from_sizes(data.X, by_svd, ranks)
    else:
        found = _from_exact_steps(data, by_svd, ranks)
    for i, begin in zip(places, found, strict=False):
        drawn[i] = begin
    return drawn


def _from_exact_steps(
    data: SweepData | CompleteSweeps, starts: Sequence[Start], ranks: tuple[int, int, int]
) -> list[Begin]:
    if not starts:
        return []
    problem = ProjectionProblem.of(data.X, data.norm2, ranks)
    begins: list[Begin] = []
    for begin in choose_begins(problem, starts, ranks):
        if begins and begin.origin == begins[0].origin:
            # With one type, all exact starts are the same; others are drawn instead.
            break
        found = minimise_projections(
            problem, begin.loadings, max_iter=_EXACT_SWEEPS, tol=0.0, first=begin.order
        )
        sums = [contract(data.X, axis, loading) for axis, loading in enumerate(found.factors)]
        loadings, slices = from_projections(found.factors, as_triple(sums), "minimal-norm")
        begins.append(Begin(loadings, (0, 1, 2), begin.origin, slices))
    return begins


def _from_sizes(X: Any, starts: Sequence[Start], ranks: tuple[int, int, int]) -> list[Begin]:
    """Begin with sizes of singular vectors: the leading ones, then random subsets."""
    if not starts:
        return []
    sizes = [
        min(n, 2 * rank + _MARGIN) if rank else 0 for n, rank in zip(X.shape, ranks, strict=True)
    ]
    if isinstance(X, Surrogate):
        bases = [np.abs(basis[:, :size]) for basis, size in zip(X.bases, sizes, strict=True)]
    else:
        bases = [
            np.abs(leading_basis(X, axis, size)) if size else np.empty((X.shape[axis], 0))
            for axis, size in enumerate(sizes)
        ]
    orders = orders_of(ranks)
    leading = (tuple(sorted(orders[0])), *(tuple(range(rank)) for rank in ranks))
    places: list[tuple[tuple[int, ...], ...]] = [leading]
    rng = np.random.default_rng([start.seed or 0 for start in starts])
    # With few components, there may be fewer different places than starts.
    for _ in range(_TRIES * len(starts)):
        subsets = [
            tuple(sorted(rng.permutation(basis.shape[1])[:rank].tolist()))
            for basis, rank in zip(bases, ranks, strict=True)
        ]
        places.append((orders[rng.integers(len(orders))], *subsets))
    begins = []
    for origin in list(dict.fromkeys(places))[: len(starts)]:
        order, *subsets = origin
        loadings = [basis[:, list(s)] for basis, s in zip(bases, subsets, strict=True)]
        loadings = [each.astype(X.dtype, copy=False) for each in loadings]
        begins.append(Begin(as_triple(loadings), order, origin, no_slices(X, ranks)))
    return begins


def _drawn(X: Any, start: Start, ranks: tuple[int, int, int], *, nonnegative: bool) -> Begin:
    """Return given loadings, or random ones with another type first."""
    nothing = no_slices(X, ranks)
    if start.factors is not None:
        given = as_triple([np.asarray(f, X.dtype) for f in start.factors])
        return Begin(given, (0, 1, 2), None, nothing)
    rng = np.random.default_rng(start.seed)
    loadings = []
    for n, rank in zip(X.shape, ranks, strict=True):
        drawn = rng.random((n, rank)) if nonnegative else rng.standard_normal((n, rank))
        loading = drawn if nonnegative else np.linalg.qr(drawn)[0]
        loadings.append(loading.astype(X.dtype, copy=False))
    orders = orders_of(ranks)
    return Begin(as_triple(loadings), orders[rng.integers(len(orders))], None, nothing)


def no_slices(X: Any, ranks: tuple[int, int, int]) -> Triple:
    """Return slices of zeros.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array
    ranks : three ints
    """
    shapes = [(rank, *(X.shape[b] for b in OTHERS[axis])) for axis, rank in enumerate(ranks)]
    return as_triple([np.zeros(shape, X.dtype) for shape in shapes])
