"""Which transition of a draw is which: draws have no order of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from trialtensor.tracking.transitions.posterior import Sample
from trialtensor.tracking.transitions.search import Transition

ROUNDS = 5
LONGEST = 1e4  # trials, for a ramp
LEAST = 1e-6  # spread


def relabelled(drawn: Sample, likely: list[Transition]) -> Sample:
    """Return the draws with transitions in the order of the most likely ones.

    Two transitions may change their roles from draw to draw, and intervals of either would then
    span both. Onsets, logarithms of time constants and the signs of amplitudes are compared with
    those of the most likely transitions, then with their medians over draws, in units of their
    spread, until no more change places.

    Parameters
    ----------
    drawn : Sample
    likely : list of (int, float)
        Onset and time constant of each.

    References
    ----------
    Stephens 2000, "Dealing with label switching in mixture models".
    """
    n_draws, n = drawn.onsets.shape
    if n < 2:
        return drawn
    signs = np.sign(drawn.amplitudes)
    seen = np.concatenate([_places(drawn.onsets, drawn.taus), signs], axis=2)
    onsets, taus = np.array(likely, float).T
    # Signs are those of the draws: all are as likely at first.
    middle = np.concatenate([_places(onsets, taus), np.zeros((n, signs.shape[2]))], axis=1)
    spread = seen.std(axis=(0, 1)) + LEAST
    order = np.tile(np.arange(n), (n_draws, 1))
    for turn in range(ROUNDS):
        cost = np.abs((seen[:, None, :, :] - middle[None, :, None, :]) / spread).sum(axis=3)
        new = np.array([linear_sum_assignment(each)[1] for each in cost])
        if np.array_equal(new, order) and turn > 0:
            break
        order = new
        placed = np.take_along_axis(seen, order[:, :, None], axis=1)
        middle = np.median(placed, axis=0)
        spread = np.mean(np.abs(placed - middle), axis=(0, 1)) + LEAST
    return replace(
        drawn,
        onsets=np.take_along_axis(drawn.onsets, order, axis=1),
        taus=np.take_along_axis(drawn.taus, order, axis=1),
        amplitudes=np.take_along_axis(drawn.amplitudes, order[:, :, None], axis=1),
    )


def _places(onsets: np.ndarray, taus: np.ndarray) -> np.ndarray:
    return np.stack([onsets, np.log1p(np.minimum(taus, LONGEST))], axis=-1)
