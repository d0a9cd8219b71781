"""The inferior olive: complex spikes that carry the error.

Each Purkinje cell has a climbing fibre. Those of a group prefer errors in its direction: they fire
more often than at rest if the error has a part along it, and less often if it points away. With the
rate ``rest softplus(x) / ln 2`` no rate is ever negative, and two fibres of opposite directions
differ by ``rest x / ln 2`` exactly, since ``softplus(x) - softplus(-x) = x``: an opponent pair
loses nothing of the error, although each of its fibres nearly falls silent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trialtensor.data.shown import OneLine
from trialtensor_models.network.purkinje import SPIKES_PER_SECOND, ending_with, groups_of

#: Complex spikes at rest, in the mean over climbing fibres: 1 per second.
COMPLEX_REST = 1 / SPIKES_PER_SECOND
# Rates bend at errors of a fifth of the peak speed of the reference task. A rotation by 30 degrees
# makes errors of half of it: one direction fires 4 times a second then, and the other hardly ever.
_BENDS_AT = 0.2
_LEAST_REST, _MOST_REST = 0.5, 1.5
_LN2 = float(np.log(2))


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Olive(OneLine):
    """Climbing fibres of K Purkinje cells.

    Attributes
    ----------
    group : (K,) int array
        As of `PurkinjeCells`.
    rest : (K,) array
        Rate of each without an error, of 20 spikes per second for 1.
    scale : float
        Size of the error at which rates bend, in m/s.
    """

    group: np.ndarray
    rest: np.ndarray
    scale: float

    def complex_spikes(self, error: np.ndarray) -> np.ndarray:
        """Rates of complex spikes, of 20 spikes per second for 1.

        Parameters
        ----------
        error : (..., 2) array
            In m/s.

        Returns
        -------
        (..., K) array
            Above 0.

        Raises
        ------
        ValueError
            If the last axis isn't of 2.
        """
        return self.rest * (1 + self._above_rest(error)[..., self.group])

    def shared(self, error: np.ndarray) -> np.ndarray:
        """What the two fibres of an opponent pair have in common, as an error.

        Parameters
        ----------
        error : (..., 2) array
            In m/s; it is the difference of the two in the same units.

        Returns
        -------
        (..., 2) array
            At least 0: rates rise further than they can fall.
        """
        above = self._above_rest(error)
        return self.scale * _LN2 * (above[..., :2] + above[..., 2:])

    def _above_rest(self, error: np.ndarray) -> np.ndarray:
        """(..., 4) rates of the four directions above rest, as a multiple of it."""
        error = ending_with(error, "error", 2)
        along = np.concatenate([error, -error], axis=-1) / self.scale
        return np.logaddexp(0, along) / _LN2 - 1


def draw_olive(n_cells: int, peak: float, seed: int) -> Olive:
    """Draw the climbing fibres of Purkinje cells.

    Parameters
    ----------
    n_cells : int
    peak : float
        Peak speed of the reference task, in m/s.
    seed : int
        Of the network.

    Returns
    -------
    Olive
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 7]))
    spread = rng.uniform(_LEAST_REST, _MOST_REST, n_cells)
    return Olive(groups_of(n_cells), COMPLEX_REST * spread / spread.mean(), _BENDS_AT * peak)
