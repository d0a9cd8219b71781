"""One fit of a search: what it may be fitted to, and its error on what it has not seen."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.data.axes import AXES


@dataclass(frozen=True, order=True)
class Job:
    """One fit of a search: which candidate, on which split, from which seed."""

    candidate: int
    split: int
    seed: int

    @property
    def key(self) -> str:
        """Its name in a file of results."""
        return f"{self.candidate}/{self.split}/{self.seed}"


def check_split(
    number: int, train: np.ndarray, test: np.ndarray, shape: tuple[int, ...], whole_trials: bool
) -> None:
    """Refuse masks, of a splitter of the user's, that can't be fitted to or predicted."""
    for name, mask in (("train", train), ("test", test)):
        if np.shape(mask) != shape or np.asarray(mask).dtype != bool:
            raise ValueError(
                f"splits: expected bool masks of shape {shape}, got a {name} mask of shape "
                f"{np.shape(mask)} and type {np.asarray(mask).dtype} in split {number}"
            )
    if (train & test).any() or not test.any():
        raise ValueError(
            f"splits: split {number} has {(train & test).sum()} entries that are both fitted to "
            f"and predicted, and {test.sum()} to predict; expected none of the first, some of the "
            "second"
        )
    if whole_trials:
        return
    for axis, name in enumerate(AXES):
        others = tuple({0, 1, 2} - {axis})
        lost = np.flatnonzero(test.any(axis=others) & ~train.any(axis=others))
        if len(lost):
            raise ValueError(
                f"splits: split {number} leaves nothing of {name} {lost[0]} to fit to, so that "
                "what it holds out there can't be predicted; leave an entry or more"
            )


def fit_one(
    job: Job,
    model: Any,
    values: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
    whole_trials: bool,
) -> tuple[Job, dict[str, Any]]:
    """Fit to what was not held out, and see how well the rest is predicted."""
    with warnings.catch_warnings():
        # Convergence is in the table; a warning a fit would bury everything else.
        warnings.simplefilter("ignore")
        if whole_trials:
            new = test.any(axis=(1, 2))
            model.fit(values[~new], mask=train[~new])
            error = 1 - model.score(values[new], mask=test[new])
        else:
            model.fit(values, mask=train)
            error = _error(values, model.reconstruct(), test)
    explained = float(model.explained_variance_ratio_)
    return job, {
        "error": float(error),
        "explained": explained,
        "stop_reason": model.stop_reason_.value,
    }


def _error(values: np.ndarray, model: np.ndarray, test: np.ndarray) -> float:
    """Squared error of the held-out entries over their sum of squares.

    What a model says nothing about (NaN) it predicts as zero, as no model would.
    """
    truth = values[test].astype(np.float64)
    predicted = np.nan_to_num(model[test].astype(np.float64))
    total = float(truth @ truth)
    return float(np.sum((truth - predicted) ** 2) / total) if total else 1.0
