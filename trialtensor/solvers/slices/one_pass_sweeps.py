"""Sweeps over data with missing entries in one pass each, for several models side by side.

A pass solves for what belongs to its trials, for given loadings and trial slices, and sums up what
the next step of these needs. Steps are extrapolated by what the last ones left to be gained
(Anderson 1965, "Iterative procedures for nonlinear integral equations"; Walker & Ni 2011, "Anderson
acceleration for fixed-point iterations"). One that raised the loss is taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trialtensor.solvers.acceleration import RowUpdater
from trialtensor.solvers.namespaces import namespace
from trialtensor.solvers.passes.block import Block, Join
from trialtensor.solvers.passes.jobs import pieces
from trialtensor.solvers.result import StopReason
from trialtensor.solvers.slices.block_sweeps import Blocks
from trialtensor.solvers.slices.shared_step import SharedStep
from trialtensor.solvers.slices.some_trials import Room, SomeTrials

# Entries of a piece of a block whose residuals are worked on: on a processor they stay in cache.
_IN_CACHE = 100_000
# Steps that an extrapolation is made of.
_REMEMBERED = 6
_MAX_MOMENTUM = 0.985
# Sweeps over the blocks of a trial in a pass, and in the first pass, which begins from nothing.
_INNER, _FIRST_INNER = 2, 6
_JOINS: tuple[Join, ...] = ("rows", "rows", "rows", "rows", "sum", "sum", "sum")


@dataclass(frozen=True, eq=False)
class SolveAndSum:
    """What a pass does for each model.

    Attributes
    ----------
    models : sequence of Blocks
    update : RowUpdater
    missing_weight : float
    n_sweeps : int
        Over the blocks of a trial.
    """

    models: Sequence[Blocks]
    update: RowUpdater
    missing_weight: float
    n_sweeps: int

    @property
    def joins(self) -> Sequence[Join]:
        """Rows of trials, sums for what they share, and a count of observed entries."""
        return [*_JOINS * len(self.models), "sum"]

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return for each model u, B and C with trials first, squares, and three slopes."""
        xp = namespace(block.values)
        found = [each for model in self.models for each in self._of_model(model, block)]
        if block.observed is None:
            n = block.values.shape[0]
            count = xp.full(block.values.shape[1:], n, dtype=xp.int64)
        else:
            count = xp.sum(xp.astype(block.observed, xp.int64), axis=0)
        return (*found, count)

    def _of_model(self, model: Blocks, block: Block) -> list[Any]:
        xp = namespace(block.values)
        rows: list[list[Any]] = [[], [], [], []]
        slopes: list[Any] = [0.0, 0.0, 0.0]
        room = Room()
        for piece in pieces(block, _IN_CACHE):
            trials = SomeTrials(piece, model, self.update, self.missing_weight, room)
            for _ in range(self.n_sweeps):
                trials.sweep()
            own = (trials.u, trials.cells_b, trials.cells_c, trials.squares())
            for kept, each in zip(rows, own, strict=True):
                kept.append(each)
            slopes = [a + b for a, b in zip(slopes, trials.slopes(), strict=True)]
        return [*(xp.concat(each, axis=0) for each in rows), *slopes]


