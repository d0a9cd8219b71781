"""How little patterns change between blocks, by how well they explain held-out trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from trialtensor.solvers.parafac2.options import Parafac2Model, Parafac2Options
from trialtensor.solvers.parafac2.smooth import SmoothBlocks, smoothed
from trialtensor.solvers.row_updates import solve_rows

# Every block hides this part of its trials in turn, and so needs as many trials.
_FOLDS = 4
# Sweeps for each candidate, from where the last one has led.
_MAX_ITER, _TOL = 30, 1e-4


class _Trials(Sequence[Any]):
    """Some trials of every block (or of its mask), copied only while they are worked on."""

    def __init__(self, blocks: Sequence[Any], kept: Sequence[np.ndarray]) -> None:
        self.blocks, self.kept = blocks, kept

    def __len__(self) -> int:
        return len(self.blocks)

    def __getitem__(self, b: Any) -> Any:
        block = self.blocks[b]
        return None if block is None else block[self.kept[b]]


def strength_of(smoothness: float, n_trials: int, n_blocks: int) -> float:
    """Return the strength of the penalty that smooths over ``smoothness`` blocks.

    Parameters
    ----------
    smoothness : float
    n_trials, n_blocks : int
    """
    return n_trials / n_blocks * smoothness**2


def alike(blocks: Sequence[np.ndarray], rows: Sequence[np.ndarray]) -> bool:
    """Return whether there are several blocks, all with the same rows.

    Parameters
    ----------
    blocks : sequence of (n_trials, n_rows, n_shared) arrays
    rows : sequence of bool arrays
        Which rows of the data each block has.
    """
    return len(blocks) > 1 and all(np.array_equal(each, rows[0]) for each in rows)


def choose_smoothness(
    blocks: Sequence[np.ndarray],
    observed: Sequence[np.ndarray | None],
    start: Parafac2Model,
    options: Parafac2Options,
) -> float:
    """Return the number of blocks to smooth over whose patterns explain held-out trials best.

    Parameters
    ----------
    blocks, observed : as for :class:`SmoothBlocks`
    start : Parafac2Model
        The fit to all trials, without a penalty.
    options : Parafac2Options

    Returns
    -------
    float
        0 if that is best, or blocks are too short to leave trials out.
    """
    if min(map(len, blocks)) < _FOLDS:
        return 0.0
    n_blocks = len(blocks)
    tried = [2.0**i for i in range(int(np.log2(n_blocks)), -3, -1)] + [0.0]
    errors = np.zeros(len(tried))
    few = replace(options, max_iter=_MAX_ITER, tol=_TOL)
    for fold in range(_FOLDS):
        held = [np.arange(len(block)) % _FOLDS == fold for block in blocks]
        rest = [~each for each in held]
        shown, hidden = ((_Trials(blocks, own), _Trials(observed, own)) for own in (rest, held))
        kept = np.concatenate([~each for each in held])
        model = start._replace(trial=start.trial[kept])
        n_trials = int(kept.sum())
        for i, smoothness in enumerate(tried):
            strength = strength_of(smoothness, n_trials, n_blocks)
            model = smoothed(SmoothBlocks(*shown, strength), model, few).factors
            errors[i] += _unexplained(*hidden, model, options.nonnegative_trial)
    return tried[int(np.argmin(errors))]


def _unexplained(
    blocks: Sequence[np.ndarray],
    observed: Sequence[np.ndarray | None],
    model: Parafac2Model,
    nonnegative: bool,
) -> float:
    """Return the squared errors of trials whose weights are fitted, in patterns as given."""
    total = 0.0
    for X, seen, P in zip(blocks, observed, model.patterns, strict=True):
        part = np.einsum("nr,tr->ntr", P @ model.cross, model.shared).reshape(-1, len(model.cross))
        flat = X.reshape(len(X), -1)
        mask = np.ones((1, flat.shape[1])) if seen is None else seen.reshape(flat.shape)
        grams = np.einsum("kn,nr,ns->krs", mask.astype(part.dtype), part, part, optimize=True)
        trial = solve_rows(grams, (flat * mask) @ part, nonnegative=nonnegative)
        residual = (flat - trial @ part.T) * mask
        total += float(np.vdot(residual, residual))
    return total
