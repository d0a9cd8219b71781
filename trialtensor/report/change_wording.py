"""How a transition is put into words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def count_text(names: Sequence[str]) -> str:
    """State how many components there are, or courses if each dataset has its own.

    Examples
    --------
    >>> count_text(["component 1", "component 2"]), count_text(["trial 1"])
    ('2 components', '1 component')
    >>> count_text(["component 1, cortex", "component 1, cerebellum"])
    '2 courses of components'
    """
    plural = "s" * (len(names) != 1)
    if any("," in name for name in names):
        return f"{len(names)} course{plural} of components"
    return f"{len(names)} component{plural}"


def number(value: float) -> str:
    """Format with three digits, or a dash for no number.

    Examples
    --------
    >>> number(1234.5), number(float("nan"))
    ('1.23e+03', '–')
    """
    return f"{value:.3g}" if np.isfinite(value) else "–"


def change_text(row: Any, tracking: Any) -> str:
    """Say what a transition is: when, from where to where, and how fast.

    Parameters
    ----------
    row : row of ``tracking.changes``
    tracking : trialtensor.tracking.Tracking
    """
    # Not that of the amplitude: an earlier transition may still be on its way.
    direction = "rises" if row["after"] > row["before"] else "falls"
    where = f"from {number(row['before'])} to {number(row['after'])}"
    when = trial_text(int(row["onset"]), tracking)
    interval = range_text(row["onset_low"], row["onset_high"])
    if row["kind"] == "step":
        return f"at {when} ({interval}) it {direction} {where} at once"
    if row["kind"] == "ramp":
        if row["onset"] <= 1:
            return f"it {direction} steadily over all trials, {where}"
        return f"from {when} on ({interval}) it {direction} steadily, {where}"
    low, high = row["time_constant_low"], row["time_constant_high"]
    end = f"{high:.3g}" if np.isfinite(high) else "more than can be told"
    return (
        f"from {when} on ({interval}) it {direction} {where} with a time constant of "
        f"{row['time_constant']:.3g} trials ({low:.3g} to {end})"
    )


def trial_text(trial: int, tracking: Any) -> str:
    """Name a trial by its place, and by its own number if that differs."""
    numbers = tracking.trial_numbers
    if numbers is None or str(numbers[trial]) == str(trial):
        return f"trial {trial}"
    return f"trial {trial} (numbered {numbers[trial]})"


def label_text(label: Any) -> str:
    """Write a label; numbers that are whole without their decimals.

    Examples
    --------
    >>> label_text(2.0), label_text("washout")
    ('2', 'washout')
    """
    return f"{label:g}" if isinstance(label, (float, np.floating)) else str(label)


def range_text(low: int, high: int) -> str:
    """Write a range of trials.

    Examples
    --------
    >>> range_text(3, 5), range_text(4, 4)
    ('3 to 5', 'certain to the trial')
    """
    return f"{low} to {high}" if low != high else "certain to the trial"
