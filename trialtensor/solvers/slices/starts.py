"""Where the restarts of an exact fit begin.

The first exact step forgets the loadings of its own axis, so a start is the order of the axes and
the loadings of the others. Starts that differ only at random are nearly always the same start: what
counts is which singular vectors each type begins with. One start each takes the leading ones in
another order of axes; the others are the best, by a few sweeps on a small core, of many subsets of
leading singular vectors, as far apart as there are different optima among them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import permutations, zip_longest
from typing import Any

import numpy as np

from trialtensor.solvers.runs import Start
from trialtensor.solvers.slices.contraction import Triple, as_triple
from trialtensor.solvers.slices.core import Core
from trialtensor.solvers.slices.subspaces import ORDER

# From a problem and its ranks to the core on which its starts are compared.
CoreOf = Callable[[Any, tuple[int, int, int]], Core | None]
# Draws of subsets in each order of axes, the most orders, the sweeps on the core that compare them,
# and the number of singular vectors beyond twice the components that they are drawn from.
_DRAWS, _ORDERS, _SWEEPS, _MARGIN = 32, 4, 4, 2
# Relative difference of the losses of two optima.
_DIFFERENT = 3e-3


@dataclass(frozen=True, eq=False)
class Begin:
    """Loadings to begin with, and the order of the first steps.

    Attributes
    ----------
    loadings : three (n_axis, R) arrays
        Orthonormal columns, or zeros.
    order : tuple of axes
        Those that have components.
    origin : hashable or None
        Equal for two that are the same start; None for one of its own.
    slices : three (R, n_b, n_c) arrays, optional
        For sweeps, which don't find them from the loadings alone.
    """

    loadings: Triple
    order: tuple[int, ...]
    origin: Hashable | None
    slices: Triple | None = None


def orders_of(ranks: tuple[int, int, int]) -> list[tuple[int, ...]]:
    """Return the different orders of the axes that have components, the usual one first.

    Parameters
    ----------
    ranks : three ints
        Trial-, neuron- and time-slicing components.
    """
    # The first three begin with another axis each.
    turned = [ORDER[i:] + ORDER[:i] for i in range(3)]
    every = [*turned, *permutations(range(3))]
    active = [tuple(axis for axis in order if ranks[axis]) for order in every]
    return list(dict.fromkeys(active))


def choose_begins(
    problem: Any,
    starts: Sequence[Start],
    ranks: tuple[int, int, int],
    core_of: CoreOf = Core.of,
) -> list[Begin]:
    """Choose where each restart begins.

    Parameters
    ----------
    problem : object with ``X``
    starts : sequence of Start
        "svd" for starts from singular vectors, which differ as much as they can, "random" for
        random loadings in a random order of axes, or given loadings.
    ranks : three ints
    core_of : callable, optional
        From the problem and ranks to the core on which starts are compared.

    Returns
    -------
    list of Begin
    """
    orders = orders_of(ranks)
    by_svd = [i for i, each in enumerate(starts) if each.factors is None and each.kind == "svd"]
    # A pool of its own for other seeds, so that two fits with other seeds are two samples.
    rng = np.random.default_rng([start.seed or 0 for start in starts])
    chosen = _from_singular_vectors(problem, len(by_svd), orders, ranks, rng, core_of)
    begins = dict(zip(by_svd, chosen, strict=False))
    return [
        begins[i] if i in begins else _other(problem.X, start, orders, ranks)
        for i, start in enumerate(starts)
    ]


def _from_singular_vectors(
    problem: Any,
    n_starts: int,
    orders: list[tuple[int, ...]],
    ranks: tuple[int, int, int],
    rng: np.random.Generator,
    core_of: CoreOf,
) -> list[Begin]:
    """Return at most as many starts as are wanted, or as there are."""
    shapes = zip(problem.X.shape, ranks, strict=True)
    nothing = as_triple([np.zeros(shape, problem.X.dtype) for shape in shapes])
    # From nothing, each step takes the leading singular vectors of what is left.
    leading = [Begin(nothing, order, (order, "leading")) for order in orders]
    if len(orders) == 1:
        # The first step is the optimum, wherever it begins.
        return leading * n_starts
    if n_starts < 2:
        return leading[:n_starts]
    best = _best_subsets(core_of(problem, ranks), orders, ranks, rng, n_starts)
    both = [each for pair in zip_longest(leading, best) for each in pair if each is not None]
    return both[:n_starts]


def _best_subsets(
    core: Core | None,
    orders: list[tuple[int, ...]],
    ranks: tuple[int, int, int],
    rng: np.random.Generator,
    n_most: int,
) -> list[Begin]:
    """Return the ends on the core of the best subsets, best first, with different losses."""
    if core is None:
        return []
    candidates: list[tuple[float, Begin]] = []
    for i in rng.permutation(len(orders))[:_ORDERS]:
        order = orders[i]
        subsets = _draw_subsets(core, ranks, order, rng)
        ends, losses = core.improve(_columns(core, subsets), order, _SWEEPS)
        for j, loss in enumerate(losses):
            loadings = [
                (basis @ end[j]).astype(core.dtype, copy=False)
                for basis, end in zip(core.bases, ends, strict=True)
            ]
            # The first step forgets its own axis.
            origin = (order, *(tuple(subsets[axis][j].tolist()) for axis in order[1:]))
            candidates.append((float(loss), Begin(as_triple(loadings), orders[0], origin)))
    candidates.sort(key=lambda candidate: candidate[0])
    chosen: list[tuple[float, Begin]] = []
    for loss, begin in candidates:
        if len(chosen) < n_most and all(loss - other > _DIFFERENT * loss for other, _ in chosen):
            chosen.append((loss, begin))
    return [begin for _, begin in chosen]


def _draw_subsets(
    core: Core, ranks: tuple[int, int, int], order: tuple[int, ...], rng: np.random.Generator
) -> list[np.ndarray]:
    """Draw different subsets of singular vectors of each axis, three (n_draws, R) arrays."""
    drawn = []
    for axis, rank in enumerate(ranks):
        n = min(len(core.values[axis]), 2 * rank + _MARGIN)
        draws = rng.random((_DRAWS, n)).argsort(axis=1)[:, :rank]
        drawn.append(np.sort(draws, axis=1))
    # The first step forgets its own axis.
    keys = np.concatenate([drawn[axis] for axis in order[1:]], axis=1)
    _, kept = np.unique(keys, axis=0, return_index=True)
    return [draws[kept] for draws in drawn]


def _columns(core: Core, subsets: list[np.ndarray]) -> Triple:
    """Return the loadings of subsets in coordinates of the core: (n_draws, m, R) each."""
    eyes = [np.eye(len(values)) for values in core.values]
    pairs = zip(eyes, subsets, strict=True)
    return as_triple([eye[subset].swapaxes(1, 2) for eye, subset in pairs])


def _other(
    X: Any, start: Start, orders: list[tuple[int, ...]], ranks: tuple[int, int, int]
) -> Begin:
    """Return a given start, or a random one."""
    if start.factors is not None:
        loadings = [np.linalg.qr(np.asarray(f, X.dtype))[0] for f in start.factors]
        return Begin(as_triple(loadings), orders[0], None)
    rng = np.random.default_rng(start.seed)
    loadings = [
        np.linalg.qr(rng.standard_normal((n, rank)))[0].astype(X.dtype, copy=False)
        for n, rank in zip(X.shape, ranks, strict=True)
    ]
    order = orders[rng.integers(len(orders))]
    return Begin(as_triple(loadings), order, (order, "leading") if len(orders) == 1 else None)
