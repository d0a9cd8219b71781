"""The leading directions of each axis, in three passes over the data.

A pass gives the image of random directions of neurons and times, the next one that of these images;
trials come from what the data looks like in the directions of the others, without a pass of their
own. What is missed here is found later, where a fit needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from trialtensor.solvers.passes import Passes
from trialtensor.solvers.slices.contraction import Triple, as_triple
from trialtensor.solvers.slices.core import Core, add_pair
from trialtensor.solvers.slices.space import Space, square_times
from trialtensor.solvers.unfolding import krylov_eigenpairs, new_directions

# Directions of each axis beyond twice the components.
MARGIN = 6
_PASSES = 3


def sizes_for(shape: tuple[int, ...], ranks: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return how many directions of each axis restarts begin in.

    Parameters
    ----------
    shape : (n_trials, n_neurons, n_times)
    ranks : three ints
        Trial-, neuron- and time-slicing components.
    """
    trial, neuron, time = (
        min(n, 2 * rank + MARGIN) if rank else 0 for n, rank in zip(shape, ranks, strict=True)
    )
    return trial, neuron, time


def leading_space(
    X: Passes, ranks: tuple[int, int, int], given: Sequence[np.ndarray] | None = None
) -> Space:
    """Find directions that nearly are the leading singular vectors of each axis.

    Parameters
    ----------
    X : Passes
    ranks : three ints
    given : three (n_axis, p) arrays, optional
        Loadings that the space has to contain.

    Returns
    -------
    Space
        With diagonal Gram matrices, largest entry first, if nothing was given.
    """
    sizes = sizes_for(X.shape, ranks)
    drawn_sizes = sizes
    if not sizes[1] + sizes[2]:
        # Trials are found through neurons.
        drawn_sizes = (sizes[0], min(X.shape[1], sizes[0]), 0)
    wanted = list(given) if given is not None else [np.zeros((n, 0)) for n in X.shape]
    rng = np.random.default_rng(0)
    drawn = [rng.standard_normal((n, size)) for n, size in zip(X.shape, drawn_sizes, strict=True)]
    space = Space.empty(X)
    directions = [
        wanted[0],
        *(np.concatenate(p, axis=1) for p in zip(wanted[1:], drawn[1:], strict=True)),
    ]
    for i in range(_PASSES):
        last = i == _PASSES - 1
        m = space.sizes[0]
        space = space.extended(X, directions, np.eye(m) if last else np.zeros((m, 0)))
        kept = [basis.T @ each for basis, each in zip(space.bases, wanted, strict=True)]
        space = space.turned(turns(space, kept, sizes if last else drawn_sizes))
        if not last:
            directions = [_trials(space, sizes[0]), *space.images[1:]]
    return space


def turns(space: Space, kept: Sequence[np.ndarray], sizes: Sequence[int]) -> list[np.ndarray]:
    """Return the combinations of directions that hold some coordinates and, beyond, most variance.

    Parameters
    ----------
    space : Space
    kept : three (m, p) arrays
    sizes : three ints
        How many directions to have, or as many as are kept if these are more.

    Returns
    -------
    three (m, m_new) arrays
    """
    found = []
    for gram, own, size in zip(space.grams, kept, sizes, strict=True):
        strongest = np.linalg.eigh(gram)[1][:, ::-1]
        inside = new_directions(own, np.zeros((len(gram), 0)))
        if inside.shape[1]:
            strongest = np.linalg.qr(np.concatenate([inside, strongest], axis=1))[0]
        found.append(strongest[:, : max(size, inside.shape[1])])
    return found


def _trials(space: Space, size: int) -> np.ndarray:
    """Return the leading directions of trials in what is known of neurons and times."""
    n = len(space.bases[0])
    if not size:
        return np.zeros((n, 0))
    drawn = np.random.default_rng(1).standard_normal((n, size))
    times = partial(_seen_times, space)
    return krylov_eigenpairs(times, times(drawn), size, 3)[1]


def _seen_times(space: Space, rows: np.ndarray) -> np.ndarray:
    return square_times(space.sums[1], 1, 0, rows) + square_times(space.sums[2], 2, 0, rows)


def core_of(space: Space, norm2: float, dtype: np.dtype) -> Core:
    """Return the core on which starts are compared.

    Parameters
    ----------
    space : Space
        With diagonal Gram matrices.
    norm2 : float
        Sum of squares of the data.
    dtype : numpy.dtype
        Of the data.
    """
    on_pairs, core = space.on_pairs()
    pairs: dict[tuple[int, int], np.ndarray] = {}
    for axes, on_both in on_pairs.items():
        add_pair(pairs, axes, on_both)
    values: Triple = as_triple([np.diag(gram) for gram in space.grams])
    bases = as_triple([basis.astype(dtype, copy=False) for basis in space.bases])
    return Core(bases, norm2, values, pairs, core)
