"""Fits of new trials to given neuron and time loadings and trial slices.

A trial gets a weight on each trial slice, a time course for each neuron loading, and a neuron
pattern for each time loading, all fitted together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trialtensor.solvers.acceleration import RowUpdater
from trialtensor.solvers.namespaces import as_numpy
from trialtensor.solvers.passes import Block, Passes
from trialtensor.solvers.passes.block import Join
from trialtensor.solvers.slices.block_sweeps import Blocks
from trialtensor.solvers.slices.complete import norm2_of
from trialtensor.solvers.slices.contraction import Components, Triple, as_rows, contract, onto
from trialtensor.solvers.slices.each_trial import follow_each
from trialtensor.solvers.slices.fixed import FixedTrials
from trialtensor.solvers.slices.gauge import share_of
from trialtensor.solvers.slices.sweeps import SweepData, as_components
from trialtensor.solvers.slices.trials_there import solve_there

_TOL = 1e-8


def solve_trials(
    data: SweepData, shared: Components, *, nonnegative: bool, gauge: str
) -> Components:
    """Find the best model of some trials for given neuron and time loadings and trial slices.

    Parameters
    ----------
    data : SweepData
    shared : Components
        Its trial loadings, neuron slices and time slices are not used.
    nonnegative : bool
    gauge : str
        Divides what neuron and time slices share; not used for non-negative models.

    Returns
    -------
    Components
        With the trial loadings, neuron slices and time slices of the trials in ``data``.
    """
    if not nonnegative and not data.has_missing:
        return _divide(_in_closed_form(data.X, shared)[0], gauge)
    if isinstance(data.X, Passes):
        return _by_blocks(data, shared, nonnegative=nonnegative, gauge=gauge)
    unit, size = _with_unit_slices(shared)
    (u, v, w), (_, B, C) = _by_sweeps(data, unit, nonnegative)
    found = Components((u / size, v, w), (shared.slices[0], B, C))
    return found if nonnegative else _divide(found, gauge)


def _with_unit_slices(shared: Components) -> tuple[Components, np.ndarray]:
    """Sweep with slices of norm 1, so that their scale can't change where the sweeps end."""
    A = shared.slices[0]
    size = np.linalg.norm(as_rows(A), axis=1)
    size[size == 0] = 1
    return shared._replace(slices=(A / size[:, None, None], *shared.slices[1:])), size


@dataclass(frozen=True, eq=False)
class SolveTrials:
    """The trials of a block, each solved by itself.

    Attributes
    ----------
    shared : Components
    missing_weight : float
    has_missing : bool
        Whether entries are missing in any block.
    nonnegative : bool
    gauge : str
    """

    shared: Components
    missing_weight: float
    has_missing: bool
    nonnegative: bool
    gauge: str
    joins: Sequence[Join] = ("rows", "rows", "rows")

    def __call__(self, block: Block) -> tuple[np.ndarray, ...]:
        """Return trial loadings, neuron slices and time slices, trials first."""
        if not isinstance(block.values, np.ndarray):
            return self._there(block)
        observed = None if block.observed is None else as_numpy(block.observed)
        if self.has_missing and observed is None:
            # The closed form is for orthonormal loadings, which those of such fits aren't quite.
            observed = np.ones(block.values.shape, bool)
        data = SweepData(as_numpy(block.values), 0.0, observed, self.missing_weight)
        found = solve_trials(data, self.shared, nonnegative=self.nonnegative, gauge=self.gauge)
        (u, _, _), (_, B, C) = found
        return u, B.swapaxes(0, 1), C.swapaxes(0, 1)

    def _there(self, block: Block) -> tuple[np.ndarray, ...]:
        """Solve on the device that the block is on."""
        n = block.values.shape[0]
        block = Block(slice(0, n), block.values, block.observed)
        unit, size = _with_unit_slices(self.shared)
        start = _beginning(unit, n, unit.slices[0].dtype)
        updater, tol = RowUpdater((self.nonnegative,) * 6), _tol_of(unit.slices[0].dtype)
        there = solve_there(block, start, updater, self.missing_weight, tol)
        u, B, C = (as_numpy(each) for each in there)
        B, C = B.transpose(2, 0, 1), C.transpose(2, 0, 1)
        found = Components((u / size, *self.shared.loadings[1:]), (self.shared.slices[0], B, C))
        if not self.nonnegative:
            found = _divide(found, self.gauge)
        (u, _, _), (_, B, C) = found
        return u, B.swapaxes(0, 1), C.swapaxes(0, 1)


