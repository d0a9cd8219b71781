"""Sentences on the numbers of trial-varying dynamics."""

from __future__ import annotations

import numpy as np

from trialtensor.report.wording import explained_variance_sentence


def prediction_sentence(ratio: float) -> str:
    """Interpret the explained variance of predictions one bin ahead.

    Examples
    --------
    >>> prediction_sentence(0.5)[:58]
    'Predicting each bin from the one before it, the model repr'
    """
    if not np.isfinite(ratio):
        return explained_variance_sentence(ratio)
    return (
        f"Predicting each bin from the one before it, the model reproduces {100 * ratio:.1f} % of "
        "the sum of squared values, measured about zero. That is about one step, not about whole "
        "trials; activity that changes slowly is easy to predict by itself, so compare it with "
        "other models of the same data, not with 100 %."
    )


def steps_sentence(counts: np.ndarray, n_possible: int) -> str:
    """State how many steps between bins the dynamics were fitted to.

    Examples
    --------
    >>> steps_sentence(np.array([9, 9, 0]), 27)
    '18 of 27 steps from one bin to the next were complete and fitted; 1 trial had none.'
    """
    text = f"{int(counts.sum())} of {n_possible} steps from one bin to the next were complete and "
    n_without = int((counts == 0).sum())
    none = f"; {n_without} trial{'s' * (n_without != 1)} had none" if n_without else ""
    return f"{text}fitted{none}."


def radius_sentence(radius: np.ndarray) -> str:
    """State on how many trials activity would decay.

    Examples
    --------
    >>> radius_sentence(np.array([0.9, 1.1, np.nan]))[:66]
    'On 1 of 2 trials (50 %) activity would decay if left to itself: th'
    """
    known = radius[np.isfinite(radius)]
    if not known.size:
        return "Whether activity would decay is not known of any trial."
    n_stable = int((known < 1).sum())
    share = f"{100 * n_stable / len(known):.0f} %"
    return (
        f"On {n_stable} of {len(known)} trials ({share}) activity would decay if left to itself: "
        "the largest modulus of an eigenvalue (spectral radius) is below 1 there. It ranges from "
        f"{known.min():.3f} to {known.max():.3f} over trials."
    )
