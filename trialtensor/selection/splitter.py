"""What all splitters do: hold out a share of what was observed, and leave some of every slice."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from trialtensor.data.validation import check_trial_tensor
from trialtensor.models.parameters import check_share, check_whole
from trialtensor.selection import drawing
from trialtensor.selection.by_trial import LARGE
from trialtensor.selection.drawing import Held
from trialtensor.selection.drawing_slices import Counted, Counts
from trialtensor.selection.drawn import Draw, Drawn, held_of_all
from trialtensor.selection.many_axes import all_axes, three_way
from trialtensor.selection.ordering import like

# Share of what is to be held out of large data below which a draw is refused.
_ENOUGH = 0.99


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
        self.check_shape(observed.shape)
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
        counts = Counted.of(observed)
        held = held_of_all(self.plan(counts, seed, lambda: observed), observed)
        self.check_held(int(held.test.sum()), int(counts.of_neurons.sum()))
        return held

    def plan(
        self, counts: Counts, seed: np.random.SeedSequence, whole: Callable[[], np.ndarray]
    ) -> Draw:
        """Draw from data of which numbers of entries are known, and tell what is held out.

        Parameters
        ----------
        counts : Counts
            Numbers of observed entries.
        seed : numpy.random.SeedSequence
        whole : callable
            Returns all of the mask of observed entries, of data that isn't large.

        Returns
        -------
        Draw

        Raises
        ------
        ValueError
            If no draw holds out the fraction and leaves something of every slice.
        """
        n_observed = int(counts.of_neurons.sum())
        try:
            return self._plan(counts, self._n_test(n_observed), seed, whole)
        except drawing.UnreachableError as error:
            raise self._unreachable(error.most, n_observed) from None

    def check_held(self, n_held: int, n_observed: int) -> None:
        """Refuse a draw that holds out clearly less than the fraction.

        Parameters
        ----------
        n_held, n_observed : int
            Numbers of entries.

        Raises
        ------
        ValueError
            Saying how much can be held out.
        """
        if n_observed > LARGE and n_held < _ENOUGH * self._n_test(n_observed):
            raise self._unreachable(n_held, n_observed)

    def _n_test(self, n_observed: int) -> int:
        return max(round(self.fraction * n_observed), 1)

    def _unreachable(self, most: int, n_observed: int) -> ValueError:
        # Rounded down, so that what is said can be reached.
        share = math.floor(1000 * most / n_observed) / 1000
        return ValueError(
            f"fraction: {self.fraction:g} of the {n_observed} observed entries can't be held "
            f"out by {self!r} so that every trial, neuron and time bin keeps an entry to fit "
            f"to; about {share:g} can"
        )

    def _plan(
        self,
        counts: Counts,
        n_test: int,
        seed: np.random.SeedSequence,
        whole: Callable[[], np.ndarray],
    ) -> Draw:
        large = self._plan_large(counts, n_test, seed) if is_large(counts) else None
        if large is not None:
            return large
        return Drawn.of(self._draw(whole(), n_test, np.random.default_rng(seed)))

    def _plan_large(self, counts: Counts, n_test: int, seed: np.random.SeedSequence) -> Draw | None:
        """Draw trial by trial, if the splitter can; None if it has to see all of the mask."""
        return None

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """Refuse data that is too small for any draw.

        Parameters
        ----------
        shape : tuple of int
            Of the data.

        Raises
        ------
        ValueError
            Saying what is needed.
        """

    def _draw(self, observed: np.ndarray, n_test: int, rng: np.random.Generator) -> Held:
        raise NotImplementedError("use one of the splitters, such as Speckled()")

    def _whole(self, name: str, least: int) -> None:
        object.__setattr__(self, name, check_whole(name, getattr(self, name), least))


def is_large(counts: Counts) -> bool:
    """Tell whether data is drawn from trial by trial, wherever it is.

    Parameters
    ----------
    counts : Counts
        Numbers of observed entries.
    """
    return counts.of_neurons.size * counts.of_times.shape[1] > LARGE
