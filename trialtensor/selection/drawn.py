"""What is held out of data, told for any of its trials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trialtensor.selection.drawing import Held

# From numbers of trials and their observed entries to what is held out of them.
Draw = Callable[[np.ndarray, np.ndarray], Held]
# Entries that are drawn at once.
_AT_ONCE = 10_000_000


@dataclass(frozen=True, eq=False)
class Drawn:
    """A draw from all of the data, of one bit an entry.

    Attributes
    ----------
    test, out : (n_trials, n) uint8 arrays
        Bits of `Held`.
    """

    test: np.ndarray
    out: np.ndarray

    @classmethod
    def of(cls, held: Held) -> Drawn:
        """Pack what was drawn."""
        test, out = (np.packbits(each.reshape(len(each), -1), axis=1) for each in held)
        return cls(test, out)

    def __call__(self, trials: np.ndarray, observed: np.ndarray) -> Held:
        """Return what is held out of some trials."""
        return Held(*(_unpacked(bits[trials], observed.shape) for bits in (self.test, self.out)))


@dataclass(frozen=True, eq=False)
class Rectangle:
    """Some trials with some neurons, or with all.

    Attributes
    ----------
    trials : (n_trials,) bool array
    neurons : (n_neurons,) bool array or None
    """

    trials: np.ndarray
    neurons: np.ndarray | None = None

    def __call__(self, trials: np.ndarray, observed: np.ndarray) -> Held:
        """Return what is held out of some trials."""
        test = observed & self.trials[trials][:, None, None]
        if self.neurons is not None:
            test &= self.neurons[:, None]
        return Held(test, test)


@dataclass(frozen=True, eq=False)
class Side:
    """Entries to fit to, or to predict.

    Attributes
    ----------
    draw : Draw
    test : bool
        Whether these are the entries to predict.
    """

    draw: Draw
    test: bool

    def __call__(self, trials: np.ndarray, observed: np.ndarray) -> np.ndarray:
        """Return them, of some trials."""
        held = self.draw(trials, observed)
        return held.test if self.test else observed & ~held.out


def held_of_all(draw: Draw, observed: np.ndarray) -> Held:
    """Return what is held out of data in memory.

    Parameters
    ----------
    draw : Draw
    observed : (n_trials, n_neurons, n_times) bool array
    """
    n = max(1, _AT_ONCE // max(1, int(np.prod(observed.shape[1:]))))
    if n >= len(observed):
        return draw(np.arange(len(observed)), observed)
    test, out = np.empty_like(observed), np.empty_like(observed)
    for first in range(0, len(observed), n):
        part = slice(first, min(first + n, len(observed)))
        test[part], out[part] = draw(np.arange(part.start, part.stop), observed[part])
    return Held(test, out)


def _unpacked(bits: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    n = int(np.prod(shape[1:]))
    return np.unpackbits(bits, axis=1, count=n).view(bool).reshape(shape)
