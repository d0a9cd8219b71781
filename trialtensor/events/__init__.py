"""From spike times, signals and trials in memory to tensors; pure, without files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trialtensor.events.aligning import align_trials, unalign_trials
from trialtensor.events.binning import bin_spikes
from trialtensor.events.choosing import rows_where
from trialtensor.events.cutting import cut_traces
from trialtensor.events.joining import SessionLinkWarning, concat_sessions, split_sessions
from trialtensor.events.links import SessionLinks, session_links
from trialtensor.events.ragged import pad_trials, unpad_trials
from trialtensor.events.traces import Traces
from trialtensor.events.units import Units

if TYPE_CHECKING:
    from trialtensor.events.warping import TimeWarp

__all__ = [
    "SessionLinkWarning",
    "SessionLinks",
    "TimeWarp",
    "Traces",
    "Units",
    "align_trials",
    "bin_spikes",
    "concat_sessions",
    "cut_traces",
    "pad_trials",
    "rows_where",
    "session_links",
    "split_sessions",
    "unalign_trials",
    "unpad_trials",
]


def __getattr__(name: str) -> Any:
    # The only one that needs scikit-learn, whose import takes longer than binning most recordings.
    if name == "TimeWarp":
        from trialtensor.events.warping import TimeWarp

        return TimeWarp
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