def _by_blocks(data: SweepData, shared: Components, *, nonnegative: bool, gauge: str) -> Components:
    """Solve for trials block by block."""
    job = SolveTrials(shared, data.missing_weight, data.has_missing, nonnegative, gauge)
    u, B, C = data.X.run(job)
    B, C = (np.ascontiguousarray(each.swapaxes(0, 1)) for each in (B, C))
    _, v, w = shared.loadings
    return Components((u, v, w), (shared.slices[0], B, C))


def solve_with_loss(data: SweepData, shared: Components) -> tuple[Components, float]:
    """Find the best model of trials of complete data; also return its sum of squared residuals.

    Parameters
    ----------
    data : SweepData
    shared : Components
        As in `solve_trials`, with orthonormal loadings.
    """
    found, with_data = _in_closed_form(data.X, shared, with_inner=True)
    return found, max(data.norm2 - 2 * with_data + norm2_of(found), 0.0)


def _in_closed_form(
    X: np.ndarray | Passes, shared: Components, *, with_inner: bool = False
) -> tuple[Components, float]:
    """Solve for complete data and orthonormal loadings: project, regress, contract the rest.

    Also return the inner product of the data with the model, if wanted.
    """
    _, v, w = shared.loadings
    A = shared.slices[0]
    alone = A - onto(A, 0, 1, v)
    alone = alone - onto(alone, 0, 2, w)
    whole = A if with_inner else A[:0]
    (with_alone, with_whole), on_v, on_w = _products(X, (alone, whole), v, w)
    u = with_alone @ _pinv_gram(as_rows(alone), as_rows(A))
    # Contractions are linear, so no residual of the size of the data is needed.
    B = on_v - np.tensordot(contract(A, 1, v), u, axes=(1, 1)).swapaxes(1, 2)
    C = on_w - np.tensordot(contract(A, 2, w), u, axes=(1, 1)).swapaxes(1, 2)
    # For now, the neuron slices get what both types can represent.
    C -= onto(C, 2, 1, v)
    found = Components((u, v, w), (A, B, C))
    if not with_inner:
        return found, 0.0
    pairs = ((with_whole, u), (on_v, B), (on_w, C))
    return found, sum(float(np.sum(one * other, dtype=np.float64)) for one, other in pairs)


def _products(
    X: np.ndarray | Passes, slices: tuple[np.ndarray, np.ndarray], v: np.ndarray, w: np.ndarray
) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Correlate data with trial slices, and contract it with neuron and time loadings."""
    if not isinstance(X, Passes):
        on_slices = [as_rows(X) @ as_rows(each).T for each in slices]
        return on_slices, contract(X, 1, v), contract(X, 2, w)
    nothing = np.zeros((len(X), 0), X.dtype)
    found = X.reach((nothing, v, w), np.concatenate(slices))
    image = as_numpy(found.trial_image)
    on_slices = np.split(image, [len(slices[0])], axis=1)
    return on_slices, as_numpy(found.sums[1]), as_numpy(found.sums[2])


def _pinv_gram(alone: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Invert the Gram matrix of ``alone`` on the directions above rounding error.

    The part of a slice that no other type can represent may be zero, so the threshold is relative
    to the whole slice, not to such parts.
    """
    values, vectors = np.linalg.eigh((alone @ alone.T).astype(np.float64))
    size = float(np.sum(whole.astype(np.float64) ** 2, axis=1).max(initial=0))
    least = (1e3 * float(np.finfo(whole.dtype).eps)) ** 2 * size
    inverse = np.where(values > least, 1 / np.maximum(values, least or 1), 0)
    return ((vectors * inverse) @ vectors.T).astype(whole.dtype)


