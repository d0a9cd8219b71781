"""A fast state, and slow states that cues take turns at."""

from __future__ import annotations

import numpy as np

from trialtensor.kernels.compile import kernel


@kernel
def gated_states(
    rates: np.ndarray,
    perturbation: np.ndarray,
    cues: np.ndarray,
    pauses: np.ndarray,
    n_slow: int,
    serial: bool,
) -> np.ndarray:
    """Run a fast state and several slow ones from 0.

    ``e = p - y``; the fast state becomes ``A_f x_f + B_f e``, every slow state ``A_s x_s``, and the
    one of this trial's cue ``A_s x_s + B_s e`` (serial: ``+ B_s x_f``).

    Parameters
    ----------
    rates : (4,) array
        A_f, B_f, A_s, B_s. A single state has A_s = B_s = 0.
    perturbation : (n_trials,) array
        NaN where no error is seen.
    cues : (n_trials,) int array
        Which slow state takes part.
    pauses : (n_trials,) int array
        How many trials' time passes before each.
    n_slow : int
    serial : bool
        Whether slow states learn from the fast one.

    Returns
    -------
    (n_trials,) array
        The fast state and the slow one of the cue.
    """
    A_f, B_f, A_s, B_s = rates
    output = np.empty(len(perturbation))
    fast, slow = 0.0, np.zeros(n_slow)
    for trial in range(len(perturbation)):
        cue, size = cues[trial], perturbation[trial]
        for _ in range(pauses[trial]):
            slow *= A_s
            slow[cue] += B_s * fast if serial else 0.0
            fast *= A_f
        output[trial] = fast + slow[cue]
        error = 0.0 if np.isnan(size) else size - output[trial]
        slow *= A_s
        slow[cue] += B_s * (fast if serial else error)
        fast = A_f * fast + B_f * error
    return output
