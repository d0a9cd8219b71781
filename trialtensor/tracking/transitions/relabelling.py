"""Which transition of a draw is which: draws have no order of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from trialtensor.tracking.transitions.posterior import Sample

ROUNDS = 5
LONGEST = 1e4  # trials, for a ramp


def relabelled(drawn: Sample) -> Sample:
    """Return the draws with transitions in the order in which they agree best.

    Two transitions may change their roles from draw to draw, and intervals of either would then
    span both. Onsets, logarithms of time constants and the signs of amplitudes are compared with
    their medians over draws, in units of their spread, until no more change places.

    References
    ----------
    Stephens 2000, "Dealing with label switching in mixture models".
    """
    n_draws, n = drawn.onsets.shape
    if n < 2:
        return drawn
    seen = np.concatenate(
        [
            drawn.onsets[:, :, None],
            np.log1p(np.minimum(drawn.taus, LONGEST))[:, :, None],
            np.sign(drawn.amplitudes),
        ],
        axis=2,
    )
    order = np.tile(np.arange(n), (n_draws, 1))
    for _ in range(ROUNDS):
        placed = np.take_along_axis(seen, order[:, :, None], axis=1)
        middle = np.median(placed, axis=0)
        spread = np.mean(np.abs(placed - middle), axis=(0, 1)) + 1e-6
        cost = np.abs((seen[:, None, :, :] - middle[None, :, None, :]) / spread).sum(axis=3)
        new = np.array([linear_sum_assignment(each)[1] for each in cost])
        if np.array_equal(new, order):
            break
        order = new
    return replace(
        drawn,
        onsets=np.take_along_axis(drawn.onsets, order, axis=1),
        taus=np.take_along_axis(drawn.taus, order, axis=1),
        amplitudes=np.take_along_axis(drawn.amplitudes, order[:, :, None], axis=1),
    )
