"""What is given about trials: blocks, conditions, behaviour, and the block of learning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.data.labels import plain_labels
from trialtensor.models.base import TrialEstimator
from trialtensor.tracking.conditions import take_turns, why_no_time
from trialtensor.tracking.courses import trial_values
from trialtensor.tracking.series import check_labels, check_series

MIN_TRIALS = 20
BEHAVIOUR = "behaviour"  # the name of its series


@dataclass(frozen=True, eq=False)
class Given:
    """Checked labels and behaviour of trials.

    Attributes
    ----------
    labels : (n_trials,) array or None
        As given, plain.
    conditions : (n_trials,) array or None
        Labels that take turns.
    behaviour : (n_trials,) array or None
    learning_block : label or None
    learning_trials : (n,) array of int
        From the first to the last of that block.
    trial_numbers : (n_trials,) array or None
        The model's coordinate of trials.
    cautions : list of str
        Why the order of trials may not be time.
    """

    labels: np.ndarray | None
    conditions: np.ndarray | None
    behaviour: np.ndarray | None
    learning_block: Any
    learning_trials: np.ndarray
    trial_numbers: np.ndarray | None
    cautions: list[str]

    @classmethod
    def read(
        cls,
        model: Any,
        n_trials: int,
        labels: Any,
        conditions: Any,
        behaviour: Any,
        learning_block: Any,
    ) -> Given:
        """Check what was given, by name or a value a trial."""
        if labels is not None:
            labels = plain_labels(trial_values(model, labels, n_trials, "labels"))
        if conditions is not None:
            conditions = plain_labels(trial_values(model, conditions, n_trials, "conditions"))
        if behaviour is not None:
            values = trial_values(model, behaviour, n_trials, BEHAVIOUR)
            behaviour = check_series(values, BEHAVIOUR, 2 * MIN_TRIALS)[:, 0]
        block, trials = learning_trials(labels, learning_block, n_trials)
        numbers = _numbers(model, n_trials)
        cautions = why_no_time(numbers, conditions)
        if conditions is None and labels is not None:
            _, codes = check_labels(labels, n_trials)
            conditions = labels if take_turns(codes) else None
        return cls(labels, conditions, behaviour, block, trials, numbers, cautions)

    def options(self, alpha: float, level: float) -> dict[str, Any]:
        """Return how transitions are looked for."""
        return {"conditions": self.conditions, "alpha": alpha, "level": level}

    def compared(self, whole: Any, within: Any) -> Any:
        """Return the series whose blocks are compared: whole ones if these are the conditions."""
        return whole if self.conditions is self.labels else within

    def said(self) -> dict[str, Any]:
        """Return what a result repeats of it."""
        return {
            "labels": self.labels,
            "learning_block": self.learning_block,
            "learning_trials": (int(self.learning_trials[0]), int(self.learning_trials[-1])),
            "trial_numbers": self.trial_numbers,
        }


def _numbers(model: Any, n_trials: int) -> np.ndarray | None:
    """Return the numbers of a model's trials, if it knows them."""
    if not isinstance(model, TrialEstimator):
        return None
    axis, values = model.fitted_.coords.get("trial", (None, ()))
    return np.asarray(values) if axis == "trial" and len(values) == n_trials else None


def learning_trials(labels: np.ndarray | None, block: Any, n_trials: int) -> tuple[Any, np.ndarray]:
    """Return the block of learning, and the trials from its first to its last.

    By default the second block, since the first is the baseline; None and all trials without labels
    and for labels that take turns.
    """
    if labels is None:
        if block is not None:
            raise ValueError("learning_block: needs labels, to know which trials belong to it")
        return None, np.arange(n_trials)
    names, codes = check_labels(labels, n_trials)
    if not names:
        raise ValueError(f"labels: expected blocks, but none of the {n_trials} trials has a label")
    if block is None:
        if take_turns(codes):
            return None, np.arange(n_trials)
        block = names[min(1, len(names) - 1)]
    if block not in names:
        raise ValueError(
            f"learning_block: no block is called {block!r}; known are {', '.join(map(str, names))}"
        )
    inside = np.flatnonzero(codes == names.index(block))
    return block, np.arange(inside[0], inside[-1] + 1)
