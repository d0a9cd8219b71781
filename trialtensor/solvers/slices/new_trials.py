"""New trials against what all trials share: neuron and time loadings, and trial slices.

A trial is told by its weights on the trial slices, by a time course for each neuron loading, and
by a neuron pattern for each time loading, fitted together.
"""

from __future__ import annotations

import numpy as np

from trialtensor.solvers.acceleration import minimise
from trialtensor.solvers.row_updates import solve_rows
from trialtensor.solvers.slices.contraction import Components, Triple, as_rows, contract, onto
from trialtensor.solvers.slices.gauge import share_of
from trialtensor.solvers.slices.sweeps import Blocks, SweepData, as_components

# Each trial's problem is convex, and sweeps come close quickly.
_TOL = 1e-8
_MAX_SWEEPS = 1000


def solve_trials(
    data: SweepData, shared: Components, *, nonnegative: bool, gauge: str
) -> Components:
    """The best model of some trials for given neuron and time loadings and trial slices.

    Parameters
    ----------
    data : SweepData
    shared : Components
        Its trial loadings, neuron slices and time slices are not used.
    nonnegative : bool
    gauge : str
        How neuron and time slices divide what they share; not used for non-negative models.

    Returns
    -------
    Components
        With the trial loadings, neuron slices and time slices of the trials in ``data``.
    """
    if nonnegative or data.observed is not None:
        found = _by_sweeps(data, shared, nonnegative)
    else:
        found = _in_closed_form(data.X, shared)
    return found if nonnegative else _divide(found, gauge)


def _in_closed_form(X: np.ndarray, shared: Components) -> Components:
    """Complete data and orthonormal loadings: project, regress, and sum up what is left."""
    _, v, w = shared.loadings
    A = shared.slices[0]
    alone = A - onto(A, 0, 1, v)
    alone = as_rows(alone - onto(alone, 0, 2, w))
    rhs = as_rows(X) @ alone.T
    u = solve_rows((alone @ alone.T)[None], rhs, nonnegative=False)
    # Contractions are linear: no residual of the size of the data is needed.
    B = contract(X, 1, v) - np.tensordot(contract(A, 1, v), u, axes=(1, 1)).swapaxes(1, 2)
    C = contract(X, 2, w) - np.tensordot(contract(A, 2, w), u, axes=(1, 1)).swapaxes(1, 2)
    # What both can tell is told by the neuron slices for now.
    C -= onto(C, 2, 1, v)
    return Components((u, v, w), (A, B, C))


def _by_sweeps(data: SweepData, shared: Components, nonnegative: bool) -> Components:
    n_trials, n_neurons, n_times = data.X.shape
    r_trial, r_neuron, r_time = shared.ranks
    _, v, w = shared.loadings
    dtype = data.X.dtype
    start: Blocks = (
        np.zeros((n_trials, r_trial), dtype),
        v,
        w,
        shared.slices[0],
        np.zeros((r_neuron, n_trials, n_times), dtype),
        np.zeros((r_time, n_trials, n_neurons), dtype),
    )
    trials = SweepData(data.X, data.norm2, data.observed, data.missing_weight, trials_only=True)
    found = minimise(
        trials,
        start,
        balance=lambda blocks: blocks,
        nonnegative=(nonnegative,) * 6,
        max_iter=_MAX_SWEEPS,
        tol=_TOL,
        patience=1,
    )
    return as_components(found.factors)


def _divide(found: Components, gauge: str) -> Components:
    """Divide what neuron and time slices share as the gauge says; the sum stays the same."""
    (u, v, w), (A, B, C) = found
    # On both subspaces, in coordinates of the neuron loadings: (R_neuron, n_trials, n_times).
    by_time = np.einsum("nr,skn,ts->rkt", v, C, w, optimize=True)
    both = onto(B, 1, 2, w) + by_time
    to_neuron = share_of(1, frozenset((1, 2)), gauge)
    B = B - onto(B, 1, 2, w) + to_neuron * both
    C = C - onto(C, 2, 1, v)
    C = C + (1 - to_neuron) * np.einsum("nr,rkt,ts->skn", v, both, w, optimize=True)
    loadings: Triple = (u, v, w)
    return Components(loadings, (A, B, C))