@dataclass(eq=False)
class Fit:
    """A fit on its way.

    Attributes
    ----------
    point : Blocks
        Where the next pass solves for trials.
    best : Blocks
        The best so far, with its trials solved for.
    n_iter : int
    history : list of floats
    gain, expected : float
        Of the loss: in the last pass, and from the next step.
    reason : StopReason
    """

    point: Blocks
    best: Blocks
    n_iter: int = 0
    history: list[float] = field(default_factory=list)
    gain: float = np.inf
    expected: float = np.inf
    reason: StopReason = StopReason.MAX_ITER
    _step: SharedStep | None = None
    _past: list[tuple[Blocks, Blocks]] = field(default_factory=list)
    # How careful the step was that led to the point: 0 extrapolated, 1 plain, 2 can't fail.
    _care: int = 1
    # Steps with momentum since the last one that was taken back, None while steps are combined.
    _age: int | None = None

    @property
    def loss(self) -> float:
        """The loss now."""
        return self.history[-1] if self.history else np.inf

    def told(self, found: Sequence[np.ndarray], update: RowUpdater, weights: np.ndarray) -> None:
        """Take note of what a pass found, and choose the next point.

        Parameters
        ----------
        found : sequence of arrays
            Of `SolveAndSum`, for this model.
        update : RowUpdater
        weights : (n_neurons, n_times) array
            Of entries, averaged over trials.
        """
        u, B, C, squares, *slopes = found
        loss = float(squares.sum())
        self.n_iter += 1
        if not loss <= self.loss:
            self._take_back(update)
            return
        _, v, w, A, _, _ = self.point
        B, C = (np.ascontiguousarray(each.transpose(2, 0, 1)) for each in (B, C))
        self.best = (u, v, w, A, B, C)
        before, self.gain = self.gain, self.loss - loss
        self.history.append(loss)
        dA, dv, dw = slopes
        self._step = SharedStep(self.best, (dA, dv, dw), weights)
        after, self.expected = self._step.taken(update)
        self._past = [*self._past, (self.best, after)][-_REMEMBERED:]
        self._choose(after, update, leaving=self.gain > before)

    def _choose(self, after: Blocks, update: RowUpdater, *, leaving: bool) -> None:
        """Choose the next point; ``leaving`` when gains grow, as near a saddle."""
        if self._age is None and leaving and len(self._past) > 2:
            # What combined steps lead to is the saddle.
            self._age = 0
        if self._age is None:
            self.point = self._extrapolated(after, update)
            self._care = 0 if len(self._past) > 1 else 1
            return
        self._age += 1
        momentum = min((self._age - 1) / (self._age + 2), _MAX_MOMENTUM)
        last = self._past[-2][1] if len(self._past) > 1 else after
        self.point = _ahead(after, last, momentum, update)
        self._care = 0 if momentum else 1

    def _take_back(self, update: RowUpdater) -> None:
        """Go from the best point by a smaller step."""
        assert self._step is not None, "the first loss is lower than infinity"
        self._care += 1
        if self._care == 1:
            # Steps with momentum after combined ones, and the other way round.
            self._age = 0 if self._age is None else None
        self._past = self._past[-1:]
        if self._care == 1:
            self.point = self._past[-1][1]
        elif self._care == 2:
            careful = SharedStep(self.best, self._step.slopes, np.ones_like(self._step.weights))
            self.point, self.expected = careful.taken(update)
        else:
            # Only rounding is left.
            self.reason, self.point = StopReason.CONVERGED, self.best

    def _extrapolated(self, after: Blocks, update: RowUpdater) -> Blocks:
        """Combine the last steps so that what they left to be gained cancels."""
        if len(self._past) < 2:
            return after
        sizes = self._sizes()
        left = [
            np.concatenate([(sizes[i] * (new[i] - old[i])).ravel() for i in (1, 2, 3)])
            for old, new in self._past
        ]
        changes = np.stack([each - left[-1] for each in left[:-1]])
        gram = (changes @ changes.T).astype(np.float64)
        rhs = -(changes @ left[-1]).astype(np.float64)
        ridge = 1e-10 * np.trace(gram) + np.finfo(float).tiny
        weights = np.linalg.solve(gram + ridge * np.eye(len(gram)), rhs)
        point = list(after)
        for i in (1, 2, 3):
            total = after[i].astype(np.float64)
            for each, (_, new) in zip(weights, self._past[:-1], strict=True):
                total += each * (new[i].astype(np.float64) - after[i])
            total = np.maximum(total, 0) if update.nonnegative[i] else total
            point[i] = total.astype(after[i].dtype)
        u, v, w, A, B, C = point
        return u, v, w, A, B, C

    def _sizes(self) -> dict[int, float]:
        """Return how much a change of each block changes the model."""
        partners = {1: 4, 2: 5, 3: 0}
        return {i: float(np.linalg.norm(self.best[j])) for i, j in partners.items()}


def _ahead(new: Blocks, old: Blocks, momentum: float, update: RowUpdater) -> Blocks:
    """Extrapolate what trials share."""
    if not momentum:
        return new
    ahead = update.extrapolate(new, old, momentum)
    u, _, _, _, B, C = new
    return u, ahead[1], ahead[2], ahead[3], B, C


def counted(found: np.ndarray, n_trials: int, missing_weight: float) -> np.ndarray:
    """Return the weights of entries, averaged over trials.

    Parameters
    ----------
    found : (n_neurons, n_times) array
        Numbers of trials in which entries were observed.
    n_trials : int
    missing_weight : float
    """
    share = found / n_trials
    return share + missing_weight * (1 - share)
