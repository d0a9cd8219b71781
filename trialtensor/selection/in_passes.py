"""What a search needs of data that isn't in memory: splits, a fingerprint and held-out errors.

Stands where a search takes a `Layout`. Held-out entries are drawn again whenever a block is read.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.data.beside import mask_beside
from trialtensor.data.elsewhere import OnDisk, kind_of, source_of
from trialtensor.models import elsewhere
from trialtensor.models.base import TrialEstimator
from trialtensor.models.sources import (
    Drawn,
    check_source,
    in_order,
    passes_over,
    some_of_mask,
    some_trials,
)
from trialtensor.selection.drawing_slices import Counted
from trialtensor.selection.drawn import Draw, Rectangle, Side
from trialtensor.selection.splitter import Splitter
from trialtensor.selection.splitting import refuse_splitter
from trialtensor.solvers.namespaces import as_numpy
from trialtensor.solvers.passes import Passes
from trialtensor.solvers.passes.block import Block, Join
from trialtensor.solvers.passes.jobs import pieces
from trialtensor.solvers.passes.seen import Counts
from trialtensor.solvers.passes.several import Several


class InPasses:
    """Data that a search reads pass by pass.

    Parameters
    ----------
    X, mask : as for ``fit``

    Attributes
    ----------
    shape : three ints
    names, trials : as of `Layout`
    """

    names = (None,)

    def __init__(self, X: Any, mask: Any) -> None:
        self.X, self.mask = X, mask
        self._source, self.coords = in_order(X)
        check_source(self._source)
        self._beside = None if mask is None else mask_beside(mask, X)
        n_trials, n_neurons, n_times = (int(n) for n in self._source.shape)
        self.shape = n_trials, n_neurons, n_times
        self.trials = (np.arange(n_trials),)
        self.counts = Counted.complete(self.shape)
        self._squares = np.zeros(n_trials)

    @classmethod
    def of(cls, kind: type[TrialEstimator], X: Any, mask: Any) -> InPasses | None:
        """Return data to be read pass by pass, or None for what is searched in memory.

        Parameters
        ----------
        kind : type
            Of model.
        X, mask : as for ``fit``

        Raises
        ------
        ValueError
            For data or a mask that can't be used, and for a checkpoint.
        """
        more_axes = len(getattr(X, "shape", ())) > len(AXES)
        if not kind.reads_in_passes or not elsewhere.goes_in_passes(X) or more_axes:
            return None
        if getattr(X, "checkpoint", None) is not None:
            raise ValueError(
                "X: on_disk(checkpoint=...) is for one fit; a search goes on from the file named "
                "by results="
            )
        return cls(X, mask)

    def check(self, models: Sequence[Any], splitter: Any, n_jobs: int | None) -> None:
        """Look at all of the data, and refuse what can't be fitted or searched.

        Parameters
        ----------
        models : sequence of estimators
            All candidates.
        splitter : object
        n_jobs : int or None

        Raises
        ------
        ValueError
            As ``fit``, and for splitters and parallel fits that can't be used.
        """
        kind = type(models[0])
        refuse_splitter(splitter, kind)
        if not isinstance(splitter, Splitter):
            raise ValueError(
                "splits: masks of data that is read in blocks are drawn block by block, which "
                f"{type(splitter).__name__} can't; use TimeBlocks(), Speckled(), TrialsByNeurons() "
                "or WholeTrials()"
            )
        if not (kind.masks_in_passes or splitter.whole_trials):
            raise ValueError(
                f"splits: {kind.__name__} takes no missing entries where data is read in blocks; "
                "use WholeTrials()"
            )
        splitter.check_shape(self.shape)
        if n_jobs not in (None, 1) and not _can_be_sent(self.X):
            raise ValueError(
                f"n_jobs: got {n_jobs}, but other processes can't read this {_described(self.X)}; "
                "use n_jobs=None, or a memmap, a Zarr array or trialtensor.read(path, lazy=True)"
            )
        data = models[0]._observe(self.X, self.mask)
        for model in models:
            model._starts(data)
        passes = passes_over(self.X, self._source, self.mask)
        *counts, self._squares = passes.run(Several([Counts(), _TrialSquares()]))
        if counts[0].sum() < np.prod(self.shape):
            self.counts = Counted(*counts)

    def splits(self, splitter: Splitter) -> list[Draw]:
        """Draw all splits.

        Parameters
        ----------
        splitter : Splitter

        Returns
        -------
        list of Draw

        Raises
        ------
        ValueError
            If there is no such draw.
        """
        seeds = np.random.SeedSequence(splitter.random_state).spawn(splitter.n_splits)
        n_observed = int(self.counts.of_neurons.sum())
        draws = []
        for seed in seeds:
            draw = splitter.plan(self.counts, seed, self._observed)
            if n_observed < np.prod(self.shape) and not isinstance(draw, Rectangle):
                n_held = self._passes(draw, test=True).run(Counts())[0].sum()
                splitter.check_held(int(n_held), n_observed)
            draws.append(draw)
        return draws

    def content(self) -> list[Any]:
        """Return what tells this data from other data, for a fingerprint."""
        dtype = str(source_of(self.X).dtype)
        return [self.shape, dtype, self._squares, tuple(self.counts), self.coords]

    def held_out(self, model: TrialEstimator, draw: Draw) -> tuple[float, int]:
        """Fit to what a draw leaves; return the error of what it holds out, and the parameters.

        Parameters
        ----------
        model : estimator
            Fitted in place.
        draw : Draw
        """
        model.fit(self.X, mask=Drawn(Side(draw, test=False), self.mask))
        job = _HeldOutSquares(model, model.training_features())
        loss, total = (float(each) for each in self._passes(draw, test=True).run(job))
        return loss / total if total else 1.0, model.fitted_.n_parameters

    def of_trials(self, rows: np.ndarray) -> tuple[Any, Any]:
        """Return some trials and their mask, in the form for ``fit`` and ``score``.

        Parameters
        ----------
        rows : int array
        """
        return some_trials(self.X, rows), some_of_mask(self._beside, rows)

    def _passes(self, draw: Draw, *, test: bool) -> Any:
        return passes_over(self.X, self._source, Drawn(Side(draw, test=test), self.mask))

    def _observed(self) -> np.ndarray:
        """Return which entries of data that isn't large were observed."""
        if self.counts.of_neurons.sum() == np.prod(self.shape):
            return np.ones(self.shape, bool)
        passes: Passes = passes_over(self.X, self._source, self.mask)
        (found,) = passes.run(_Observed())
        return found


