"""Labels of trials of recorded activity: what was done, what came of it, times of events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

_ALWAYS = ("epoch", "target", "block")
# Only where trials differ in them: labels that are the same everywhere would be in the way.
_IF_THEY_DIFFER = (
    "context", "rotation", "curl", "clamp", "reversed", "cerebellum", "learns", "side", "choice",
    "correct", "reward",
)  # fmt: skip


def trial_labels(
    rows: Mapping[str, np.ndarray], time: np.ndarray
) -> dict[str, tuple[str, np.ndarray, dict[str, Any]]]:
    """Choose the labels of a session's trials.

    Parameters
    ----------
    rows : mapping of str to array
        What was recorded, a value a trial; of the hand, (n_trials, n_steps, 2) positions. The time
        of the outcome, if it is recorded.
    time : (n_steps,) array
        Of the steps, in seconds from the go signal.

    Returns
    -------
    dict of str to (dimension, values, attributes)
        With the events "go", "peak_speed" (of the hand) and "outcome", in seconds, as
        `trialtensor.preparation.align_trials` takes them.
    """
    names = [name for name in _ALWAYS if name in rows]
    names += [n for n in _IF_THEY_DIFFER if n in rows and len(np.unique(rows[n])) > 1]
    hand = np.asarray(rows["hand"], dtype=float)
    step = np.diff(hand, axis=1, prepend=0.0)
    fastest = time[np.argmax(np.linalg.norm(step, axis=2), axis=1)]
    events = {"go": np.zeros(len(hand)), "peak_speed": fastest}
    if "outcome" in rows:
        events["outcome"] = rows["outcome"]
    found: dict[str, tuple[str, np.ndarray, dict[str, Any]]]
    found = {name: ("trial", rows[name], {}) for name in names}
    return found | {name: ("trial", at, {"units": "s"}) for name, at in events.items()}