def _by_sweeps(data: SweepData, shared: Components, nonnegative: bool) -> Components:
    # The products of complete data are few enough for float64.
    dtype = data.X.dtype if data.observed is not None else np.dtype(np.float64)
    start = _beginning(shared, len(data.X), dtype)
    updater = RowUpdater((nonnegative,) * 6)
    tol = _tol_of(data.X.dtype)
    if data.observed is not None:
        return as_components(_follow(data, start, updater, tol))
    products = FixedTrials.of(data.X, shared)
    # Their losses are differences, which rounding keeps from falling for ever.
    rounding = 10 * float(np.finfo(dtype).eps) * products.norms2
    u, v, w, A, B, C = (
        each.astype(data.X.dtype, copy=False)
        for each in _follow(products, start, updater, tol, rounding)
    )
    return as_components((u, v, w, A, B, C))


def _beginning(shared: Components, n_trials: int, dtype: np.dtype) -> Blocks:
    """Return what is shared, and zeros for what belongs to trials."""
    r_trial, r_neuron, r_time = shared.ranks
    _, v, w = shared.loadings
    return (
        np.zeros((n_trials, r_trial), dtype),
        v.astype(dtype, copy=False),
        w.astype(dtype, copy=False),
        shared.slices[0].astype(dtype, copy=False),
        np.zeros((r_neuron, n_trials, len(w)), dtype),
        np.zeros((r_time, n_trials, len(v)), dtype),
    )


def _tol_of(dtype: np.dtype) -> float:
    return max(_TOL, 10 * float(np.finfo(dtype).eps))


def _follow(
    data: SweepData | FixedTrials,
    start: Blocks,
    updater: RowUpdater,
    tol: float,
    rounding: np.ndarray | float = 0.0,
) -> Blocks:
    return follow_each(
        start,
        len(start[0]),
        lambda point: data.sweep_trials(point, updater),
        _pick,
        lambda best, previous, momentum: _ahead(best, previous, momentum, updater),
        tol=tol,
        rounding=rounding,
    )


def _pick(which: np.ndarray, new: Blocks, old: Blocks) -> Blocks:
    """Take the trials in ``which`` from ``new`` and the others from ``old``."""
    if which.all():
        return new
    _, v, w, A, _, _ = old
    u = np.where(which[:, None], new[0], old[0])
    B, C = (np.where(which[:, None], new[i], old[i]) for i in (4, 5))
    return u, v, w, A, B, C


def _ahead(best: Blocks, previous: Blocks, momentum: np.ndarray, updater: RowUpdater) -> Blocks:
    """Extrapolate each trial by its own momentum."""
    _, v, w, A, _, _ = best
    step = momentum.astype(best[0].dtype)[:, None]
    parts = [best[i] + step * (best[i] - previous[i]) for i in (0, 4, 5)]
    u, B, C = (np.maximum(p, 0) if updater.nonnegative[0] else p for p in parts)
    return u, v, w, A, B, C


def _divide(found: Components, gauge: str) -> Components:
    """Divide what neuron and time slices share by the gauge, without changing the sum."""
    (u, v, w), (A, B, C) = found
    # The shared part in coordinates of the neuron loadings: (R_neuron, n_trials, n_times).
    by_time = np.einsum("nr,skn,ts->rkt", v, C, w, optimize=True)
    both = onto(B, 1, 2, w) + by_time
    to_neuron = share_of(1, frozenset((1, 2)), gauge)
    B = B - onto(B, 1, 2, w) + to_neuron * both
    C = C - onto(C, 2, 1, v)
    C = C + (1 - to_neuron) * np.einsum("nr,rkt,ts->skn", v, both, w, optimize=True)
    loadings: Triple = (u, v, w)
    return Components(loadings, (A, B, C))