@dataclass(frozen=True, eq=False)
class _TrialSquares:
    """The sum of squares of each trial, the same whatever the blocks."""

    joins: Sequence[Join] = ("rows",)

    def __call__(self, block: Block) -> tuple[Any, ...]:
        rows = [as_numpy(each.values) for each in pieces(block)]
        return (
            np.array([np.square(trial, dtype=np.float64).sum() for each in rows for trial in each]),
        )


@dataclass(frozen=True, eq=False)
class _Observed:
    """Which entries were observed."""

    joins: Sequence[Join] = ("rows",)

    def __call__(self, block: Block) -> tuple[Any, ...]:
        if block.observed is None:
            return (np.ones(block.values.shape, bool),)
        return (as_numpy(block.observed),)


@dataclass(frozen=True, eq=False)
class _HeldOutSquares:
    """Sums of squares of observed entries: of what a model leaves of them, and of themselves.

    Where the model is undefined (NaN), its prediction is zero, as with no model.

    Attributes
    ----------
    model : fitted model
    features : array
        Of all trials.
    """

    model: TrialEstimator
    features: Any
    joins: Sequence[Join] = ("sum", "sum")

    def __call__(self, block: Block) -> tuple[Any, ...]:
        loss = total = np.float64(0)
        for piece in pieces(block):
            seen = None if piece.observed is None else as_numpy(piece.observed)
            truth = as_numpy(piece.values).astype(np.float64)
            told = np.nan_to_num(self.model.inverse_transform(self.features[piece.part]))
            missed = truth - told if seen is None else np.where(seen, truth - told, 0)
            loss = loss + np.vdot(missed, missed)
            total = total + np.vdot(truth, truth)
        return np.asarray(loss), np.asarray(total)


def _can_be_sent(X: Any) -> bool:
    """Tell whether other processes can read data."""
    kind, source = kind_of(X), source_of(X)
    if kind == "device":
        return False
    if kind == "dask" or isinstance(source, np.ndarray):
        return True
    try:
        pickle.dumps(source)
    except Exception:
        return False
    return True


def _described(X: Any) -> str:
    return type(X.source if isinstance(X, OnDisk) else X).__name__
