"""One restart of a fit, as users see it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trialtensor.solvers.result import StopReason


@dataclass(frozen=True, eq=False)
class Restart:
    """What one restart found.

    Attributes
    ----------
    seed : int or None
        Seed of its starting point; None for a start that was given.
    loss : float
        Sum of squared errors on the full data. On data of more than 4 million entries,
        restarts that repeat a solution already found, or that a few sweeps on the full data
        leave behind, stay where the compressed core took them, a little above where they
        would end.
    explained_variance : float
        ``1 - loss / sum of squares``.
    similarity : float
        Factor match score to the best restart, 0 to 1; 1 for the best itself. Not corrected
        for chance.
    stop_reason : StopReason
    n_iter : int
        Sweeps.
    factors : tuple of three arrays
        ``(n_trials, R)``, ``(n_neurons, R)``, ``(n_times, R)``, unit norm, in the order and
        with the signs of the best restart.
    weights : (R,) array
        Scale of each component, in the units of the data.
    """

    seed: int | None
    loss: float
    explained_variance: float
    similarity: float
    stop_reason: StopReason
    n_iter: int
    factors: tuple[np.ndarray, np.ndarray, np.ndarray]
    weights: np.ndarray
