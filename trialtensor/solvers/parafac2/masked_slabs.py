"""Slabs with missing entries, filled in by means or by the model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from trialtensor.solvers.acceleration import balance
from trialtensor.solvers.contraction import trial_chunks
from trialtensor.solvers.parafac2.groups import Group
from trialtensor.solvers.parafac2.slabs import Slabs
from trialtensor.solvers.passes import RowUpdate

# With missing entries also the patterns, which determine the next values to fill in.
FilledFactors = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
# Share of unknowns in a row of a pattern, among these and its observed entries: up to the first its
# missing entries have no weight, and from the second on the weight that follows.
_DETERMINED, _OPEN, _MOST_WEIGHT = 0.1, 0.3, 0.1


class MeanSlabs(Slabs):
    """Data in which the mean of the row in the same trial stands for missing entries."""

    fills = True

    def filled(self, group: Group, factors: Any = None) -> np.ndarray:
        """Return a new array of a group, without gaps.

        Parameters
        ----------
        group : Group
        factors : ignored
        """
        X, seen = group.X, group.seen
        count = np.maximum(seen.sum(axis=2, keepdims=True), 1)
        means = (X.sum(axis=2, keepdims=True) / count).astype(X.dtype, copy=False)
        return np.where(seen, X, means)


@dataclass(frozen=True, eq=False)
class MaskedSlabs(Slabs):
    """Data with missing entries, which the model fills in before every sweep (EM).

    The sum of squared errors of filled-in data bounds the loss from above and equals it at the
    current model, so a sweep that lowers one lowers the other. Groups are filled in one after the
    other, so that there is never a second copy of all data.

    Attributes
    ----------
    missing_weight : float
        A missing entry counts as a zero with this weight, against 1 for an observed one.
    """

    missing_weight: float = 0.0  # type: ignore[misc]
    fills: ClassVar[bool] = True

    def weighted(self, missing_weight: float) -> MaskedSlabs:
        """Return the same data with another weight of missing entries.

        Parameters
        ----------
        missing_weight : float
        """
        return replace(self, missing_weight=missing_weight)

    def open_weight(self, n_components: int) -> float:
        """Return the weight of missing entries that the patterns of blocks need.

        A row of a pattern has ``n_components`` unknowns, and few observed entries where blocks are
        small. The weight is the mean over these rows, and nothing where each has many entries.

        Parameters
        ----------
        n_components : int
        """
        total, n_rows = 0.0, 0
        for group in self.groups:
            seen = np.add.reduceat(group.seen.sum(axis=2), group.starts, axis=0)
            for count, block in zip(seen, group.blocks, strict=True):
                left_open = n_components / (n_components + count[: block.shape[1]])
                step = np.clip((left_open - _DETERMINED) / (_OPEN - _DETERMINED), 0, 1)
                total += float(np.sum(step**2))
                n_rows += block.shape[1]
        return _MOST_WEIGHT * total / n_rows

    def missing_shares(self) -> list[np.ndarray]:
        """Return the share of missing entries of each trial, of nothing, and of the shared axis."""
        trials, shared, n_rows = [], np.zeros(self.n_shared), 0
        for group in self.groups:
            pairs = zip(group.blocks, group.observed or (), strict=True)
            for block, mask in pairs:
                seen = np.ones(block.shape, bool) if mask is None else mask
                trials.append(1 - seen.mean(axis=(1, 2)))
                shared += seen.sum(axis=(0, 1))
                n_rows += len(seen) * seen.shape[1]
        return [np.concatenate(trials), np.zeros(1), 1 - shared / n_rows]

    @property
    def n_observed(self) -> int:
        """Number of observed entries."""
        return sum(
            block.size if mask is None else int(np.count_nonzero(mask))
            for group in self.groups
            for block, mask in zip(group.blocks, group.observed or (), strict=True)
        )

    def filled(self, group: Group, factors: Any = None) -> np.ndarray:
        """Return a new array of a group, with missing entries filled in by the model.

        Parameters
        ----------
        group : Group
        factors : ``A``, ``H``, ``C`` and patterns
            Without patterns, missing entries stay zero.
        """
        if factors is None or len(factors) < 4:
            return group.X
        X, seen = group.X, group.seen
        whole = np.empty(X.shape, X.dtype)
        for part in trial_chunks(X.shape):
            # A zero of weight w pulls as far as a value of 1 - w times the model.
            whole[part] = (1 - self.missing_weight) * self._model(group, factors, part)
            np.copyto(whole[part], X[part], where=seen[part])
        return whole

    def _model(self, group: Group, factors: FilledFactors, part: slice) -> np.ndarray:
        """Return the model of some trials of a group; zero in padded rows."""
        trial, cross, shared, patterns = factors
        own = patterns[group.which, : group.n_rows] @ cross
        weighted = own[group.block_of_trial[part]] * trial[group.trials][part, None, :]
        return np.matmul(weighted, shared.T)

    def loss_by_trial(self, factors: FilledFactors) -> np.ndarray:
        """Return the sum of squared errors over the observed entries of each trial.

        Parameters
        ----------
        factors : ``A``, ``H``, ``C`` and patterns
        """
        parts = []
        for group in self.groups:
            X, seen = group.X, group.seen
            for part in trial_chunks(X.shape):
                error = self._model(group, factors, part)
                np.subtract(X[part], error, out=error)
                weights: Any = seen[part]
                if self.missing_weight:
                    weights = np.where(weights, 1, self.missing_weight**0.5)
                error *= weights
                flat = error.reshape(len(error), -1).astype(np.float64, copy=False)
                parts.append(np.einsum("ki,ki->k", flat, flat))
        return np.concatenate(parts)

    def loss(self, factors: FilledFactors) -> float:
        """Return the sum of squared errors over the observed entries.

        Parameters
        ----------
        factors : ``A``, ``H``, ``C`` and patterns
        """
        return float(self.loss_by_trial(factors).sum())

    def sweep(self, factors: Any, update: RowUpdate) -> tuple[Any, float]:
        """Fill in, update patterns, sweep the CP problem; also return the loss on observed entries.

        Parameters
        ----------
        factors : ``A``, ``H``, ``C`` and patterns
        update : RowUpdate
        """
        patterns, small = self.turned(factors)
        new, _ = small.sweep(factors[:3], update)
        A, H, C = new
        found = (A, H, C, patterns)
        return found, self.loss(found)


def balance_filled(factors: FilledFactors) -> FilledFactors:
    """Apply `balance` to the three factors; patterns have no scale.

    Parameters
    ----------
    factors : ``A``, ``H``, ``C`` and patterns
    """
    A, H, C = balance(factors[:3])
    return A, H, C, factors[3]
