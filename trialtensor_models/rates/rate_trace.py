"""Series of trials that a rate model went through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trialtensor.data.shown import OneLine
from trialtensor_models.rates.rate_steps import Record


@dataclass(frozen=True, eq=False, repr=False)
class RateTrace(OneLine):
    """Adaptation trial by trial, in the unit of the perturbation.

    Attributes
    ----------
    output : (n_trials,) array
        The adaptation in each trial.
    error : (n_trials,) array
        ``perturbation - shown``; 0 in an error clamp.
    shown : (n_trials,) array
        The output with the noise of the movement.
    perturbation : (n_trials,) array
        NaN in an error clamp.
    epoch, block : (n_trials,) arrays
        Label and number of the block of a `Schedule`; "" and 0 for an array.
    """

    output: np.ndarray
    error: np.ndarray
    shown: np.ndarray
    perturbation: np.ndarray
    epoch: np.ndarray
    block: np.ndarray


def series(record: Record) -> dict[str, np.ndarray]:
    """Arrays of a record, by the names of the fields of `RateTrace`."""
    names = ("output", "error", "shown", "perturbation")
    found = {name: np.array(getattr(record, name), dtype=float) for name in names}
    return {
        **found,
        "epoch": np.array(record.epoch, dtype=str),
        "block": np.array(record.block, dtype=int),
    }
