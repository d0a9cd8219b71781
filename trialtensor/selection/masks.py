"""Splitters that hold out entries of a trial tensor, for cross-validation."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from trialtensor.data.validation import check_trial_tensor
from trialtensor.models.parameters import check_share, check_whole
from trialtensor.selection import drawing
from trialtensor.selection.drawing import Held
from trialtensor.selection.many_axes import all_axes, three_way
from trialtensor.selection.ordering import like


@dataclass(frozen=True)
class Splitter:
    """Base class of all splitters; use one of its subclasses.

    Splits are drawn independently of each other: an entry may be held out in several or in none.
    A draw leaves at least one observed entry in every trial, neuron and time bin that had any, so
    that a model can predict everything that is held out.

    Parameters
    ----------
    fraction : float, default 0.1
        Share of the observed entries to hold out, not counting guards.
    n_splits : int, default 5
    random_state : int or None, default 0
        The same int gives the same masks; None gives new ones every time. A split doesn't depend
        on the number of splits after it.

    Attributes
    ----------
    whole_trials : bool
        True if complete trials are held out, with nothing left to fit to. They then have no
        trial factors and are scored by ``score``, not by their reconstruction.

    Raises
    ------
    ValueError
        For a fraction outside 0 to 1, or invalid counts.
    """

    fraction: float = 0.1
    n_splits: int = field(default=5, kw_only=True)
    random_state: int | None = field(default=0, kw_only=True)

    whole_trials: ClassVar[bool] = False
    # Hold out what a neuron has at the same time on all other axes, such as frequencies, at once:
    # neighbours there resemble each other as neighbours in time do.
    together: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse invalid parameters, and convert numbers to plain ones for JSON."""
        object.__setattr__(self, "fraction", check_share("fraction", self.fraction))
        self._whole("n_splits", 1)
        if self.random_state is not None:
            self._whole("random_state", 0)

    def split(self, X: Any, *, mask: Any = None) -> Iterator[tuple[Any, Any]]:
        """Draw masks of entries to fit to and entries to predict.

        Parameters
        ----------
        X : (n_trials, n_neurons, n_times) array or xarray.DataArray
            NaN is missing. May have more axes: all but `Speckled` then hold out what a neuron has
            there at the same time together.
        mask : bool array of the shape of ``X``, optional
            False where missing.

        Yields
        ------
        train, test : bool arrays of the shape of ``X``
            Both only where observed. DataArrays like ``X`` if it is one.

        Raises
        ------
        ValueError
            At once, if ``X`` or ``mask`` can't be used, or if no draw holds out the fraction and
            leaves something of every trial, neuron and time bin.
        """
        checked = check_trial_tensor(X, mask=mask, many=True)
        observed = checked.observed
        if observed is None:
            observed = np.ones(checked.values.shape, bool)
        self._check_shape(observed.shape)
        seeds = np.random.SeedSequence(self.random_state).spawn(self.n_splits)
        # The first is drawn here, so that what can't be done is refused before any work.
        return self._pairs(X, observed, seeds, self._held(observed, seeds[0]))

    def _pairs(
        self, X: Any, observed: np.ndarray, seeds: list[np.random.SeedSequence], held: Held
    ) -> Iterator[tuple[Any, Any]]:
        for i, seed in enumerate(seeds):
            if i:
                held = self._held(observed, seed)
            yield like(observed & ~held.out, X), like(held.test, X)

    def _held(self, whole: np.ndarray, seed: np.random.SeedSequence) -> Held:
        observed = three_way(whole, together=self.together)
        return Held(*(all_axes(each, whole) for each in self._held_of_three(observed, seed)))

    def _held_of_three(self, observed: np.ndarray, seed: np.random.SeedSequence) -> Held:
        n_observed = int(observed.sum())
        n_test = max(round(self.fraction * n_observed), 1)
        try:
            return self._draw(observed, n_test, np.random.default_rng(seed))
        except drawing.UnreachableError as error:
            # Rounded down, so that what is said can be reached.
            most = math.floor(1000 * error.most / n_observed) / 1000
            raise ValueError(
                f"fraction: {self.fraction:g} of the {n_observed} observed entries can't be held "
                f"out by {self!r} so that every trial, neuron and time bin keeps an entry to fit "
                f"to; about {most:g} can"
            ) from None

    def _check_shape(self, shape: tuple[int, ...]) -> None:
        """Refuse data that is too small for any draw."""

    def _draw(self, observed: np.ndarray, n_test: int, rng: np.random.Generator) -> Held:
        raise NotImplementedError("use one of the splitters, such as Speckled()")

    def _whole(self, name: str, least: int) -> None:
        object.__setattr__(self, name, check_whole(name, getattr(self, name), least))


@dataclass(frozen=True)
class Speckled(Splitter):
    """Hold out single entries, anywhere.

    Only where neighbouring time bins are independent: otherwise they give away what is held out,
    and too many components look right. :class:`TimeBlocks` is for smooth data.

    Parameters
    ----------
    fraction, n_splits, random_state
        As for :class:`Splitter`; ``fraction`` is met to a single entry.

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


@dataclass(frozen=True)
class TimeBlocks(Splitter):
    """Hold out blocks of time bins of one neuron on one trial, between unused guard bins.

    Smooth noise makes neighbouring bins similar, beyond what a model describes. ``guard`` bins
    between fitted and predicted bins are therefore used for neither. Several blocks of a neuron on
    one trial are at least a guard apart.

    Parameters
    ----------
    fraction : float, default 0.1
        Share of the observed entries in blocks, not counting guards; met to within half a block.
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

    def _check_shape(self, shape: tuple[int, ...]) -> None:
        needed = self.length + 2 * self.guard
        if needed > shape[-1]:
            raise ValueError(
                f"length, guard: a block of {self.length} bins with {self.guard} on both sides "
                f"needs trials of {needed} time bins or more, got {shape[-1]}"
            )

    def _draw(self, observed: np.ndarray, n_test: int, rng: np.random.Generator) -> Held:
        return drawing.draw_blocks(observed, self.length, self.guard, n_test, rng)


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

    def _draw(self, observed: np.ndarray, n_test: int, rng: np.random.Generator) -> Held:
        return drawing.draw_trials(observed, n_test, rng)


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

    def _draw(self, observed: np.ndarray, n_test: int, rng: np.random.Generator) -> Held:
        return drawing.draw_rectangle(observed, math.sqrt(self.fraction), n_test, rng)
