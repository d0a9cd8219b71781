"""A fast state and slow states that cues take turns at, driven by the errors that were seen."""

from __future__ import annotations

import numpy as np

from trialtensor.kernels.compile import kernel


@kernel
def gated_states(
    rates: np.ndarray,
    perturbation: np.ndarray,
    shown: np.ndarray,
    cues: np.ndarray,
    pauses: np.ndarray,
    n_slow: int,
    serial: bool,
) -> np.ndarray:
    """Predict each movement from the errors of those before it.

    ``e = p - y``; the fast state becomes ``A_f x_f + B_f e``, every slow state ``A_s x_s``, and the
    one of this trial's cue ``A_s x_s + B_s e`` (serial: ``+ B_s x_f``). Where a movement is missing,
    the predicted one stands for it.

    Parameters
    ----------
    rates : (4,) array
        A_f, B_f, A_s, B_s. A single state has A_s = B_s = 0.
    perturbation : (n_subjects, n_trials) array
        NaN where no error was seen.
    shown : (n_subjects, n_trials) array
        The movements; NaN where missing.
    cues : (n_subjects, n_trials) int array
        Which slow state takes part; -1 for the first, without a cue.
    pauses : (n_subjects, n_trials) int array
        How many trials' time passes before each.
    n_slow : int
    serial : bool

    Returns
    -------
    (n_subjects, n_trials) array
        Expected movements: the fast state and the slow one of the cue.
    """
    A_f, B_f, A_s, B_s = rates
    output = np.empty(shown.shape)
    slow = np.empty(n_slow)
    for subject in range(shown.shape[0]):
        fast = 0.0
        slow[:] = 0.0
        for trial in range(shown.shape[1]):
            cue = max(cues[subject, trial], 0)
            for _ in range(pauses[subject, trial]):
                if serial:
                    slow *= A_s
                    slow[cue] += B_s * fast
                else:
                    slow *= A_s
                fast *= A_f
            x = fast + slow[cue]
            output[subject, trial] = x
            y = shown[subject, trial]
            size = perturbation[subject, trial]
            error = 0.0 if np.isnan(size) else size - (x if np.isnan(y) else y)
            slow *= A_s
            slow[cue] += B_s * (fast if serial else error)
            fast = A_f * fast + B_f * error
    return output
