"""Splitters that hold out entries of a trial tensor, for cross-validation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from trialtensor.selection import drawing
from trialtensor.selection.by_trial import BlocksByTrial, EntriesByTrial
from trialtensor.selection.drawing import Held
from trialtensor.selection.drawing_slices import Counts, choose_rectangle, choose_trials
from trialtensor.selection.drawn import Draw, Rectangle
from trialtensor.selection.splitter import Splitter

__all__ = ["Speckled", "Splitter", "TimeBlocks", "TrialsByNeurons", "WholeTrials"]


@dataclass(frozen=True)
class Speckled(Splitter):
    """Hold out single entries, anywhere.

    Only where neighbouring time bins are independent: otherwise they give away what is held out,
    and too many components look right. :class:`TimeBlocks` is for smooth data.

    Parameters
    ----------
    fraction, n_splits, random_state
        As for :class:`Splitter`; ``fraction`` is met to a single entry. Of data with more than ten
        million entries, each trial gives its share.

    References
    ----------
    Wold 1978, "Cross-validatory estimation of the number of components in factor and principal
    components models"; Williams et al. 2018 for TCA.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.zeros((20, 10, 30))
    >>> for train, test in Speckled(0.2, n_splits=2).split(X):
    ...     print(train.mean(), test.mean())
    0.8 0.2
    0.8 0.2
    """

    together: ClassVar[bool] = False

    def _draw(self, observed: np.ndarray, n_test: int, rng: np.random.Generator) -> Held:
        return drawing.draw_entries(observed, n_test, rng)

    def _plan_large(self, counts: Counts, n_test: int, seed: np.random.SeedSequence) -> Draw:
        return EntriesByTrial.plan(counts, n_test, seed)


@dataclass(frozen=True)
class TimeBlocks(Splitter):
    """Hold out blocks of time bins of one neuron on one trial, between unused guard bins.

    Smooth noise makes neighbouring bins similar, beyond what a model describes. ``guard`` bins
    between fitted and predicted bins are therefore used for neither. Several blocks of a neuron on
    one trial are at least a guard apart.

    Parameters
    ----------
    fraction : float, default 0.1
        Share of the observed entries in blocks, not counting guards; met to within half a block. Of
        data with more than ten million entries, each trial gives its share; where some are missing,
        that is met to within half a block a trial.
    length : int, default 5
        Bins per block; at least the correlation time of the noise. A block never leaves its trial,
        so the first and last bins of trials are held out less often than others.
    guard : int, default 1
        Bins on both sides of a block.
    n_splits, random_state
        As for :class:`Splitter`.

    References
    ----------
    Roberts et al. 2017, "Cross-validation strategies for data with temporal, spatial,
    hierarchical, or phylogenetic structure" for blocks and guards.

    Examples
    --------
    >>> import numpy as np
    >>> train, test = next(TimeBlocks(0.2, length=3, guard=2).split(np.zeros((20, 10, 30))))
    >>> print(round(float(test.mean()), 3), bool((train & test).any()))
    0.2 False
    """

    length: int = 5
    guard: int = 1

    def __post_init__(self) -> None:
        """Refuse invalid parameters."""
        super().__post_init__()
        self._whole("length", 1)
        self._whole("guard", 0)

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """Refuse trials that are too short for a block.

        Parameters
        ----------
        shape : tuple of int
            Of the data.
        """
        needed = self.length + 2 * self.guard
        if needed > shape[-1]:
            raise ValueError(
                f"length, guard: a block of {self.length} bins with {self.guard} on both sides "
                f"needs trials of {needed} time bins or more, got {shape[-1]}"
            )

    def _draw(self, observed: np.ndarray, n_test: int, rng: np.random.Generator) -> Held:
        return drawing.draw_blocks(observed, self.length, self.guard, n_test, rng)

    def _plan_large(self, counts: Counts, n_test: int, seed: np.random.SeedSequence) -> Draw:
        return BlocksByTrial.plan(counts, self.length, self.guard, n_test, seed)


@dataclass(frozen=True)
class WholeTrials(Splitter):
    """Hold out whole trials.

    This tests whether neuron and time factors describe new trials, whose trial factors are then
    fitted. It doesn't test components with separate parameters for every trial (neuron- and
    time-slicing ones), which explain a new trial in any case.

    Parameters
    ----------
    fraction, n_splits, random_state
        As for :class:`Splitter`; ``fraction`` is met to within half a trial, but at least one is
        held out.

    Examples
    --------
    >>> import numpy as np
    >>> train, test = next(WholeTrials(0.1).split(np.zeros((20, 10, 30))))
    >>> test.any(axis=(1, 2)).sum(), (train ^ test).all()
    (np.int64(2), np.True_)
    """

    whole_trials: ClassVar[bool] = True

    def _plan(
        self,
        counts: Counts,
        n_test: int,
        seed: np.random.SeedSequence,
        whole: Callable[[], np.ndarray],
    ) -> Draw:
        return Rectangle(choose_trials(counts, n_test, np.random.default_rng(seed)))


@dataclass(frozen=True)
class TrialsByNeurons(Splitter):
    """Hold out some neurons on some trials, at all times: bi-cross-validation.

    Other neurons determine the trials and other trials the neurons, so the prediction tests what
    neurons share from trial to trial.

    Parameters
    ----------
    fraction, n_splits, random_state
        As for :class:`Splitter`. A share ``sqrt(fraction)`` of the neurons is drawn, and as many
        trials as ``fraction`` then needs, to half a trial.

    References
    ----------
    Owen & Perry 2009, "Bi-cross-validation of the SVD and the nonnegative matrix factorization".

    Examples
    --------
    >>> import numpy as np
    >>> train, test = next(TrialsByNeurons(0.25).split(np.zeros((20, 10, 30))))
    >>> test.any(axis=(1, 2)).sum(), test.any(axis=(0, 2)).sum(), test.mean()
    (np.int64(10), np.int64(5), np.float64(0.25))
    """

    def _plan(
        self,
        counts: Counts,
        n_test: int,
        seed: np.random.SeedSequence,
        whole: Callable[[], np.ndarray],
    ) -> Draw:
        rng = np.random.default_rng(seed)
        return Rectangle(*choose_rectangle(counts, math.sqrt(self.fraction), n_test, rng))
